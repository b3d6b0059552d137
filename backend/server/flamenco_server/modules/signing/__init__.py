"""Signing in: through the browser with a code, with a password, by an invitation, and the first admin of all."""
