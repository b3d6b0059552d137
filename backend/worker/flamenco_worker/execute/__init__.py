"""Running programs: the only place of the worker that starts processes."""
