"""Large files that come in pieces: a broken upload goes on where it broke."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path

from flamenco_common.content import sha256_of
from flamenco_common.locking import try_lock

from flamenco_server.errors import DiskFull, TooLarge
from flamenco_server.modules.files.errors import UploadOffset
from flamenco_server.modules.files.store import (
    BlobStore,
    Staged,
    check_digest,
    check_limit,
    check_sha256,
    disk_errors,
    flush_to_disk,
)


class Uploads:
    """Unfinished uploads in a store's staging folder; `limit` is the most bytes a file may have (0: any)."""

    def __init__(self, store: BlobStore, limit: int = 0) -> None:
        self._store = store
        self._limit = limit

    def offset(self, sha256: str) -> int:
        """How many bytes of it are there."""
        path = self._part(check_sha256(sha256))
        return path.stat().st_size if path.exists() else 0

    def append(self, sha256: str, offset: int, length: int, chunks: Iterable[bytes]) -> Staged | None:
        """Add bytes from `offset` on; the whole file, hash checked, once all `length` bytes are there.

        What came before a link broke stays. Raises `UploadOffset` with the right offset, `TooLarge`, and `HashMismatch`
        or `DiskFull`, after which the upload begins anew.
        """
        check_sha256(sha256)
        check_limit(length, self._limit)
        with try_lock(self._store.staging / f"{sha256}.lock") as free:
            have = self.offset(sha256)
            if not free:
                raise UploadOffset("somebody else is sending this file now", have)
            if offset != have:
                raise UploadOffset(f"the upload goes on at byte {have}, not {offset}", have)
            self._write(sha256, length - offset, chunks)
            return self._finished(sha256) if self.offset(sha256) == length else None

    def _write(self, sha256: str, room: int, chunks: Iterable[bytes]) -> None:
        path = self._part(sha256)
        try:
            with disk_errors(), path.open("ab") as file:
                for chunk in chunks:
                    room -= len(chunk)
                    if room < 0:
                        raise TooLarge("more bytes came than Upload-Length says")
                    file.write(chunk)
                file.flush()
                flush_to_disk(file.fileno())
        except DiskFull:
            path.unlink(missing_ok=True)
            raise

    def _finished(self, sha256: str) -> Staged:
        """Check the hash and take the file out of reach of further appends."""
        part = self._part(sha256)
        found = sha256_of(part)
        if found != sha256:
            part.unlink()
            check_digest(sha256, found)
        whole = part.with_name(f"{sha256}.{secrets.token_hex(6)}.new")
        part.replace(whole)
        return Staged(sha256, whole.stat().st_size, whole)

    def _part(self, sha256: str) -> Path:
        return self._store.staging / f"{sha256}.part"
