"""`python -m flamenco_worker` is `flamenco worker`."""

from flamenco_worker.cli import worker

worker()
