"""How a script waits for a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import Unreachable

POLL_SECONDS = 0.5
AWAY_SECONDS = 300.0  # the server may be away for so long


def polled(client: Client, job_id: int) -> Iterator[dict[str, Any]]:
    """The job as it is, again and again. Raises a `ClientError`, if the server stays away too."""
    heard = time.monotonic()
    while True:
        try:
            job = client.job(job_id)
        except Unreachable:
            if time.monotonic() - heard > AWAY_SECONDS:
                raise
        else:
            heard = time.monotonic()
            yield job
        time.sleep(POLL_SECONDS)
