"""Files by their SHA-256: what the farm has, how bytes come in and go out, and when they may go away."""
