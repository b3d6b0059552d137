"""What jobs made, as bytes: one output, all of a job's as one zip, all that a task needs as one zip."""
