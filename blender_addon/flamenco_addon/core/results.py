"""Results on their way to this machine: one job at a time, in the background, by themselves if that is wished."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_client.progress import Progress

from .background import Background, Work
from .bringing import Brought, Policy, alone, bring
from .following import Following, News
from .jobs import FollowedJob
from .notes import Note, Notes

PAUSE_SECONDS = 15.0  # between two looks for the frames of a job that renders
PAUSE_SHARE = 10.0  # at least this many times what such a look takes: a job may have a hundred thousand frames


@dataclass
class Bringing:
    """A fetch that runs or waits; figures are in bytes."""

    job: int
    policy: Policy
    everything: bool
    done: int = 0
    total: int = 0
    work: Work | None = None
    automatic: bool = False

    @property
    def part(self) -> float:
        """How much is there, from 0 to 1."""
        return self.done / self.total if self.total else 0.0


class Results:
    """What is brought, and what became of it."""

    def __init__(
        self,
        background: Background,
        following: Following,
        client: Callable[[], Client],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._background, self._following, self._client, self._clock = background, following, client, clock
        self._waiting: list[Bringing] = []
        self.now: Bringing | None = None
        self.told: dict[int, str] = {}  # job -> what became of its last fetch, as one sentence
        self.failed: set[int] = set()  # jobs whose last fetch failed
        self._looked: dict[int, tuple[tuple[object, ...], float]] = {}  # job -> how far it was, and not before when

    def of(self, job: int) -> Bringing | None:
        """The fetch of a job, if one runs or waits."""
        listed = [self.now, *self._waiting]
        return next((each for each in listed if each is not None and each.job == job), None)

    def start(self, job: int, policy: Policy = Policy.ASK, *, everything: bool = True, automatic: bool = False) -> None:
        """Bring a job's results, after those that are being brought."""
        if self.of(job) is None:
            self._waiting.append(Bringing(job, policy, everything, automatic=automatic))
            self._go_on()

    def cancel(self, job: int) -> None:
        """Stop bringing a job's results; what is there stays. They come no more by themselves."""
        note, notes = self._following.note(job), self._following.notes
        if note is not None and notes is not None and note.automatic:
            note.automatic = False
            notes.write(note)
        self._waiting = [each for each in self._waiting if each.job != job]
        if self.now is not None and self.now.job == job and self.now.work is not None:
            self.now.work.cancel()

    def news(self, _news: News | None = None) -> None:
        """The list of jobs is new: bring by itself what is wished for."""
        for note in self._following.awaited():
            job = self._following.job(note.job)
            if job is not None and self._is_due(job):
                self.start(note.job, policy_of(note), everything=False, automatic=True)

    def _is_due(self, job: FollowedJob) -> bool:
        """Whether there is more than at the last look, and that was not just now; the last frames do not wait."""
        seen, after = self._looked.get(job.id, ((), 0.0))
        now = (job.completed, job.finished)
        return now != seen and (self._clock() >= after or not job.is_active)

    def _go_on(self) -> None:
        if self.now is not None or not self._waiting:
            return
        bringing = self.now = self._waiting.pop(0)
        note, notes = self._following.note(bringing.job), self._following.notes
        try:
            client = self._client()
        except ClientError as error:
            self._failed(bringing, str(error))
            return
        if note is None or notes is None:
            self._failed(bringing, "this job was not sent from this machine: choose where its results belong")
            return
        job, begun = self._following.job(bringing.job), self._clock()
        how_far = (job.completed, job.finished) if job else ()

        def done(brought: Brought) -> None:
            pause = max(PAUSE_SECONDS, PAUSE_SHARE * (self._clock() - begun))
            self._looked[bringing.job] = (how_far, self._clock() + pause)
            notes.write(note)
            self._ended(bringing, brought)

        def failed(sentence: str) -> None:
            notes.write(note)  # some of it may be here
            self._failed(bringing, sentence)

        def report(_what: str, at: int, total: int) -> None:
            bringing.done, bringing.total = at, total

        bringing.work = self._background.start(
            "results",
            lambda progress: brought(client, notes, note, bringing, progress),
            done,
            failed,
            report,
        )

    def _ended(self, bringing: Bringing, brought: Brought) -> None:
        self.now = None
        self.failed.discard(bringing.job)
        if brought.new or brought.held or not bringing.automatic:
            self.told[bringing.job] = brought.summary()
        self._go_on()

    def _failed(self, bringing: Bringing, sentence: str) -> None:
        self.now = None
        self.told[bringing.job] = sentence
        self.failed.add(bringing.job)
        self._looked[bringing.job] = ((), self._clock() + PAUSE_SECONDS)
        self._go_on()


def brought(client: Client, notes: Notes, note: Note, bringing: Bringing, progress: Progress) -> Brought:
    """Bring in a thread, with no other Blender at the same job."""
    with alone(notes, note.job):
        return bring(client, note, policy=bringing.policy, everything=bringing.everything, progress=progress)


def policy_of(note: Note) -> Policy:
    """What was said about files that are there already."""
    try:
        return Policy(note.policy or "ask")
    except ValueError:
        return Policy.ASK
