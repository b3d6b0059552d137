"""Which picture stands for which frame of a video, and its pixels as ffmpeg reads them from a pipe.

Pictures are decoded here rather than by ffmpeg, so that a missing, damaged or differently sized one is an error that names the
frame, and not a shorter video.
"""

from __future__ import annotations

import itertools
import re
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
from flamenco_common.documents import TaskFile
from flamenco_common.frames import BadFrames, Frames

from flamenco_worker.errors import CommandFailed
from flamenco_worker.media.exr import Pixels
from flamenco_worker.media.ffmpeg import Ffmpeg
from flamenco_worker.media.pictures import SUFFIXES, Picture, load

_NUMBER = re.compile(r"(?:(?<![A-Za-z0-9])-)?\d+(?=\D*$)")
_MOST_NAMED = 8
_AHEAD = 3  # pictures decoded while ffmpeg reads


def by_frame(found: Sequence[tuple[TaskFile, Path]]) -> dict[int, Path]:
    """Frame number → picture. Raises `CommandFailed`."""
    frames: dict[int, Path] = {}
    for file, path in found:
        if path.suffix.lower() not in SUFFIXES:
            raise CommandFailed(f"{file.path} is not a picture: a pattern has to choose the frames")
        number = file.frame if file.frame is not None else _number(path)
        if number in frames:
            raise CommandFailed(
                f"frame {number} has several pictures, {frames[number].name} and {path.name}: a pattern has to choose one"
            )
        frames[number] = path
    return frames


def _number(path: Path) -> int:
    match = _NUMBER.search(path.stem)
    if not match:
        raise CommandFailed(f"{path.name} has no frame number in its name")
    return int(match[0])


def in_order(pictures: Mapping[int, Path], frames: str, hold_missing: bool) -> list[tuple[int, Path]]:
    """The pictures of the video in order, one a frame. Raises `CommandFailed` for a gap that is not to be held."""
    if not pictures:
        raise CommandFailed("there is no picture to encode")
    wanted = _wanted(frames) if frames else range(min(pictures), max(pictures) + 1)
    missing = [number for number in wanted if number not in pictures]
    if len(missing) == len(wanted):
        raise CommandFailed("none of the wanted frames is there")
    if missing and not hold_missing:
        raise CommandFailed(say_missing(missing))
    held = next(pictures[number] for number in wanted if number in pictures)
    order = []
    for number in wanted:
        held = pictures.get(number, held)
        order.append((number, held))
    return order


def _wanted(frames: str) -> Sequence[int]:
    try:
        return Frames.parse(frames).numbers
    except BadFrames as error:
        raise CommandFailed(str(error)) from error


def say_missing(numbers: Sequence[int]) -> str:
    """`frames 4-6 and 9 are missing`."""
    parts = str(Frames.of(numbers)).split(",")
    if len(numbers) == 1:
        return f"frame {parts[0]} is missing"
    if len(parts) > _MOST_NAMED:
        return f"{len(numbers)} frames are missing, among them {', '.join(parts[:_MOST_NAMED])}"
    named = ", ".join(parts[:-1]) + " and " + parts[-1] if len(parts) > 1 else parts[0]
    return f"frames {named} are missing"


class Feed:
    """The raw pixels of pictures in order, as `prepare` says."""

    def __init__(self, order: Sequence[tuple[int, Path]], ffmpeg: Ffmpeg) -> None:
        self._order = order
        self._ffmpeg = ffmpeg
        first = self._load(order[0][1])
        self.source = (first.width, first.height)
        self.width, self.height = self.source
        self._bits = 8

    def prepare(self, bits: int, even: bool) -> None:
        """Give `bits` 8 or 16 a channel; `even`: repeat the last row and column of odd sizes, which video cannot have."""
        self._bits = bits
        if even:
            self.width, self.height = (each + each % 2 for each in self.source)

    def __iter__(self) -> Iterator[bytes]:
        """Each frame's bytes, decoded a little ahead; a held picture is decoded once. Raises `CommandFailed`."""
        held = [(path, len(list(same))) for path, same in itertools.groupby(path for _, path in self._order)]
        with ThreadPoolExecutor(_AHEAD, thread_name_prefix="pictures") as pool:
            waiting: deque[tuple[Future[bytes], int]] = deque()
            for path, times in held:
                waiting.append((pool.submit(self._bytes, path), times))
                if len(waiting) >= _AHEAD:
                    yield from _repeated(*waiting.popleft())
            while waiting:
                yield from _repeated(*waiting.popleft())

    def _bytes(self, path: Path) -> bytes:
        picture = self._load(path)
        if (picture.width, picture.height) != self.source:
            width, height = self.source
            raise CommandFailed(
                f"{path.name} is {picture.width}x{picture.height} pixels, but the first picture is {width}x{height}"
            )
        return self._rows(picture).tobytes()

    def _load(self, path: Path) -> Picture:
        return load(path, self._ffmpeg)

    def _rows(self, picture: Picture) -> Pixels:
        lacking = (self.height - picture.height, self.width - picture.width)
        rows = picture.rgb(self._bits)
        return np.pad(rows, ((0, lacking[0]), (0, lacking[1]), (0, 0)), mode="edge") if any(lacking) else rows


def _repeated(picture: Future[bytes], times: int) -> Iterator[bytes]:
    yield from itertools.repeat(picture.result(), times)
