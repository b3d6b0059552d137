"""Migrations of the database, run by `migrating`."""
