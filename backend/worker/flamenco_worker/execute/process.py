"""A program that runs: started without a shell, in a process group of its own, its lines handed on as they come.

Interruption escalates: SIGTERM to the group, a while, SIGKILL to the group and to every descendant. On Linux the
program also dies when this process dies, whatever killed it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil
from flamenco_common.programs import dies_with_us, ending

from flamenco_worker.errors import Cancelled, MachineFault

_POSIX = os.name == "posix"


@dataclass(frozen=True)
class Outcome:
    """How a program ended: `exit_code` is negative for a signal; seconds of wall time; peak memory in MB."""

    exit_code: int
    seconds: float
    peak_memory_mb: int

    @property
    def said(self) -> str:
        """How it ended, in words."""
        return ending(self.exit_code)


class Process:
    """A started program. `on_line` is called from a thread with each line of its output and error output."""

    def __init__(
        self,
        command: Sequence[str],
        on_line: Callable[[str], None],
        *,
        environment: Mapping[str, str] | None = None,
        folder: Path | None = None,
        feeds: bool = False,
    ) -> None:
        """Start it; `feeds` opens its standard input for `feed`."""
        self._started = time.monotonic()
        self._peak = 0
        self._on_line = on_line
        if shutil.which(command[0]) is None:  # behind a prefix it would look like the program's own failure
            raise MachineFault(f"{command[0]} cannot be started: there is no such program")
        try:
            self._popen = subprocess.Popen(
                [*dies_with_us(), *command],
                stdin=subprocess.PIPE if feeds else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **(environment or {})},
                cwd=folder,
                start_new_session=_POSIX,
                creationflags=0 if _POSIX else subprocess.CREATE_NEW_PROCESS_GROUP,  # type: ignore[attr-defined, unused-ignore]
            )
        except OSError as error:
            raise MachineFault(f"{command[0]} cannot be started: {error.strerror}") from error
        self._reader = threading.Thread(target=self._read, name=f"output of {Path(command[0]).name}", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """The process id."""
        return self._popen.pid

    def running(self) -> bool:
        """Whether it still runs."""
        return self._popen.poll() is None

    def feed(self, data: bytes) -> bool:
        """Write to its standard input, however long it takes to read; False when it reads no more."""
        assert self._popen.stdin is not None
        try:
            self._popen.stdin.write(data)
        except (OSError, ValueError):
            return False
        return True

    def close_input(self) -> None:
        """There is no more to feed."""
        if self._popen.stdin is not None:
            with contextlib.suppress(OSError):
                self._popen.stdin.close()

    def memory_mb(self) -> int:
        """Resident memory of it and its children now, in MB; also remembered for the peak."""
        with contextlib.suppress(psutil.Error):
            mine = psutil.Process(self.pid)
            used = sum(_resident(each) for each in [mine, *mine.children(recursive=True)]) // 1_000_000
            self._peak = max(self._peak, used)
            return used
        return 0

    def wait(self, cancelled: threading.Event, stop_seconds: float = 10.0, timeout: float = 0.0) -> Outcome:
        """Wait until it ends. Raises `Cancelled` after stopping it when `cancelled` is set or `timeout` is over."""
        end = self._started + timeout if timeout else None
        while self.running():
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._popen.wait(0.2)
            self.memory_mb()
            if cancelled.is_set() or (end is not None and time.monotonic() > end):
                self.stop(stop_seconds)
                raise Cancelled("the program was stopped")
        return self.outcome()

    def outcome(self) -> Outcome:
        """How it ended; waits for the last of its output. What it left running in its group is killed."""
        code = self._popen.wait()
        if _POSIX:
            self._signal(signal.SIGKILL)
        self._reader.join(2)
        return Outcome(code, time.monotonic() - self._started, self._peak)

    def stop(self, seconds: float) -> None:
        """SIGTERM to the group, `seconds` of time, then SIGKILL to the group and every descendant."""
        family = self._family()
        self._signal(signal.SIGTERM)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(seconds)
        self.kill(family)

    def kill(self, family: Sequence[psutil.Process] = ()) -> None:
        """SIGKILL to the group and every descendant, at once."""
        family = family or self._family()
        self._signal(getattr(signal, "SIGKILL", signal.SIGTERM))
        for each in family:
            with contextlib.suppress(psutil.Error):
                each.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._popen.wait(5)

    def _family(self) -> list[psutil.Process]:
        with contextlib.suppress(psutil.Error):
            return psutil.Process(self.pid).children(recursive=True)
        return []

    def _signal(self, number: int) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if _POSIX:
                os.killpg(self.pid, number)
            elif self.running():
                self._popen.terminate()

    def _read(self) -> None:
        stream = self._popen.stdout
        assert stream is not None
        for line in iter(lambda: stream.readline(65536), b""):
            self._on_line(line.decode("utf-8", "replace").rstrip("\r\n"))
        stream.close()


def _resident(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.Error:
        return 0


def ask(command: Sequence[str], seconds: float = 30.0) -> str:
    """Run a short program and return what it printed; an empty text if it cannot run."""
    try:
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.decode("utf-8", "replace")
