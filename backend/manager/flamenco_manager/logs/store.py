"""The whole logs of runs, on this machine's disk, a folder a run.

A log is kept in pieces, each named by the byte at which it begins; all but the newest are compressed, and that one too when
the run is over. The database says how many bytes count, so what was written before a crash and never counted
is written over.
"""

from __future__ import annotations

import contextlib
import gzip
import re
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from flamenco_common.content import whole_characters

from flamenco_manager.errors import NotFound

_SAFE = re.compile(r"^[A-Za-z0-9_-]{1,64}$")
_TAIL_BYTES = 4000
_TAIL_LINES = 20
_CUT = b"\n[the log is too long: the rest is not kept]\n"


@dataclass(frozen=True)
class _Piece:
    start: int
    file: Path

    def bytes_of(self, start: int, stop: int) -> bytes:
        """A part of its text, by bytes of the whole log. It may be compressed just now."""
        with contextlib.suppress(FileNotFoundError):
            if self.file.suffix != ".gz":
                return self._read(self.file.open("rb"), start, stop)
        compressed = self.file.with_name(f"{self.file.name.removesuffix('.gz')}.gz")
        return self._read(cast(IO[bytes], gzip.open(compressed)), start, stop)

    def _read(self, opened: IO[bytes], start: int, stop: int) -> bytes:
        with opened as stream:
            stream.seek(start - self.start)
            return stream.read(stop - start)


class LogStore:
    """Logs below `folder`; a piece has about `piece_bytes`, a log at most `most_bytes`."""

    def __init__(self, folder: Path, piece_bytes: int, most_bytes: int) -> None:
        self._folder = folder
        self._piece = piece_bytes
        self._most = most_bytes
        self._current: dict[str, tuple[Path, int, int]] = {}  # run -> its newest piece, where it begins, the log's size

    def append(self, run_id: str, size: int, text: str) -> int:
        """Write text at byte `size` of the log, over whatever is there beyond; returns the new size."""
        if not text or size >= self._most:
            return size
        data = text.encode(errors="replace")
        if size + len(data) > self._most:
            data = data[: self._most - size] + _CUT
        file, start = self._newest(run_id, size)
        with file.open("r+b" if file.exists() else "wb") as stream:
            stream.seek(size - start)
            stream.truncate()
            stream.write(data)
        self._current[run_id] = (file, start, size + len(data))
        return size + len(data)

    def read(self, run_id: str, offset: int, most: int, size: int) -> str:
        """Text from byte `offset` on, at most `most` bytes, not beyond `size`, cut between characters."""
        data = b""
        pieces = list(self._pieces(run_id))
        for number, piece in enumerate(pieces):
            end = pieces[number + 1].start if number + 1 < len(pieces) else size
            position = offset + len(data)
            # One byte more than is wanted says whether the last character is whole.
            if piece.start <= position < end and len(data) <= most:
                data += piece.bytes_of(position, min(end, offset + most + 1))
        return whole_characters(data, most).decode(errors="replace")

    def tail(self, run_id: str, size: int) -> str:
        """The last lines."""
        return last_lines(self.read(run_id, max(0, size - _TAIL_BYTES), _TAIL_BYTES, size))

    def finish(self, run_id: str) -> None:
        """The run is over: compress what is left."""
        self._current.pop(run_id, None)
        for piece in list(self._pieces(run_id)):
            if piece.file.suffix != ".gz":
                _compress(piece.file)

    def delete_before(self, moment: float) -> None:
        """Delete logs that nobody wrote to since then."""
        for folder in self._folder.glob("??/*"):
            with contextlib.suppress(OSError):
                if folder.stat().st_mtime < moment:
                    shutil.rmtree(folder, ignore_errors=True)

    def _of(self, run_id: str) -> Path:
        if not _SAFE.match(run_id):
            raise NotFound(f"there is no run {run_id[:80]!r}")
        return self._folder / run_id[-2:] / run_id

    def _newest(self, run_id: str, size: int) -> tuple[Path, int]:
        """The file that takes what comes at byte `size`, and the byte at which it begins."""
        file, start, known = self._current.get(run_id, (Path(), 0, -1))
        if known == size and size - start < self._piece:
            return file, start
        return self._looked_up(run_id, size)

    def _looked_up(self, run_id: str, size: int) -> tuple[Path, int]:
        folder = self._of(run_id)
        folder.mkdir(parents=True, exist_ok=True)
        last = None
        for piece in list(self._pieces(run_id)):
            if piece.start >= size > 0:
                piece.file.unlink()  # never counted
            else:
                last = piece
        if last is None or last.file.suffix == ".gz":
            return folder / f"{size:015d}.log", size
        if size - last.start < self._piece:
            return last.file, last.start
        _compress(last.file)
        return folder / f"{size:015d}.log", size

    def _pieces(self, run_id: str) -> Iterator[_Piece]:
        """In order. A crash while one was compressed leaves both; the compressed one is whole."""
        folder = self._of(run_id)
        found = {int(file.stem): file for file in folder.glob("*.log")}
        found.update({int(file.name.partition(".")[0]): file for file in folder.glob("*.log.gz")})
        for start in sorted(found):
            yield _Piece(start, found[start])


def last_lines(text: str) -> str:
    """The last lines of a text."""
    return "\n".join(text.splitlines()[-_TAIL_LINES:])[-_TAIL_BYTES:]


def _compress(file: Path) -> None:
    target = file.with_name(file.name + ".gz")
    partial = target.with_name(file.name + ".part")
    with file.open("rb") as source, gzip.open(partial, "wb", compresslevel=6) as sink:
        shutil.copyfileobj(source, sink)
    partial.replace(target)
    file.unlink()
