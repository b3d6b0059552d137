"""The operation log, the event stream's events, and the logs of runs."""
