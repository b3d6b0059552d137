"""What a process says of itself, kept so that one still sees why it died: a log with a bound, in a folder.

It is kept in two pieces, each named by the byte of the whole log at which it begins; when the newer one is full, the older one goes.
So a byte has one number for as long as the log is kept, and a copy elsewhere knows what it lacks.
"""

from __future__ import annotations

import contextlib
import faulthandler
import logging
import re
import threading
from collections.abc import Iterator
from pathlib import Path

from flamenco_common.content import whole_characters

PIECE_BYTES = 256 * 1024  # some 2,000 lines; between one and two pieces are kept
_MOST_LINE = 2000  # characters; the rest of a line is left out
_MOST_LINES = 200  # of one message, as a traceback has
_SECRET = re.compile(r"\b((?:user|manager|worker)_\d+_|join_)[A-Za-z0-9_-]{20,}|(?<=://)[^/@\s]+:[^/@\s]+(?=@)")
_UNSEEN = re.compile(r"[^\t\n\x20-\x7e\xa0-\U0010ffff]|[\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_FORMAT, _MOMENT = "%(asctime)s %(levelname)s %(message)s", "%Y-%m-%d %H:%M:%S%z"  # the reader may be in another zone


class Journal:
    """A log that grows at its end and is forgotten at its beginning. Safe to use from several threads."""

    def __init__(self, folder: Path, piece_bytes: int = PIECE_BYTES) -> None:
        self._folder = folder
        self._most = piece_bytes
        self._lock = threading.RLock()
        self._pieces = sorted((int(file.stem), file) for file in folder.glob("*.log") if file.stem.isdigit())
        self._size = self._pieces[-1][0] + self._pieces[-1][1].stat().st_size if self._pieces else 0

    @property
    def size(self) -> int:
        """How many bytes were ever written."""
        return self._size

    @property
    def start(self) -> int:
        """The first byte that is still kept."""
        with self._lock:
            return self._pieces[0][0] if self._pieces else self._size

    def append(self, text: str) -> None:
        """Write at the end."""
        data = text.encode(errors="replace")
        with self._lock:
            if not self._pieces or self._size - self._pieces[-1][0] >= self._most:
                self._begin_piece(self._size)
            with self._pieces[-1][1].open("ab") as stream:
                stream.write(data)
            self._size += len(data)

    def take(self, offset: int, text: str, size: int) -> int:
        """Copy another journal's bytes from `offset` on, of which there are `size`; returns which byte is wanted next."""
        with self._lock:
            if size < self._size:  # it began anew
                self._forget(0)
            if text and offset > self._size:  # what lies between is kept nowhere
                self._forget(offset)
            if fresh := text.encode(errors="replace")[self._size - offset :]:
                self.append(fresh.decode(errors="replace"))
            return self._size

    def read(self, offset: int, most: int) -> tuple[int, str]:
        """At most `most` bytes from `offset` on, or from the first that is kept: where they begin, and the text."""
        with self._lock:
            at = max(offset, self.start)
            data = b""
            for number, (start, file) in enumerate(self._pieces):
                end = self._pieces[number + 1][0] if number + 1 < len(self._pieces) else self._size
                if start <= at + len(data) < end and len(data) <= most:
                    data += _bytes_of(file, at + len(data) - start, most + 1 - len(data))
            return at, whole_characters(data, most).decode(errors="replace")

    def _begin_piece(self, start: int) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        while len(self._pieces) > 1:
            self._pieces.pop(0)[1].unlink(missing_ok=True)
        self._pieces.append((start, self._folder / f"{start:015d}.log"))

    def _forget(self, size: int) -> None:
        for _, file in self._pieces:
            file.unlink(missing_ok=True)
        self._pieces, self._size = [], size


def _bytes_of(file: Path, offset: int, most: int) -> bytes:
    with file.open("rb") as stream:
        stream.seek(offset)
        return stream.read(most)


class JournalHandler(logging.Handler):
    """Writes what a process logs to its journal. A full disk stops no work: what cannot be written is left out."""

    def __init__(self, journal: Journal) -> None:
        super().__init__()
        self.journal = journal
        self.setFormatter(logging.Formatter(_FORMAT, _MOMENT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one message."""
        with contextlib.suppress(OSError):
            self.journal.append(tidied(self.format(record)))


def tidied(message: str) -> str:
    """A message as lines for people: no secrets, no control characters, nothing without end."""
    lines = _UNSEEN.sub("�", _SECRET.sub(_masked, message)).split("\n")
    left_out = [f"… {len(lines) - _MOST_LINES} lines are left out …"] if len(lines) > _MOST_LINES else []
    kept = [*lines[: _MOST_LINES // 2], *left_out, *lines[-_MOST_LINES // 2 :]] if left_out else lines
    return "".join(f"{line[:_MOST_LINE]}{'…' if len(line) > _MOST_LINE else ''}\n" for line in kept)


def _masked(found: re.Match[str]) -> str:
    return f"{found[1] or ''}…"


@contextlib.contextmanager
def journaled(folder: Path, who: str) -> Iterator[Journal]:
    """Keep what this process logs in `folder`, from the beginning to the end of the block, whatever ends it.

    A process that was killed could not say so: its next life does.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handler = JournalHandler(Journal(folder))
    logging.getLogger().addHandler(handler)
    trace = folder / "running"  # there while the process is; the interpreter writes where it crashed into it
    try:
        _tell_last_life(trace, who)
        with trace.open("wb") as stream:
            faulthandler.enable(stream)
            yield handler.journal
    except Exception as error:
        handler.handle(logging.makeLogRecord(_said(f"{who} ends: {error}", error)))
        raise
    finally:
        faulthandler.disable()
        trace.unlink(missing_ok=True)
        logging.getLogger().removeHandler(handler)


def _tell_last_life(trace: Path, who: str) -> None:
    if trace.exists():
        told = trace.read_text(encoding="utf-8", errors="replace").strip()
        logging.getLogger(__name__).warning(
            "%s did not end by itself last time: it crashed, was killed, or the machine went down%s",
            who, f"; it left this:\n{told}" if told else "",
        )  # fmt: skip


def _said(message: str, error: Exception) -> dict[str, object]:
    known = type(error).__module__.startswith("flamenco_")  # its text says it all
    trace = None if known else (type(error), error, error.__traceback__)
    return {"msg": message, "levelname": "ERROR", "levelno": logging.ERROR, "exc_info": trace}
