"""Delete a job, and then the files that only it needed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flamenco_server.context import core
from flamenco_server.modules.files.garbage import hashes_of_job
from flamenco_server.modules.files.views import files


@contextmanager
def collect_files_of(job_id: int) -> Iterator[None]:
    """Collect the job's files after it was deleted inside the block."""
    with core().database.reading() as session:
        hashes = hashes_of_job(session, job_id)
    yield
    files().collector.collect(sorted(hashes))
