"""The same for many at once, as one call: jobs and workers."""
