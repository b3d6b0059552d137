"""A Blender that stays open: started with the driver, asked over a socket, watched while it works."""

from __future__ import annotations

import re
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

from flamenco_worker.config import WorkerConfig
from flamenco_worker.detect import EMBEDDED
from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault
from flamenco_worker.execute import telling
from flamenco_worker.execute.channel import Channel, ChannelClosed
from flamenco_worker.execute.process import Process

_DRIVER = Path(__file__).resolve().parent.parent / "driver" / "start.py"
_MARK = "flamenco-answer "  # see driver/channel.py
_STARTUP_SECONDS = 300.0
_SECONDS_TO_CRASH = 5.0
_SECONDS_FOR_LAST_LINES = 2.0
_SECONDS_BETWEEN_LOOKS = 1.0
_MOST_LINES = 400
_STEP = re.compile(r"^Fra:|\bSample \d|\bTiles\b")  # lines of progress
_SECONDS_BETWEEN_STEPS = 2.0  # that come to the log


@dataclass
class Watch:
    """What a run does with the news of a Blender that works for it."""

    cancelled: threading.Event
    line: Callable[[str], None]
    progress: Callable[[str], None]
    memory: Callable[[int], None]
    frame: Callable[[dict[str, Any]], None] = lambda _frame: None


class BlenderDied(Exception):
    """The process ended, or had to be ended. `killed`: by a signal that nobody here sent."""

    def __init__(self, text: str, *, fresh: bool, killed: bool = False) -> None:
        super().__init__(text)
        self.fresh = fresh
        self.killed = killed

    def error(self) -> CommandFailed | MachineFault:
        """Whose fault it is: somebody who kills a Blender is usually the system when its memory is spent."""
        return MachineFault(str(self)) if self.killed else CommandFailed(str(self))


@dataclass
class _Said:
    """What was printed: the lines since the last answer that was read, and which answers were announced."""

    lines: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES))
    announced: int = 0
    changed: threading.Condition = field(default_factory=threading.Condition)
    at: float = field(default_factory=time.monotonic)


class BlenderSession:
    """One Blender process. Not for several threads; a run uses it after the other."""

    def __init__(self, executable: str, config: WorkerConfig, watch: Watch) -> None:
        """Start it and wait until its driver calls. Raises `MachineFault` and `Cancelled`."""
        self.executable = executable
        self.watch = watch
        self.version: tuple[int, ...] = ()
        self.opened: object = None  # the caller's note on what is open
        self._config = config
        self._channel = Channel()
        self._said = _Said()
        self._last_id = 0
        self._answers = 0
        self._looked_at = 0.0
        self._last_step = 0.0
        self._memory = 0
        self._peak = 0
        self._pending: set[int] = set()
        self._closed = False
        self._temporary = tempfile.TemporaryDirectory(prefix="flamenco-blender-", ignore_cleanup_errors=True)
        command, environment = _command(executable)
        environment.update(self._channel.environment())
        environment.update(dict.fromkeys(("TMPDIR", "TEMP", "TMP"), self._temporary.name))
        self._process = Process(command, self._line, environment=environment)
        try:
            self._wait_for_driver()
        except BaseException:
            self.close()
            raise

    # ---- requests ----

    def send(self, action: str, **parameters: Any) -> int:
        """Send a request without waiting; it is carried out when those before it are done."""
        self._last_id += 1
        self._said.at = time.monotonic()
        try:
            self._channel.send({"id": self._last_id, "do": action, **parameters})
        except ChannelClosed:
            raise self._died() from None
        self._pending.add(self._last_id)
        return self._last_id

    def answer(self, request: int) -> dict[str, Any]:
        """Wait for the answer to `request`.

        Raises `CommandFailed` with the telling line, `MachineFault`, `BlenderDied`, and `Cancelled` after ending Blender.
        """
        self._check_cancelled()
        message = self._message(request)
        self._pending.discard(request)
        lines = self._lines_until(request)
        self._look()
        if message["ok"]:
            self._answers += 1
            if broken := telling.of_machine(lines):
                raise MachineFault(f"this machine cannot write: {broken}")
            return message
        raise telling.failure(str(message["kind"]), str(message["error"]), lines)

    def ask(self, action: str, **parameters: Any) -> dict[str, Any]:
        """Send a request and wait for its answer; raises what `answer` raises."""
        return self.answer(self.send(action, **parameters))

    @property
    def idle(self) -> bool:
        """Whether no answer is outstanding."""
        return not self._pending

    # ---- its process ----

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def running(self) -> bool:
        """Whether the process is there."""
        return self._process.running()

    def outgrown(self) -> bool:
        """Whether it uses more memory than this worker allows."""
        return self._memory > memory_limit_mb(self._config)

    def take_peak_mb(self) -> int:
        """The most memory that was seen since this was asked last."""
        peak, self._peak = self._peak, self._memory
        return peak

    def close(self) -> None:
        """End it and all it started; what it left in its temporary folder goes."""
        if self._closed:
            return
        self._closed = True
        self._channel.close()
        self._process.stop(self._config.stop_seconds)
        self._temporary.cleanup()

    # ---- watching ----

    def _wait_for_driver(self) -> None:
        deadline = time.monotonic() + _STARTUP_SECONDS
        while (hello := self._channel.accept()) is None:
            self._check_cancelled()
            if not self.running():
                ended = self._process.outcome()
                reason = telling.line(list(self._said.lines)) or ended.said
                raise MachineFault(f"{self.executable} does not start: {reason}")
            if time.monotonic() > deadline:
                raise MachineFault(f"{self.executable} does not start within {_STARTUP_SECONDS:.0f} s")
        self.version = tuple(int(number) for number in hello["version"])

    def _message(self, request: int) -> dict[str, Any]:
        while True:
            try:
                message = self._channel.receive(0.2)
            except ChannelClosed:
                raise self._died() from None
            if message is not None:
                self._said.at = time.monotonic()
                if message.get("id") == request:
                    return message
                if message.get("event") == "progress":
                    self.watch.progress(str(message["text"]))
                elif message.get("event") == "frame":
                    self.watch.frame(message)
            self._check_cancelled()
            self._check_hang()
            self._look()

    def _check_cancelled(self) -> None:
        if self.watch.cancelled.is_set():
            self.close()
            raise Cancelled("the run was canceled")

    def _check_hang(self) -> None:
        silent = time.monotonic() - self._said.at
        if silent > self._config.hang_seconds:
            self.close()
            raise BlenderDied(f"Blender said nothing for {silent:.0f} s and was ended", fresh=self._answers == 0)

    def _died(self) -> BlenderDied:
        """The channel is closed: the process ends, or is ended if it only hung up."""
        self._gone_within(_SECONDS_TO_CRASH)
        self.close()
        outcome = self._process.outcome()
        reason = telling.line(list(self._said.lines))
        text = f"Blender ended with {outcome.said}" + (f": {reason}" if reason else "")
        killed = outcome.said == "signal SIGKILL"
        return BlenderDied(text, fresh=self._answers == 0, killed=killed)

    def _gone_within(self, seconds: float) -> None:
        """Let a crash come to its own end, which names its cause."""
        deadline = time.monotonic() + seconds
        while self.running() and time.monotonic() < deadline and not self.watch.cancelled.wait(0.02):
            pass

    def _look(self) -> None:
        now = time.monotonic()
        if now - self._looked_at >= _SECONDS_BETWEEN_LOOKS:
            self._looked_at = now
            self._memory = self._process.memory_mb()
            self._peak = max(self._peak, self._memory)
            self.watch.memory(self._memory)

    # ---- what it prints ----

    def _line(self, text: str) -> None:
        with self._said.changed:
            self._said.at = time.monotonic()
            if text.startswith(_MARK):
                self._said.announced = int(text.removeprefix(_MARK))
                self._said.lines.append(text)
                self._said.changed.notify_all()
                return
            if text:
                self._said.lines.append(text)
        if text:
            self._hand_on(text)

    def _hand_on(self, text: str) -> None:
        if _STEP.search(text):
            self.watch.progress(text)
            if self._said.at - self._last_step < _SECONDS_BETWEEN_STEPS:
                return
            self._last_step = self._said.at
        self.watch.line(text)

    def _lines_until(self, request: int) -> list[str]:
        """What was printed for a request: up to the mark that the driver prints before it answers."""
        with self._said.changed:
            self._said.changed.wait_for(lambda: self._said.announced >= request, _SECONDS_FOR_LAST_LINES)
            lines: list[str] = []
            while self._said.lines:
                line = self._said.lines.popleft()
                if line == f"{_MARK}{request}":
                    break
                lines.append(line)
            return [line for line in lines if not line.startswith(_MARK)]


def memory_limit_mb(config: WorkerConfig) -> int:
    """How much a Blender may use before it is restarted between frames."""
    return config.memory_limit_mb or int(psutil.virtual_memory().total * 0.8) // 1_000_000


def _command(executable: str) -> tuple[list[str], dict[str, str]]:
    """How to start it. A wheel runs in our own Python, but sees its own folder only."""
    if executable.startswith(EMBEDDED):
        return [sys.executable, "-I", "-S", str(_DRIVER)], {"FLAMENCO_BPY_FOLDER": executable.removeprefix(EMBEDDED)}
    options = ["--background", "--factory-startup", "--disable-autoexec", "--python-exit-code", "9"]
    return [executable, *options, "--python", str(_DRIVER)], {}
