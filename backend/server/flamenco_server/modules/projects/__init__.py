"""Projects: what jobs belong to, and what a job of them may do."""
