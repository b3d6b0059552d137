"""Files on their way up to the server. Large ones go in pieces that resume where a link broke."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path

from flamenco_manager.errors import Rejected, Unreachable
from flamenco_manager.files.cache import BLOCK, FileCache
from flamenco_manager.files.pins import Pins
from flamenco_manager.upstream.server import Server

LARGE = 32 << 20  # from here on a file goes in pieces
_PIECE = 64 << 20
_log = logging.getLogger(__name__)
_PATIENCE = 3  # offsets that the server corrects before a file is left for later


class Forwarder:
    """Sends pinned files up; one that the server has is pinned no more."""

    def __init__(self, server: Server, cache: FileCache, pins: Pins) -> None:
        self._server = server
        self._cache = cache
        self._pins = pins

    def forward(self, sha256: str) -> None:
        """Send one file. Raises `Unreachable`; a file that is gone or that the server will not have is let go."""
        path = self._cache.path(sha256)
        try:
            size = path.stat().st_size
            if size < LARGE:
                with path.open("rb") as stream:
                    self._server.call("PUT", f"/files/{sha256}", stream, headers={"Content-Length": str(size)})
            else:
                self._in_pieces(sha256, path, size)
        except FileNotFoundError:
            pass  # the update that names it will be told so
        except Rejected as error:
            if error.status == 409:
                raise Unreachable(str(error)) from error
            _log.error("the server will not have the file %s: %s", sha256, error)
        if sha256 in self._pins:
            self._pins.remove([sha256])

    def _in_pieces(self, sha256: str, path: Path, size: int) -> None:
        offset = self._offset(sha256)
        wrong = 0
        while offset < size:
            length = min(_PIECE, size - offset)
            headers = {"Upload-Offset": str(offset), "Upload-Length": str(size), "Content-Length": str(length)}
            body = _piece(path, offset, length)
            answer = self._server.call("PATCH", f"/uploads/{sha256}", body, headers=headers, accept=(409,))
            offset = int(answer.headers.get("Upload-Offset", offset))
            wrong += answer.status == 409
            if wrong > _PATIENCE:
                raise Unreachable("somebody else sends this file now")

    def _offset(self, sha256: str) -> int:
        answer = self._server.call("HEAD", f"/uploads/{sha256}")
        return int(answer.headers.get("Upload-Offset", "0"))


def _piece(path: Path, offset: int, length: int) -> Iterator[bytes]:
    """A part of a file."""
    with path.open("rb") as stream:
        stream.seek(offset)
        while length and (block := stream.read(min(BLOCK, length))):
            length -= len(block)
            yield block
