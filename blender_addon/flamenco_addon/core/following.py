"""My jobs: how far they are, asked for in the background while somebody looks or results are awaited."""

from __future__ import annotations

import hashlib
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_client.places import cache_folder
from flamenco_client.progress import Progress

from .answers import LARGEST_THUMBNAIL, forget_answer, keep_thumbnail, read_answer, write_answer
from .background import Background
from .forms import number, text
from .jobs import Detail, FollowedJob, detail_document, detail_from, jobs_from
from .notes import Note, Notes

MOST_JOBS = 50
MOST_DETAILS = 4  # jobs that run at once and are asked about one by one, for the time that is left
BUSY_SECONDS, IDLE_SECONDS, MOST_SECONDS = 2.0, 15.0, 120.0  # between two questions; the last while the server is away
OWNER_SECONDS = 3600.0  # that a user's name is taken for granted
ANSWER_SECONDS = 60.0  # that an answer may take
LOOK_SECONDS = 6.0  # a panel that was not drawn for so long is not looked at


@dataclass(frozen=True)
class News:
    """What one question to the server brought."""

    jobs: tuple[FollowedJob, ...] = ()
    details: Mapping[int, Detail] = field(default_factory=dict)
    thumbnails: Mapping[str, Path] = field(default_factory=dict)
    notes: Mapping[int, Note | None] = field(default_factory=dict)


class Following:
    """The list of jobs as it was known last, and when to ask again."""

    def __init__(
        self,
        background: Background,
        client: Callable[[], Client],
        changed: Callable[[News], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
        folder: Path | None = None,
    ) -> None:
        """`client` raises a `ClientError` while nobody is signed in; `changed` hears of news on the main thread."""
        self._background, self._client, self._changed, self._clock = background, client, changed, clock
        self._folder = folder or cache_folder()
        self.forget()

    def forget(self) -> None:
        """Another account: nothing is known."""
        self.jobs: tuple[FollowedJob, ...] = ()
        self.details: dict[int, Detail] = {}
        self.thumbnails: dict[str, Path] = {}
        self.notes: Notes | None = None
        self.problem = ""  # one sentence; the jobs are those of the last answer
        self.selected = 0
        self.here_only = False  # list the jobs of the open .blend only
        self.all_shown = False  # and not the newest few only
        self.acting = ""  # what is being asked of the server for a button
        self.action_problem = ""
        self.action_job = 0
        self.asked = False  # whether the farm answered once
        self._asking = False
        self._drawn = -LOOK_SECONDS
        self._asked = -MOST_SECONDS
        self._failures = 0
        self._generation = getattr(self, "_generation", 0) + 1

    # ---- what is shown ----

    def job(self, job_id: int) -> FollowedJob | None:
        """A job of the list."""
        return next((each for each in self.jobs if each.id == job_id), None)

    def note(self, job_id: int) -> Note | None:
        """What this machine remembers of a job."""
        return self.notes.known(job_id) if self.notes else None

    def shown(self, blend: str) -> tuple[FollowedJob, ...]:
        """The jobs to list while `blend` is open."""
        if not self.here_only:
            return self.jobs
        return tuple(each for each in self.jobs if (note := self.note(each.id)) and note.destination.blend == blend)

    def awaited(self) -> tuple[Note, ...]:
        """Notes of jobs whose results are to come by themselves and are not all here."""
        notes = ((each, self.note(each.id)) for each in self.jobs if each.completed)
        return tuple(
            note
            for each, note in notes
            if note is not None and note.automatic and (each.is_active or note.complete != each.finished)
        )

    # ---- when to ask ----

    def drawn(self) -> None:
        """The list is looked at now."""
        self._drawn = self._clock()

    def wait(self) -> float | None:
        """Seconds until the server should be asked; None if nobody wants to know."""
        now = self._clock()
        pause = self._pause()
        if now - self._drawn >= LOOK_SECONDS:
            if not self._expecting():
                return None
            pause = max(pause, IDLE_SECONDS)
        return max(0.0, self._asked + pause - now)

    def _expecting(self) -> bool:
        """Whether results are to come by themselves, though nobody looks."""
        notes = (self.note(each.id) for each in self.jobs if each.is_open)
        return any(note.automatic for note in notes if note is not None) or bool(self.awaited())

    def _pause(self) -> float:
        if self._failures:
            return float(min(MOST_SECONDS, BUSY_SECONDS * 2.0 ** min(self._failures, 10)))
        return BUSY_SECONDS if any(each.is_active for each in self.jobs) else IDLE_SECONDS

    def tick(self) -> float | None:
        """Ask if it is time; seconds until the next tick, None while nobody wants to know."""
        wait = self.wait()
        if wait == 0.0:
            self.refresh()
            wait = self.wait()
        return wait if wait is None else max(0.25, wait)

    def awaken(self, go_on: Callable[[], None]) -> None:
        """The farm is there: ask how the jobs are if results of an earlier session are still to come."""
        try:
            notes = Notes(self._client().address)
        except ClientError:
            return

        def found(awaited: bool) -> None:
            if awaited:
                self.refresh()
                go_on()

        self._background.start("notes", lambda _: notes.any_awaited(), found, local=True)

    def refresh(self) -> None:
        """Ask now."""
        if self._asking:
            return
        try:
            client = self._client()
        except ClientError as error:
            self._told(self._failures + 1, str(error))
            return
        if self.notes is None:
            self.notes = Notes(client.address)
        self._asking = True
        generation, question = self._generation, Question(client, self._folder, self.notes, self.selected)
        self._background.start(
            "jobs",
            question.ask,
            lambda news: self._heard(generation, news),
            lambda sentence: self._failed(generation, sentence),
            seconds=ANSWER_SECONDS,
        )

    def _told(self, failures: int, problem: str) -> None:
        self._asking, self._asked, self._failures, self.problem = False, self._clock(), failures, problem

    def _heard(self, generation: int, news: News) -> None:
        if generation != self._generation:
            return
        self._told(0, "")
        self.asked = True
        self.jobs = news.jobs
        self.details.update(news.details)
        for gone in set(self.details) - {each.id for each in news.jobs}:
            del self.details[gone]
        self.thumbnails.update(news.thumbnails)
        if self.notes is not None:
            self.notes.learn(news.notes)
        if self.selected and self.job(self.selected) is None:
            self.selected = 0
        self._changed(news)

    def _failed(self, generation: int, sentence: str) -> None:
        if generation == self._generation:
            self._told(self._failures + 1, sentence)

    # ---- what is done to jobs ----

    def select(self, job_id: int) -> None:
        """Show this job in whole; 0 none."""
        self.selected = job_id
        if job_id:
            self._asked = -MOST_SECONDS

    def act(self, what: str, job_id: int, call: Callable[[Client, int], Any]) -> None:
        """Do something to a job in the background; `what` is told meanwhile, like "Canceling"."""
        if self.acting:
            return
        self.action_problem, self.action_job = "", job_id
        try:
            client = self._client()
        except ClientError as error:
            self.action_problem = str(error)
            return
        self.acting = what
        self._background.start(
            "job action", lambda _: call(client, job_id), self._acted, self._action_failed, seconds=ANSWER_SECONDS
        )

    def _acted(self, _answer: Any) -> None:
        self.acting = ""
        self.ask_anew()

    def _action_failed(self, sentence: str) -> None:
        self.acting, self.action_problem = "", sentence
        self.ask_anew()

    def ask_anew(self) -> None:
        """Ask now, and the server itself."""
        forget_answer(self._folder)
        self.refresh()

    def keep(self, note: Note) -> None:
        """Remember a job's note. Raises a `ClientError` while nobody is signed in."""
        if self.notes is None:
            self.notes = Notes(self._client().address)
        self.notes.write(note)

    def submitted(self, note: Note) -> None:
        """A job was sent from here: remember where its results belong, and look at it. Raises as `keep`."""
        self.keep(note)
        if self.notes is not None:
            self.notes.tidy()
        self.select(note.job)
        self.ask_anew()


class Question:
    """One question to the server, asked in a thread."""

    def __init__(self, client: Client, folder: Path, notes: Notes, selected: int) -> None:
        self._client, self._folder, self._notes, self._selected = client, folder, notes, selected
        self._progress = Progress()

    def ask(self, progress: Progress) -> News:
        """All that is shown. Raises a `ClientError`."""
        self._progress = progress
        answer = self._answer()
        jobs = tuple(jobs_from(answer["items"]))
        details = {int(job): detail_from(item) for job, item in answer["details"].items()}
        chosen = next((each for each in jobs if each.id == self._selected), None)
        if chosen is not None and chosen.id not in details:
            details[chosen.id] = detail_from(self._client.job(chosen.id))
        return News(jobs, details, self._thumbnails(chosen), self._notes.refresh(each.id for each in jobs))

    def _answer(self) -> dict[str, Any]:
        """The server's answer, or the one that another Blender on this machine got a moment ago."""
        key = hashlib.sha256(f"{self._client.address} {self._client.token}".encode()).hexdigest()
        kept = read_answer(self._folder)
        age = time.time() - (number(kept.get("at")) or 0.0) if kept.get("key") == key else math.inf
        if 0 <= age < BUSY_SECONDS * 0.8:
            return kept
        owner = text(kept.get("owner")) if 0 <= age < OWNER_SECONDS else ""
        owner = owner or text(self._client.me().get("name"))
        items = [
            item
            for item in self._client.jobs(owner=owner, archived=False, sort="-created", limit=MOST_JOBS)
            if isinstance(item, Mapping)
        ][:MOST_JOBS]
        running = [each.id for each in jobs_from(items) if each.is_open][:MOST_DETAILS]
        details = {}
        for job in running:
            self._progress.check()
            details[str(job)] = detail_document(self._client.job(job))
        answer = {"key": key, "at": time.time(), "owner": owner, "items": items, "details": details}
        write_answer(self._folder, answer)
        return answer

    def _thumbnails(self, chosen: FollowedJob | None) -> dict[str, Path]:
        """The file of the selected job's newest picture; a farm that has none now is asked again later."""
        if chosen is None or not chosen.thumbnail:
            return {}
        file = self._folder / "thumbnails" / f"{chosen.thumbnail}.jpg"
        if not file.is_file():
            try:
                keep_thumbnail(file, self._client.stored(chosen.thumbnail, LARGEST_THUMBNAIL))
            except ClientError:
                return {}
        return {chosen.thumbnail: file}
