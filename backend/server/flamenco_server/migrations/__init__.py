"""The database schema, step by step; run by `flamenco server migrate`."""
