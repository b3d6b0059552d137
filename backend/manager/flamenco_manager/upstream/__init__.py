"""The way up: the server as the manager sees it, and what waits while it is away."""
