"""Health, and who am I."""
