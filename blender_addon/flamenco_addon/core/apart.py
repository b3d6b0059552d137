# SPDX-License-Identifier: GPL-3.0-or-later
"""`flamenco_client.submit` in a process of its own, so that Blender's window never waits for it.

The process is `core.sender`. To cancel is to end it, whatever it waits for; only while the server makes the job it is
let finish, so that nobody is left with a job that he does not know of. All that it writes goes to a folder that is removed here,
however the process ended; or by the process, if Blender did not live to do so.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any

from flamenco_client.api import Client
from flamenco_client.errors import BadRequest, Canceled, ClientError
from flamenco_client.progress import Progress
from flamenco_client.submit import Submission, submit

from .sender import to_document
from .snapshot import PREFIX

PROGRAM = Path(__file__).with_name("sender.py")
LOOK_SECONDS = 0.05  # after which it is noticed that somebody canceled
END_SECONDS = 10.0  # that a canceled submission may take to answer
BELOW_NORMAL, NO_WINDOW = 0x4000, 0x08000000  # Windows' flags of new processes


class Unfit(Exception):
    """There is no Python here that could do it."""


def submit_apart(client: Client, source: Path, submission: Submission, progress: Progress) -> dict[str, Any]:
    """As `submit`; where no process can be started it is done here. Raises a `ClientError`."""
    copy = submission.content
    home = copy.parent if copy is not None and copy.parent.name.startswith(PREFIX) else None
    folder = Path(tempfile.mkdtemp(prefix=f"{PREFIX}send-", dir=home))
    try:
        with _Process(folder) as process:
            process.begin(client, source, submission, home or folder)
            return process.follow(progress)
    except Unfit:
        return submit(client, source, submission, progress)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


class _Process:
    """The process, and what it says."""

    def __init__(self, folder: Path) -> None:
        """Start it. Raises `Unfit`."""
        python = Path(sys.executable or "")
        if not python.stem.lower().startswith("python"):
            raise Unfit
        environment = {**os.environ, **dict.fromkeys(("TMPDIR", "TEMP", "TMP"), str(folder))}
        flags = BELOW_NORMAL | NO_WINDOW if sys.platform == "win32" else 0
        try:
            self._process = subprocess.Popen(
                [str(python), "-I", str(PROGRAM)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, env=environment, creationflags=flags,
            )  # fmt: skip
        except OSError as error:
            raise Unfit from error
        self._lines: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, name="flamenco sender", daemon=True)
        self._reader.start()
        self._submitting = False

    def __enter__(self) -> _Process:
        return self

    def __exit__(self, *_: object) -> None:
        """Whatever happened, it is over."""
        self._process.kill()
        self._process.wait()
        self._reader.join()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with contextlib.suppress(OSError):
                    stream.close()

    def begin(self, client: Client, source: Path, submission: Submission, temporary: Path) -> None:
        """Say what is to be done, and which folder nobody needs any more once Blender is gone."""
        given = {
            "python": list(sys.version_info[:2]), "path": sys.path, "address": client.address, "token": client.token,
            "source": str(source), "submission": to_document(submission), "temporary": str(temporary),
        }  # fmt: skip
        stream: IO[bytes] | None = self._process.stdin
        assert stream is not None
        with contextlib.suppress(OSError):  # it ended; `follow` says so
            stream.write(json.dumps(given).encode() + b"\n")
            stream.flush()

    def _read(self) -> None:
        stream = self._process.stdout
        assert stream is not None
        with contextlib.suppress(OSError, ValueError):
            for line in stream:
                self._lines.put(json.loads(line))
        self._lines.put(None)

    def follow(self, progress: Progress) -> dict[str, Any]:
        """Wait for its end; gives the job."""
        canceled_at = None
        while True:
            if progress.canceled():
                canceled_at = canceled_at or time.monotonic()
                if not self._submitting or time.monotonic() - canceled_at > END_SECONDS:
                    raise Canceled("canceled")
            try:
                line = self._lines.get(timeout=LOOK_SECONDS)
            except queue.Empty:
                continue
            if line is None:
                raise ClientError(f"what sends the files ended unexpectedly (exit code {self._process.wait()})")
            job = self._heard(line, progress)
            if job is not None:
                return job

    def _heard(self, line: dict[str, Any], progress: Progress) -> dict[str, Any] | None:
        """Take in one line; gives the job if it is the last one."""
        if "progress" in line:
            progress.report(*line["progress"])
        elif "files" in line:
            progress.files(*line["files"])
        elif "submitting" in line:
            self._submitting = True
            progress.report("submit", 0, 0)
        elif "unfit" in line:
            raise Unfit
        elif "problem" in line:
            raise (
                BadRequest(str(line["problem"]), str(line["field"])) if line["field"] else ClientError(line["problem"])
            )
        elif "job" in line:
            return dict(line["job"])
        return None
