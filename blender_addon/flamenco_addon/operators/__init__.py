"""What the artist can do."""
