"""One part of the all-in-one: a process that is started, watched, started again when it dies, and stopped.

Its output goes straight to a log file, so that nothing stands between a part and its log whatever happens to us.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from flamenco_common.programs import dies_with_us, ending

_POSIX = os.name == "posix"
_MOST_LOG = 20_000_000  # bytes; a longer log is set aside when its part starts
_LONGEST_PAUSE = 30.0
_STEADY_SECONDS = 60.0  # a part that ran so long starts again at once when it dies


class Part:
    """A part of the farm. `ready` says whether it does its work; it may ask over the network."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        environment: Mapping[str, str],
        log: Path,
        ready: Callable[[], bool],
    ) -> None:
        self.name = name
        self.log = log
        self.ready = ready
        self._command = [*dies_with_us(), sys.executable, "-m", "flamenco_cli", *arguments]
        self._environment = dict(environment)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._pause = 0.0
        self._again_at: float | None = None

    def start(self) -> None:
        """Start the process."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > _MOST_LOG:
            self.log.replace(self.log.with_suffix(".old.log"))
        self._started, self._again_at = time.monotonic(), None
        with self.log.open("ab") as output:
            # A session of its own: Ctrl-C in the terminal reaches us only, and we stop the parts in their order.
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._environment},
                start_new_session=_POSIX,
                creationflags=0 if _POSIX else subprocess.CREATE_NEW_PROCESS_GROUP,  # type: ignore[attr-defined, unused-ignore]
            )

    @property
    def pid(self) -> int:
        """The id of its process; 0 while there is none."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    @property
    def exit_code(self) -> int | None:
        """How it ended; None while it runs."""
        return None if self._process is None else self._process.poll()

    def mend(self) -> str:
        """Start it again if it died and its pause is over. Returns what to tell people, or an empty text."""
        if self.exit_code is None or self.exit_code == 0:  # 0: it was told to end
            return ""
        now = time.monotonic()
        if self._again_at is None:
            self._pause = 0.0 if now - self._started > _STEADY_SECONDS else min(_LONGEST_PAUSE, self._pause * 2 or 0.5)
            self._again_at = now + self._pause
            return f"the {self.name} ended with {ending(self.exit_code)} and is started again: {self.last_line()}"
        if now >= self._again_at:
            self.start()
        return ""

    def ask_to_stop(self) -> None:
        """SIGTERM, or its like."""
        if self.pid and self._process is not None:
            self._process.terminate()

    def stop(self, seconds: float) -> None:
        """Ask it to stop, give it `seconds`, then kill its group."""
        self.ask_to_stop()
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(seconds)
        if self._process.poll() is None:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                if _POSIX:
                    os.killpg(self._process.pid, signal.SIGKILL)
                else:
                    self._process.kill()
            self._process.wait(5)

    def last_line(self) -> str:
        """The last line of its log that says something."""
        with contextlib.suppress(OSError):
            with self.log.open("rb") as stream:
                stream.seek(max(0, self.log.stat().st_size - 4096))
                lines = stream.read().decode("utf-8", "replace").strip().splitlines()
            return lines[-1] if lines else "it said nothing"
        return "it has no log"
