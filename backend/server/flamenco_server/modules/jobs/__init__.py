"""Jobs: submission, compilation, and everything people do to a job."""
