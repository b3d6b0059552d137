# SPDX-License-Identifier: GPL-3.0-or-later
"""One job on its way into the farm: packed, sent and submitted off the main thread, told in words on the main thread.

sending = Sending(client, snapshot, submission)
sending.start(background)
while sending.active: …  # background.pump() now and then; sending.line() says how far it is
sending.job, or sending.problem, or sending.phase is Phase.CANCELED
"""

from __future__ import annotations

import contextlib
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import Canceled, ClientError
from flamenco_client.progress import Meter, Progress
from flamenco_client.submit import Submission, submit

from .background import Background, Work
from .snapshot import Snapshot
from .words import counted, duration, size

STALLED_SECONDS = 3.0  # without a byte, before it is said that the server is waited for
CLOSE_SECONDS = 1.0  # that the end of Blender waits for the thread


class Phase(Enum):
    """How far it is."""

    PACKING = "Looking for files"
    HASHING = "Reading"
    SENDING = "Sending"
    SUBMITTING = "Submitting"
    DONE = "Submitted"
    FAILED = "Failed"
    CANCELED = "Canceled"


ENDED = (Phase.DONE, Phase.FAILED, Phase.CANCELED)
_PHASES = {"hash": Phase.HASHING, "upload": Phase.SENDING, "submit": Phase.SUBMITTING}

Submit = Callable[[Client, Path, Submission, Progress], Mapping[str, Any]]


class Sending:
    """A job on its way."""

    def __init__(
        self,
        client: Client,
        snapshot: Snapshot,
        submission: Submission,
        ended: Callable[[Sending], None] = lambda _: None,
        submit: Submit = submit,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`ended` is called on the main thread once it is done, failed or canceled. The snapshot is discarded then.

        `submit` is how it is done: in this process, or by `apart.submit_apart`.
        """
        self.phase = Phase.PACKING
        self.job: Mapping[str, Any] = {}
        self.problem = ""
        self.name = submission.name or snapshot.source.stem
        self.meter = Meter(clock=clock)
        self.ended_at = 0.0  # by the clock
        self._clock, self._submit = clock, submit
        self._client, self._snapshot, self._ended = client, snapshot, ended
        self._submission = replace(submission, client_token=secrets.token_hex(16))
        self._work: Work | None = None
        self._background: Background | None = None

    @property
    def active(self) -> bool:
        """Whether it is still on its way."""
        return self.phase not in ENDED

    # ---- on the main thread ----

    def start(self, background: Background) -> None:
        """Begin."""
        self._background = background
        self._work = background.start("send", self._send, self._done, self._failed, self._report, files=self._files)

    def cancel(self) -> None:
        """Stop, at once for whoever looks; the thread tidies up behind itself."""
        if self.active:
            self._end(Phase.CANCELED)
            if self._work is not None:
                self._work.cancel()

    def close(self) -> None:
        """Blender ends: nothing of it may stay."""
        self.cancel()
        if self._work is not None:
            self._work.join(CLOSE_SECONDS)
        self._snapshot.discard()

    def _done(self, job: Mapping[str, Any]) -> None:
        if self.active:
            self.job = job
            self._end(Phase.DONE)
        elif self._background is not None:  # canceled after the thread's last look
            self._background.start("undo", lambda _: self._undo(job))

    def _failed(self, sentence: str) -> None:
        if self.active:
            self.problem = sentence
            self._end(Phase.FAILED)

    def _end(self, phase: Phase) -> None:
        self.phase, self.ended_at = phase, self._clock()
        self._ended(self)

    # ---- in the thread ----

    def _send(self, progress: Progress) -> Mapping[str, Any]:
        try:
            # Workers with shared storage read the file itself, so it must be that.
            self._snapshot = self._snapshot if self._submission.shared else self._snapshot.held()
            source = self._snapshot.place(self._submission.root)
            job = self._submit(self._client, source, self._snapshot.fill(self._submission), progress)
        finally:
            self._snapshot.discard()
        if progress.canceled():
            self._undo(job)
            raise Canceled("canceled")
        return job

    def _undo(self, job: Mapping[str, Any]) -> None:
        """It was canceled while the server made the job."""
        with contextlib.suppress(ClientError):
            self._client.delete(int(job["id"]))

    def _report(self, what: str, done: int, total: int) -> None:
        """Take note of how far it is; called by several threads."""
        phase = _PHASES.get(what)
        if phase is None or not self.active:
            return
        self.phase = Phase.SUBMITTING if phase is Phase.SENDING and done >= total else phase
        self.meter.report(what, done, total)

    def _files(self, what: str, done: int, total: int, name: str) -> None:
        if self.active:
            self.meter.files(what, done, total, name)

    # ---- in words ----

    @property
    def fraction(self) -> float:
        """How much of this phase is done, from 0 to 1."""
        return self.meter.fraction

    @property
    def waiting(self) -> bool:
        """Whether the server keeps us waiting."""
        return self.phase in (Phase.SENDING, Phase.SUBMITTING) and self.meter.still > STALLED_SECONDS

    def line(self) -> str:
        """How it stands, on one line."""
        if self.phase is Phase.DONE:
            return f"Job {self.job.get('id')} is submitted: {counted(int(self.job.get('total') or 0), 'task')}"
        if self.phase is Phase.FAILED:
            return self.problem
        if self.waiting:
            return "Waiting for the server"
        return " · ".join([self.phase.value, *self._figures()])

    def _figures(self) -> list[str]:
        meter = self.meter
        if self.phase is Phase.PACKING and meter.files_done:
            return [counted(meter.files_done, "file")]
        if self.phase not in (Phase.HASHING, Phase.SENDING):
            return []
        figures = [f"{size(meter.done)} of {size(meter.total)}"]
        if meter.files_total:
            figures.append(f"{meter.files_done} of {counted(meter.files_total, 'file')}")
        if meter.speed:
            figures.append(f"{size(meter.speed)}/s")
        if meter.left is not None:
            figures.append(f"{duration(meter.left)} left")
        return figures
