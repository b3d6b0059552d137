"""Bringing a job's results to where they belong: what is new, whole or not at all, nothing of the artist's overwritten unasked."""

from __future__ import annotations

import contextlib
import os
import threading
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.errors import LocalFault
from flamenco_client.fetch import bring_all, shared_roots
from flamenco_client.hashing import Hashes
from flamenco_client.pack import project_root
from flamenco_client.progress import Progress

from .destination import Destination, Output, output_from, place
from .notes import Note, Notes
from .words import counted

MOST_OUTPUTS = 1_000_000
PAGE = 100
RENEW_SECONDS, STALE_SECONDS = 10.0, 60.0  # after which a lock is renewed, and one that is not is nobody's


class Policy(Enum):
    """What to do where another file is already."""

    ASK = "ask"  # leave it, and tell
    OVERWRITE = "overwrite"
    SKIP = "skip"  # leave it for good
    KEEP = "keep"  # all goes to a folder of the job's own


@dataclass
class Brought:
    """What a fetch did."""

    folder: Path
    new: list[Path] = field(default_factory=list)
    same: list[Path] = field(default_factory=list)
    held: list[Path] = field(default_factory=list)  # others are there, and nobody said what to do

    def sentence(self) -> str:
        """For people who do not see the folder beside."""
        told = "there are no results yet"
        if self.new:
            told = f"{counted(len(self.new), 'file')} brought to {self.folder}"
        elif self.same or self.held:
            told = f"{'' if self.held else 'all is there already: '}{counted(len(self.same), 'file')} in {self.folder}"
        if self.held:
            told += f"; {counted(len(self.held), 'other file')} of these names {'is' if len(self.held) == 1 else 'are'} there"
        return told

    def summary(self) -> str:
        """For people who see the folder: all that is there."""
        here = len(self.new) + len(self.same)
        return f"{counted(here, 'file')} {'is' if here == 1 else 'are'} here" if here else "There are no results yet"


def bring(
    client: Client,
    note: Note,
    *,
    policy: Policy = Policy.ASK,
    everything: bool = True,
    progress: Progress = Progress(),  # noqa: B008
    hashes: Hashes | None = None,
) -> Brought:
    """Bring what a job made so far. Raises a `ClientError`.

    `everything`: baked caches too, which go into the artist's project. The note learns what came; the caller keeps it.
    """
    job = client.job(note.job)
    if policy is Policy.KEEP:
        apart(note, hashes)
    outputs = [each for each in listed(client, note) if not each.is_part and (everything or each.root == "output")]
    where = rooted(note.destination, outputs)
    known = hashes or Hashes()
    done = Brought(Path(where.folder))
    wanted, same = [], []
    for output, target in placed(outputs, where):
        progress.check()
        fate = fate_of(output, target, note, policy, known)
        if fate is Fate.SAME:
            same.append((output, target))
        elif fate is Fate.BRING:
            wanted.append((output, target))
        elif fate is Fate.HOLD:
            done.held.append(target)
    items = [(_item(output), target) for output, target in wanted]
    replaced = {target for _, target in wanted if target.exists()}
    try:
        bring_all(client, items, shared_roots(job), progress)
    finally:
        # Also of a fetch that was interrupted: what came is this job's own. What it was to replace may still be there.
        came = [
            (output, target)
            for output, target in wanted
            if (_is_whole(output, target, known) if target in replaced else target.exists())
        ]
        note.brought.update({str(target): output.sha256 for output, target in came})
        known.save()
    done.new, done.same = [target for _, target in wanted], [target for _, target in same]
    note.brought.update({str(target): output.sha256 for output, target in same})
    note.held = len(done.held)
    finished = job.get("finished_at")
    note.complete = str(finished) if finished and not done.held else ""
    return done


def apart(note: Note, hashes: Hashes | None = None) -> None:
    """Let all of a job's results go to a folder of its own, beside the others; those that came already move there."""
    name, old = f"job-{note.job}", note.destination
    if Path(old.folder).name == name:
        return
    note.destination = old.below(name)
    known, moved = hashes or Hashes(), {}
    for file, sha256 in note.brought.items():
        path = Path(file)
        with contextlib.suppress(OSError, LocalFault, ValueError):
            if known.of(path) == sha256:
                target = Path(note.destination.folder, path.relative_to(old.folder))
                target.parent.mkdir(parents=True, exist_ok=True)
                path.rename(target)
                moved[str(target)] = sha256
    note.brought = moved


def listed(client: Client, note: Note) -> Iterator[Output]:
    """The job's outputs, each path once."""
    seen: dict[tuple[str, str], Output] = {}
    for count, item in enumerate(client.outputs(note.job)):
        if count >= MOST_OUTPUTS:
            break
        output = output_from(item)
        seen[output.root, output.path] = output
    yield from seen.values()


def placed(outputs: Iterable[Output], where: Destination) -> Iterator[tuple[Output, Path]]:
    """Outputs with the files that they become; two that would become one keep the farm's own names."""
    targets: dict[Path, Output] = {}
    for output in outputs:
        target = place(output, where)
        if target in targets:
            target = target.with_name(f"{target.stem}_{output.id}{target.suffix}")
        targets[target] = output
        yield output, target


def rooted(where: Destination, outputs: Iterable[Output]) -> Destination:
    """Baked caches belong below the root of the .blend's project."""
    if where.root or not where.blend or all(each.root == "output" for each in outputs):
        return where
    return replace(where, root=str(project_root(Path(where.blend))))


class Fate(Enum):
    """What becomes of an output."""

    BRING = "bring"
    SAME = "same"  # it is there already
    HOLD = "hold"  # another file is there, and nobody said what to do
    SKIP = "skip"  # another file is there, and is to stay


def fate_of(output: Output, target: Path, note: Note, policy: Policy, known: Hashes) -> Fate:
    """What becomes of an output; a file that this job brought earlier, and nobody changed, gives way to its successor."""
    if not os.path.lexists(target):
        return Fate.BRING
    here = ""
    with contextlib.suppress(OSError, LocalFault):
        if target.is_file():
            if not output.sha256 and target.stat().st_size == output.size:
                return Fate.SAME
            here = known.of(target)
    if here and here == output.sha256:
        return Fate.SAME
    if here and note.brought.get(str(target)) == here:
        return Fate.BRING
    return {Policy.ASK: Fate.HOLD, Policy.SKIP: Fate.SKIP}.get(policy, Fate.BRING)


def _is_whole(output: Output, target: Path, known: Hashes) -> bool:
    """Whether a file is what the farm has."""
    with contextlib.suppress(OSError, LocalFault):
        return target.is_file() and known.of(target) == output.sha256
    return False


def _item(output: Output) -> dict[str, Any]:
    names = ("id", "path", "sha256", "size", "root")
    return {name: getattr(output, name) for name in names}


@contextlib.contextmanager
def alone(notes: Notes, job: int) -> Iterator[None]:
    """Let no other Blender of this user bring the same job meanwhile, however long that takes. Raises `LocalFault`.

    The lock is a file whose time is renewed; one that is not any more is a dead Blender's.
    """
    lock, over = notes.folder / f"{job}.lock", threading.Event()
    _take(lock)

    def renew() -> None:
        while not over.wait(RENEW_SECONDS):
            with contextlib.suppress(OSError):
                os.utime(lock)

    threading.Thread(target=renew, name="flamenco lock", daemon=True).start()
    try:
        yield
    finally:
        over.set()
        with contextlib.suppress(OSError):
            lock.unlink()


def _take(lock: Path) -> None:
    try:
        lock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with contextlib.suppress(FileNotFoundError):
            if time.time() - lock.stat().st_mtime > STALE_SECONDS:
                lock.unlink()
        os.close(os.open(lock, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    except FileExistsError as error:
        raise Busy("another Blender is bringing these results already") from error
    except OSError as error:
        raise LocalFault(f"{lock} cannot be written: {error.strerror or error}") from error


class Busy(LocalFault):
    """Somebody else does it."""
