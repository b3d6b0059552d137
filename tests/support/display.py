"""A screen of its own for programs with windows: what is on it can be looked at, clicked and typed into."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageGrab

Box = tuple[int, int, int, int]  # left, top, right, bottom
Color = tuple[int, int, int]
SKIPPED = 4  # of so many columns one is looked at


class Display:
    """An X server without a monitor; to be closed."""

    def __init__(self, width: int = 1280, height: int = 1024) -> None:
        self.width, self.height = width, height
        reading, writing = os.pipe()
        try:
            self._server = subprocess.Popen(
                ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{width}x{height}x24", "-nolisten", "tcp", "-noreset"],
                pass_fds=[writing], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
        finally:
            os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()  # it is told when connections are taken
        assert number, "Xvfb did not start"
        self.name = f":{number}"

    def look(self) -> Image.Image:
        """What is on the screen now."""
        return ImageGrab.grab(xdisplay=self.name).convert("RGB")

    def keep(self, file: Path) -> None:
        """Write what is on the screen now to a picture of few colours, which are enough for an interface."""
        self.look().quantize(128, dither=Image.Dither.NONE).save(file, optimize=True)

    def move(self, x: int, y: int) -> None:
        """Put the pointer there."""
        self._xdotool("mousemove", str(x), str(y))

    def click(self, x: int, y: int) -> None:
        """Press and release the left button there; a program that draws slowly sees the pointer arrive first."""
        self.move(x - 3, y)
        self._xdotool("mousemove", str(x), str(y), "sleep", "0.2", "click", "1")

    def key(self, name: str) -> None:
        """Press and release a key, such as Escape."""
        self._xdotool("key", name)

    def _xdotool(self, *arguments: str) -> None:
        subprocess.run(["xdotool", *arguments], env={**os.environ, "DISPLAY": self.name}, check=True, timeout=30)

    def close(self) -> None:
        """End the server."""
        self._server.terminate()
        try:
            self._server.wait(10)
        except subprocess.TimeoutExpired:
            self._server.kill()
            self._server.wait(10)


@contextlib.contextmanager
def display(width: int = 1280, height: int = 1024) -> Iterator[Display]:
    """A screen that is gone at the end."""
    made = Display(width, height)
    try:
        yield made
    finally:
        made.close()


def block(picture: Image.Image, color: Color, height: int) -> Box | None:
    """The widest area of exactly one color that is at least so high, such as a large button; text in it does not matter."""
    same = np.all(np.asarray(picture)[:, ::SKIPPED] == color, axis=2)
    runs = np.zeros(same.shape[1], dtype=int)
    found: dict[tuple[int, int], list[int]] = {}
    for row in range(same.shape[0] + 1):
        now = same[row] if row < same.shape[0] else np.zeros(same.shape[1], dtype=bool)
        for column in np.flatnonzero(~now & (runs >= height)):
            found.setdefault((row - int(runs[column]), row), []).append(int(column) * SKIPPED)
        runs = np.where(now, runs + 1, 0)
    boxes = [(min(columns), top, max(columns) + SKIPPED, bottom) for (top, bottom), columns in found.items()]
    return max(boxes, key=lambda box: box[2] - box[0], default=None)
