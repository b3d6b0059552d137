"""What this machine remembers of the jobs that were sent from it: a small file a job, in the user's state folder."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flamenco_client.account import write_secret
from flamenco_client.errors import LocalFault
from flamenco_client.places import state_folder

from .destination import Destination, destination_from

MOST_NOTES = 500
MOST_AWAITED = 30
MOST_BROUGHT = 20_000
MOST_BYTES = 8_000_000


@dataclass
class Note:
    """A job's .blend, where its results belong, and what of them is here."""

    job: int
    destination: Destination
    automatic: bool = True  # bring the results back when they are there
    policy: str = ""  # what to do with files that are there already and are others; empty: ask
    brought: dict[str, str] = field(default_factory=dict)  # file -> its hash
    complete: str = ""  # the job's end that all was brought after; a job that is done again has another
    held: int = 0  # files that wait for an answer to what `policy` asks


class Notes:
    """The notes of one farm."""

    def __init__(self, address: str, folder: Path | None = None) -> None:
        farm = re.sub(r"[^\w.-]+", "_", address.rstrip("/").split("://")[-1]) or "farm"
        self.folder = (folder or state_folder()) / "jobs" / farm
        self._known: dict[int, Note | None] = {}
        self._stamps: dict[int, tuple[int, int]] = {}  # of the files that were read or written here

    def known(self, job: int) -> Note | None:
        """A job's note, without a look at the disk where there was one before."""
        if job not in self._known:
            self.learn(self.refresh([job]))
        return self._known.get(job)

    def read(self, job: int) -> Note | None:
        """A job's note as it is on disk."""
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            file = self._file(job)
            if file.stat().st_size < MOST_BYTES:
                return note_from(job, json.loads(file.read_text(encoding="utf-8")))
        return None

    def refresh(self, jobs: Iterable[int]) -> dict[int, Note | None]:
        """Those notes that another Blender changed; the rest is not read again, as it may name thousands of files."""
        found = {}
        for job in jobs:
            stamp = self._stamp(job)
            if stamp != self._stamps.get(job):
                self._stamps[job] = stamp
                found[job] = self.read(job)
        return found

    def _stamp(self, job: int) -> tuple[int, int]:
        try:
            found = self._file(job).stat()
        except OSError:
            return 0, 0
        return found.st_mtime_ns, found.st_size

    def learn(self, found: Mapping[int, Note | None]) -> None:
        """Take over what was read."""
        self._known.update(found)

    def write(self, note: Note) -> None:
        """Keep a note; that it cannot be written is no reason to stop working."""
        self._known[note.job] = note
        note.brought = dict(list(note.brought.items())[-MOST_BROUGHT:])
        document = {
            "destination": note.destination.document(), "automatic": note.automatic, "policy": note.policy,
            "brought": note.brought, "complete": note.complete, "held": note.held,
        }  # fmt: skip
        with contextlib.suppress(LocalFault):
            write_secret(self._file(note.job), json.dumps(document, indent=1) + "\n")
            self._stamps[note.job] = self._stamp(note.job)

    def any_awaited(self) -> bool:
        """Whether results of one of the last jobs were to come by themselves and are not all here."""
        notes = (self.read(job) for job in self._jobs()[-MOST_AWAITED:])
        return any(note.automatic and not note.complete for note in notes if note is not None)

    def _jobs(self) -> list[int]:
        try:
            return sorted(int(file.stem) for file in self.folder.glob("*.json") if file.stem.isdigit())
        except OSError:
            return []

    def tidy(self) -> None:
        """Forget the oldest notes if there are too many."""
        with contextlib.suppress(OSError):
            for job in self._jobs()[:-MOST_NOTES]:
                self._file(job).unlink(missing_ok=True)

    def _file(self, job: int) -> Path:
        return self.folder / f"{int(job)}.json"


def note_from(job: int, kept: Any) -> Note | None:
    """A note as it was kept, or None if it is none."""
    destination = destination_from(kept.get("destination")) if isinstance(kept, Mapping) else None
    if destination is None:
        return None
    brought = kept.get("brought")
    return Note(
        job=job,
        destination=destination,
        automatic=kept.get("automatic") is not False,
        policy=str(kept.get("policy") or ""),
        brought={str(file): str(sha) for file, sha in brought.items()} if isinstance(brought, Mapping) else {},
        complete=str(kept.get("complete") or ""),
        held=int(kept.get("held") or 0),
    )
