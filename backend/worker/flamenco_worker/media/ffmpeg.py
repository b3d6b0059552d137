"""Running ffmpeg: progress, the line that tells what went wrong, and the measure of a video by decoding it.

Nothing here trusts a container's header: what a video holds is what comes out when it is decoded to the end.
"""

from __future__ import annotations

import itertools
import re
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

from flamenco_worker.errors import BadOutput, CommandFailed, MachineFault
from flamenco_worker.execute.process import Outcome, Process, ask

_PROGRESS = re.compile(
    r"^(frame|fps|stream_\w+|bitrate|total_size|out_time\w*|dup_frames|drop_frames|speed|progress)=(.*)$"
)
_NOISE = re.compile(r"Thread message queue blocking|Guessed Channel Layout")
_ADDRESS = re.compile(r" @ 0x[0-9a-f]+")
_LEVEL = re.compile(r"^(.*?)\[(error|fatal|panic)\] ?(.*)$")
_BROKEN = re.compile(r"corrupt|error while decoding|invalid data|partial file|truncat|conceal|moov atom", re.IGNORECASE)
_SAYS_NOTHING = re.compile(
    r"conversion failed|error (opening|initializing) output|nothing was written|terminating thread", re.IGNORECASE
)


@dataclass(frozen=True)
class Measured:
    """What decoding gave: frames, seconds of video and of sound, and the picture's size."""

    frames: int
    seconds: Fraction
    sound_seconds: Fraction
    width: int
    height: int
    even: bool  # every frame lasts as long as the others, as well as the container can say
    delay: int  # how many frames a packet may be stored after the place at which it is shown


def _unsaid(what: object) -> None:
    """Nobody listens."""


@dataclass(frozen=True)
class Ffmpeg:
    """One ffmpeg, and how its runs are logged and stopped."""

    executable: str
    cancelled: threading.Event = field(default_factory=threading.Event)
    stop_seconds: float = 5.0
    log: Callable[[str], None] = _unsaid
    memory: Callable[[int], None] = _unsaid

    def encoders(self) -> frozenset[str]:
        """Names of the encoders that it has."""
        lines = ask([self.executable, "-hide_banner", "-encoders"]).splitlines()
        return frozenset(parts[1] for line in lines if len(parts := line.split()) > 1)

    def run(
        self,
        arguments: list[str],
        *,
        feed: Iterable[bytes] | None = None,
        on_frame: Callable[[int], None] | None = None,
        on_line: Callable[[str], None] | None = None,
    ) -> None:
        """Run it; `feed` goes to its standard input, `on_line` gets what it prints on its standard output.

        Raises `CommandFailed` with the line that tells why, `MachineFault` when the disk is full, `Cancelled`, and whatever
        `feed` raises.
        """
        said: list[str] = []

        def line(text: str) -> None:
            match = _PROGRESS.match(text)
            if match:
                if match[1] == "frame" and on_frame and match[2].strip().isdigit():
                    on_frame(int(match[2]))
            elif on_line is not None and not text.startswith("["):
                on_line(text)
            elif text and not _NOISE.search(text):
                said.append(text)
                self.log(text)

        command = [
            self.executable,
            "-hide_banner",
            "-nostdin",
            "-nostats",
            "-loglevel",
            "level+warning",
            "-y",
            *arguments,
        ]
        if feed is not None:
            command.remove("-nostdin")
        process = Process(command, line, environment={"SVT_LOG": "1"}, feeds=feed is not None)
        feeder = _Feeder(process, feed) if feed is not None else None
        outcome = process.wait(self.cancelled, self.stop_seconds)
        self.memory(outcome.peak_memory_mb)
        if feeder is not None:
            feeder.join()
        if outcome.exit_code != 0:
            _fail(outcome, said)

    def size(self, file: Path) -> tuple[int, int]:
        """Width and height of a picture or a video's first frame. Raises `BadOutput`."""
        sizes: list[tuple[int, int]] = []

        def line(text: str) -> None:
            if text.startswith("#dimensions 0:"):
                width, height = text.split(":")[1].strip().split("x")
                sizes.append((int(width), int(height)))

        self.run(["-i", str(file), "-map", "0:v:0", "-frames:v", "1", "-f", "framecrc", "pipe:1"], on_line=line)
        if not sizes:
            raise BadOutput(f"{file.name} has no picture")
        return sizes[0]

    def measure(self, file: Path, *, decode: bool = True, on_frame: Callable[[int], None] | None = None) -> Measured:
        """Decode a video or sound to its end (or only read its packets) and say what was in it. Raises `BadOutput`."""
        tally = _Tally(on_frame)
        broken: list[str] = []
        watching = Ffmpeg(self.executable, self.cancelled, self.stop_seconds, broken.append)
        how = [] if decode else ["-c", "copy"]
        try:
            watching.run(
                ["-xerror", "-i", str(file), "-map", "0:v:0?", "-map", "0:a:0?", *how, "-f", "framecrc", "pipe:1"],
                on_line=tally.line,
            )
        except CommandFailed as error:
            raise BadOutput(f"{file.name} does not decode: {error}") from error
        telling = [line for line in broken if _BROKEN.search(line)]
        if telling:
            raise BadOutput(f"{file.name} does not decode: {plain(telling[0])}")
        return tally.measured()


class _Feeder:
    """Writes to a program's standard input from a thread of its own, so that waiting for it can be cut short."""

    def __init__(self, process: Process, feed: Iterable[bytes]) -> None:
        self._process = process
        self._feed = feed
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._work, name="feeder", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for it. Raises what the feed raised."""
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _work(self) -> None:
        try:
            for data in self._feed:
                if not self._process.feed(data):
                    return
            self._process.close_input()
        except Exception as error:  # it is raised where the command waits
            self._error = error
            self._process.kill()


class _Tally:
    """Adds up the lines of ffmpeg's framecrc format: `stream, dts, pts, duration, size, crc`."""

    def __init__(self, on_frame: Callable[[int], None] | None) -> None:
        self._on_frame = on_frame
        self._bases: dict[int, Fraction] = {}
        self._kinds: dict[int, str] = {}
        self._size = (0, 0)
        self._times: list[int] = []
        self._last = 0
        self._sound = Fraction(0)

    def line(self, text: str) -> None:
        """Take one line."""
        if text.startswith("#"):
            self._header(text)
            return
        fields = [part.strip() for part in text.split(",")]
        if len(fields) < 5 or not fields[0].isdigit():
            return
        stream, pts, duration = int(fields[0]), int(fields[2]), int(fields[3])
        if self._kinds.get(stream) == "video":
            self._times.append(pts)
            self._last = duration
            if self._on_frame:
                self._on_frame(len(self._times))
        else:
            self._sound += duration * self._bases.get(stream, Fraction(0))

    def _header(self, text: str) -> None:
        match = re.match(r"#(tb|media_type|dimensions) (\d+): (\S+)", text)
        if not match:
            return
        stream = int(match[2])
        if match[1] == "tb":
            self._bases[stream] = Fraction(match[3])
        elif match[1] == "media_type":
            self._kinds[stream] = match[3]
        else:
            width, height = match[3].split("x")
            self._size = int(width), int(height)

    def measured(self) -> Measured:
        """The sum."""
        times = sorted(self._times)
        base = next((self._bases[each] for each, kind in self._kinds.items() if kind == "video"), Fraction(0))
        steps = {after - before for before, after in itertools.pairwise(times)}
        even = not steps or (min(steps) > 0 and max(steps) - min(steps) <= 1)
        span = (times[-1] - times[0] + (self._last or (max(steps) if steps else 1))) if times else 0
        places = {moment: place for place, moment in enumerate(times)}
        delay = max((stored - places[moment] for stored, moment in enumerate(self._times)), default=0)
        return Measured(len(times), span * base, self._sound, *self._size, even, delay)


def plain(line: str) -> str:
    """A line of ffmpeg's without addresses and level."""
    match = _LEVEL.match(_ADDRESS.sub("", line))
    if not match:
        return line.strip()
    source = match[1].strip(" []")
    return f"{source}: {match[3]}" if source else match[3]


def _fail(outcome: Outcome, said: list[str]) -> None:
    errors = [line for line in said if _LEVEL.match(line)]
    telling = [line for line in errors if not _SAYS_NOTHING.search(line)] or errors or said
    if any("No space left on device" in line for line in said):
        raise MachineFault("this machine's disk is full: ffmpeg could not write")
    if outcome.exit_code == -getattr(signal, "SIGKILL", 9):
        raise MachineFault("ffmpeg was killed, perhaps for want of memory")
    raise CommandFailed(f"ffmpeg ended with {outcome.said}" + (f": {plain(telling[0])}" if telling else ""))
