"""Delete a job, and then the files that only it needed."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flamenco_server.context import core
from flamenco_server.errors import ServerError
from flamenco_server.modules.files.garbage import hashes_of_job
from flamenco_server.modules.files.views import files

log = logging.getLogger(__name__)


@contextmanager
def collect_files_of(job_id: int) -> Iterator[None]:
    """Collect the job's files after it was deleted inside the block."""
    with core().database.reading() as session:
        hashes = hashes_of_job(session, job_id)
    yield
    try:
        files().collector.collect(sorted(hashes))
    except ServerError:
        # The job is gone all the same; the next collection takes its files.
        log.warning("the files of the deleted job %s could not be collected", job_id, exc_info=True)
