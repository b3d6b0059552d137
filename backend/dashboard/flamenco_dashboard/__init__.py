"""The web dashboard: a process of its own that talks to the server's public API only."""
