"""Render frames in the kept-open Blender: it has its next request before the last frame is handed on."""

from __future__ import annotations

import re
import shutil
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.commands import BlenderRender
from flamenco_common.documents import FrameTiming
from flamenco_common.frames import BadFrames, Frames

from flamenco_worker.checks.files import check
from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.errors import BadOutput, CommandFailed, MachineFault
from flamenco_worker.execute.session import BlenderDied, BlenderSession

_TOGETHER = 16  # frames in one go, of engines that are slow to begin
_AHEAD = 2  # requests that Blender holds: one that it renders, one that waits
_NUMBER = re.compile(r"#+")
_FRAME = re.compile(r"Fra:(-?\d+)")
_SAMPLES = re.compile(
    r"[Ss]amples?\s+(?P<a>\d+)\s*/\s*(?P<b>\d+)|(?P<c>\d+)\s*/\s*(?P<d>\d+) samples"
)  # Cycles | Eevee
_TILES = re.compile(r"Rendered (\d+)/(\d+) Tiles")


@dataclass(frozen=True)
class Unit:
    """What one request renders."""

    frame: int
    layer: str = ""


@dataclass(frozen=True)
class Facts:
    """What Blender says about the frames to come; a size of 0: not known before."""

    width: int
    height: int
    extension: str
    layers: list[str]
    together: bool  # whether frames in one go are faster than one by one


def render(command: BlenderRender, context: CommandContext) -> None:
    """Render a command's frames and hand each one over as soon as it is written."""
    _Rendering(command, context).run()


class _Rendering:
    def __init__(self, command: BlenderRender, context: CommandContext) -> None:
        self._command = command
        self._context = context
        self._frames = frames_of(command.frames)
        self._root, self._pattern = context.relative(command.output)
        self._done: set[Unit] = set()
        self._again: set[Unit] = set()
        self._all = len(self._frames)
        self._now: Unit | None = None
        self._part = 0.0
        self._facts: Facts | None = None
        self._session: BlenderSession | None = None
        if len(self._frames) > 1 and not _NUMBER.search(Path(self._pattern).name):
            raise CommandFailed(
                f"the output {command.output} needs #### for the frame number: there are several frames"
            )

    def run(self) -> None:
        """Render all; a Blender that dies after good work is started anew, once a frame."""
        while True:
            try:
                session = self._context.blenders.ready(self._command, self._context, self._progress, self._told)
                if self._render(session):
                    return
            except BlenderDied as error:
                self._context.blenders.close()
                if error.fresh or self._now is None or self._now in self._again:
                    raise error.error() from error
                self._again.add(self._now)
                self._context.reporter.log(f"{error}; started anew for frame {self._now.frame}")
            except (CommandFailed, MachineFault):
                self._context.blenders.close_if_busy()
                raise

    def _render(self, session: BlenderSession) -> bool:
        """Render what is left; False if Blender has to be started anew before all is done."""
        facts = self._setup(session)
        units = self._units(facts)
        self._all = len(units)
        left = self._to_render([unit for unit in units if unit not in self._done], facts)
        waiting = (
            stretches(left) if facts.together and not self._command.split_view_layers else ([unit] for unit in left)
        )
        self._facts, self._session = facts, session
        asked = deque(self._ask(session, group) for group in islice(waiting, _AHEAD))
        while asked:
            request, group = asked.popleft()
            self._now = group[0]
            answer = session.answer(request)
            if not session.outgrown():
                asked.extend(self._ask(session, group) for group in islice(waiting, 1))
            if len(group) == 1:
                self._made(group[0], answer)
            elif not self._done.issuperset(group):
                raise CommandFailed(f"Blender did not render frame {self._now.frame}")
        return len(self._done) == len(units)

    def _told(self, frame: dict[str, Any]) -> None:
        """A frame of a stretch is written."""
        self._made(Unit(frame["number"]), frame)
        self._now = Unit(frame["number"] + 1)

    def _setup(self, session: BlenderSession) -> Facts:
        command = self._command
        parts = {"tile": command.tile, "samples": command.samples}
        answer = session.ask(
            "setup",
            numbers=self._frames,
            format=command.format,
            view_layers=command.view_layers,
            split=command.split_view_layers,
            camera=command.camera,
            sequencer=command.sequencer,
            **{name: msgspec.to_builtins(part) for name, part in parts.items() if part},
        )
        for warning in answer["warnings"]:
            self._context.reporter.log(f"warning: {warning}")
        return Facts(answer["width"], answer["height"], answer["extension"], answer["layers"], answer["together"])

    def _units(self, facts: Facts) -> list[Unit]:
        layers = facts.layers if self._command.split_view_layers else [""]
        return [Unit(frame, layer) for frame in self._frames for layer in layers]

    def _ask(self, session: BlenderSession, group: list[Unit]) -> tuple[int, list[Unit]]:
        first, last = group[0], group[-1]
        folder = self._context.scratch / f"{first.frame}{'-' + safe_name(first.layer) if first.layer else ''}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        if len(group) > 1:
            return session.send("stretch", first=first.frame, last=last.frame, folder=str(folder)), group
        return session.send("frame", number=first.frame, folder=str(folder), layer=first.layer), group

    def _to_render(self, units: list[Unit], facts: Facts) -> Iterator[Unit]:
        for unit in units:
            if not (self._command.skip_existing and self._exists(unit, facts)):
                yield unit

    def _exists(self, unit: Unit, facts: Facts) -> bool:
        """Hand over a whole picture that is there already."""
        path = self._named(unit, facts.extension)
        file = (self._context.output_root if self._root == "output" else self._context.job_root) / path
        if not file.is_file():
            return False
        try:
            check(file, "frame", facts.width, facts.height)
        except BadOutput as error:
            self._context.reporter.log(f"{error}: it is rendered again")
            return False
        self._context.reporter.log(f"{path} is there already")
        self._context.reporter.output(self._output(unit, file, path, facts))
        self._finished(unit)
        return True

    def _made(self, unit: Unit, answer: dict[str, Any]) -> None:
        assert self._facts is not None and self._session is not None
        facts, peak = self._facts, self._session.take_peak_mb()
        files: dict[str, str] = answer["files"]
        if not files:
            raise CommandFailed(f"Blender wrote no file for frame {unit.frame}")
        for suffix, file in files.items():
            self._context.reporter.output(self._output(unit, Path(file), self._named(unit, suffix), facts))
        for path, file in answer["extras"].items():
            self._context.reporter.output(Made(Path(file), path, self._root, "image", unit.frame))
        total = answer["ended"] - answer["began"]
        self._context.reporter.timing(FrameTiming(unit.frame, total, answer["render"], peak))
        self._context.reporter.log(
            f"frame {unit.frame}{' ' + unit.layer if unit.layer else ''}: {total:.3f} s, of which {answer['render']:.3f} s "
            f"rendering, {peak} MB, from {answer['began']:.3f} to {answer['ended']:.3f}"
        )
        self._finished(unit)

    def _output(self, unit: Unit, file: Path, path: str, facts: Facts) -> Made:
        kind = "samples" if self._command.samples else "tile" if self._command.tile else "frame"
        return Made(file, path, self._root, kind, unit.frame, facts.width, facts.height, unit.layer)

    def _named(self, unit: Unit, suffix: str) -> str:
        """The output's path below its root."""
        name = with_number(self._pattern, unit.frame).replace("{layer}", safe_name(unit.layer))
        tile, samples = self._command.tile, self._command.samples
        if tile:
            name += f"_x{tile.x0}-{tile.x1}_y{tile.y0}-{tile.y1}"
        if samples:
            name += f"_s{samples.offset}-{samples.count}-{samples.total}"
        return name + suffix

    def _finished(self, unit: Unit) -> None:
        self._done.add(unit)
        self._part = 0.0
        self._say(0.0, f"frame {unit.frame} is done")

    def _progress(self, text: str) -> None:
        """Lines of the frame after this one may come first; a fraction never goes back."""
        of = _FRAME.match(text)
        if self._now is None or (of and int(of[1]) != self._now.frame):
            return
        self._part = max(self._part, fraction_of(text))
        self._say(self._part, f"frame {self._now.frame}: {text.split('|')[-1].strip()}")

    def _say(self, part: float, activity: str) -> None:
        done = len(self._done)
        self._context.reporter.progress((done + part) / max(1, self._all), f"{activity} ({done} of {self._all} frames)")


def stretches(units: Iterable[Unit]) -> Iterator[list[Unit]]:
    """Join frames that follow one another; Blender counts no ranges below zero."""
    group: list[Unit] = []
    for unit in units:
        if group and (unit.frame != group[-1].frame + 1 or group[0].frame < 0 or len(group) == _TOGETHER):
            yield group
            group = []
        group.append(unit)
    if group:
        yield group


def frames_of(text: str) -> tuple[int, ...]:
    """The frames that a command names. Raises `CommandFailed`."""
    try:
        return Frames.parse(text).numbers
    except BadFrames as error:
        raise CommandFailed(str(error)) from error


def with_number(pattern: str, frame: int) -> str:
    """Put a frame's number where the last #### of a path is."""
    found = list(_NUMBER.finditer(pattern))
    if not found:
        return pattern
    start, end = found[-1].span()
    return f"{pattern[:start]}{'-' if frame < 0 else ''}{abs(frame):0{end - start}d}{pattern[end:]}"


def safe_name(name: str) -> str:
    """A name that can be a folder's on every platform: each character that cannot stand there becomes one that can."""
    return re.sub(r"^\.|\.$|[^\w.-]", "_", name)


def fraction_of(text: str) -> float:
    """How far a frame is, from 0 to 1, by what the renderer says; 0 if it does not say."""
    tiles, samples = _TILES.search(text), _SAMPLES.search(text)
    done, total = (samples["a"] or samples["c"], samples["b"] or samples["d"]) if samples else ("0", "1")
    part = int(done) / max(1, int(total))
    if not tiles:
        return min(1.0, part)
    return min(1.0, (int(tiles[1]) + part) / max(1, int(tiles[2])))
