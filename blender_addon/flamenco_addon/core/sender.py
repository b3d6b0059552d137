# SPDX-License-Identifier: GPL-3.0-or-later
"""The program that packs, sends and submits in a process of its own; `core.apart` starts it and reads what it says.

In a thread of Blender's own, the lock that Python holds while it reads a .blend, and its garbage collection, would
make the window stutter. On standard input comes one line of JSON, and its end is Blender's end. On standard output go
lines of JSON: {"progress": ["upload", 5, 9]}, {"files": ["upload", 1, 3, "a.png"]}, {"submitting": true}, and at last
{"job": …} or {"problem": …, "field": …}.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from flamenco_client.submit import Submission

TELL_SECONDS = 0.1
NICE = 5  # so that the artist's Blender comes first
PATHS = ("root", "content", "output_root")  # of a Submission


def to_document(submission: Submission) -> dict[str, Any]:
    """A submission as JSON can tell it."""
    document = dict(submission.__dict__)
    document |= {name: str(document[name]) for name in PATHS if document[name] is not None}
    return {**document, "files": [str(file) for file in submission.files], "tags": list(submission.tags)}


def from_document(document: dict[str, Any]) -> Submission:
    """The submission that a document tells."""
    from flamenco_client.submit import Submission

    paths = {name: Path(document[name]) for name in PATHS if document[name] is not None}
    files = tuple(Path(file) for file in document["files"])
    return Submission(**{**document, **paths, "files": files, "tags": tuple(document["tags"])})


class Voice:
    """Says lines of JSON, and how far it is not too often."""

    def __init__(self, stream: TextIO) -> None:
        self._stream, self._turn = stream, threading.Lock()
        self._told: dict[str, tuple[str, float]] = {}

    def say(self, **what: Any) -> None:
        """One line."""
        with self._turn:
            self._stream.write(json.dumps(what) + "\n")
            self._stream.flush()

    def report(self, what: str, done: int, total: int) -> None:
        """How far it is, in bytes."""
        if done >= total or self._is_time("report", what):
            self.say(progress=[what, done, total])

    def files(self, what: str, done: int, total: int, name: str) -> None:
        """How far it is, in files."""
        if done == total or self._is_time("files", what):
            self.say(files=[what, done, total, name])

    def _is_time(self, kind: str, what: str) -> bool:
        """Whether this was not said lately; the first of its kind always is."""
        now = time.monotonic()
        before, told = self._told.get(kind, ("", 0.0))
        if what == before and now - told < TELL_SECONDS:
            return False
        self._told[kind] = what, now
        return True


def send(given: dict[str, Any], voice: Voice) -> None:
    """Do what the line asks for."""
    from flamenco_client.api import Client, Document
    from flamenco_client.errors import ClientError
    from flamenco_client.progress import Progress
    from flamenco_client.submit import submit

    class TellingClient(Client):
        def submit(self, submission: Any) -> Document:
            voice.say(submitting=True)
            return super().submit(submission)

    client = TellingClient(given["address"], given["token"])
    submission = from_document(given["submission"])
    try:
        job = submit(client, Path(given["source"]), submission, Progress(voice.report, files=voice.files))
    except ClientError as error:
        voice.say(problem=str(error), field=getattr(error, "field", ""))
    except Exception as error:
        voice.say(problem=f"an unexpected fault: {type(error).__name__}: {error}", field="")
    else:
        voice.say(job=job)


def end_with(stream: TextIO, temporary: str) -> None:
    """End at once when the other end of the stream does; the folder is then nobody's."""
    with contextlib.suppress(OSError, ValueError):
        stream.read()
    shutil.rmtree(temporary, ignore_errors=True)
    os._exit(1)


def main() -> None:
    """Read the line, and do it."""
    voice = Voice(os.fdopen(os.dup(1), "w", encoding="utf-8"))
    sys.stdout = sys.stderr  # no library's word may come between
    given = json.loads(sys.stdin.readline())
    if given["python"] != list(sys.version_info[:2]):
        voice.say(unfit=True)
        return
    sys.path.extend(entry for entry in given["path"] if entry not in sys.path)
    threading.Thread(target=end_with, args=(sys.stdin, given["temporary"]), daemon=True).start()
    if hasattr(os, "nice"):
        os.nice(NICE)
    send(given, voice)


if __name__ == "__main__":
    main()
    sys.stderr.flush()
    os._exit(0)  # the thread that reads would be waited for
