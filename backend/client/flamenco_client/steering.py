"""Calls about the farm as a whole: what goes on, its history, many jobs or workers at once, storage, new workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from flamenco_client.calls import Calls, Document, part


class Steering(Calls):
    """The part of the client that is about the whole farm."""

    def farm(self) -> Document:
        """What goes on now: workers, jobs, the last hour, when the queue is empty, storage, alerts."""
        return self._document("GET", "/farm")

    def farm_history(self, hours: float = 24.0, slot_minutes: int = 0) -> Document:
        """What the farm did in the last hours, as columns."""
        return self._document("GET", "/farm/history", query={"hours": hours, "slot_minutes": slot_minutes})

    def worker_history(self, worker_id: str, hours: float = 168.0) -> Document:
        """What a worker did in the last hours, hour by hour, as columns."""
        return self._document("GET", f"/workers/{part(worker_id)}/history", query={"hours": hours})

    def act_on_jobs(self, jobs: Sequence[int], action: str, priority: int | None = None) -> Document:
        """Pause, resume, cancel, requeue, requeue_failed, priority, archive, unarchive or delete: `done` and `refused`."""
        return self._document("POST", "/bulk/jobs", body={"ids": list(jobs), "action": action, "priority": priority})

    def preview_jobs(self, jobs: Sequence[int]) -> Document:
        """What goes if these jobs are deleted."""
        return self._document("POST", "/bulk/jobs/preview", body={"ids": list(jobs)}, again=True)

    def order_workers(self, workers: Sequence[str], **orders: Any) -> Document:
        """Ask many workers for the same, as `order_worker` asks one: `done` and `refused`."""
        return self._document("POST", "/bulk/workers", body={"ids": list(workers), "order": orders})

    def storage(self) -> Document:
        """What the farm's files take, what is free, and what the last clean-up took away."""
        return self._document("GET", "/storage")

    def clean_up(self) -> Document:
        """Begin to delete what no job needs any more."""
        return self._document("POST", "/storage/clean-up")

    def enrolments(self) -> Iterator[Document]:
        """The tokens with which workers join."""
        return self.items("/enrolments")

    def create_enrolment(
        self, manager: int | None = None, workers: int = 1, hours: float = 24.0, label: str = ""
    ) -> Document:
        """Make a token with which workers join: its `token` is told this once, and the `command` for a new node."""
        body = {"manager": manager, "workers": workers, "hours": hours, "label": label}
        return self._document("POST", "/enrolments", body=body)

    def delete_enrolment(self, enrolment_id: int) -> None:
        """Let no further worker join with a token."""
        self._document("DELETE", f"/enrolments/{enrolment_id}")
