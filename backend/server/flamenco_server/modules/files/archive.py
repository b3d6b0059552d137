"""Many small files in one request: a tar stream whose entries are named by their SHA-256."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO, Literal

from flamenco_server.modules.files.errors import BadArchive
from flamenco_server.modules.files.store import CHUNK, BlobStore, Staged, check_sha256

BATCH_FILES = 500
BUFFER = 64 * 1024  # tarfile copies what is left of it with every read
BATCH_BYTES = 256 * CHUNK


def staged_batches(store: BlobStore, stream: IO[bytes], limit: int) -> Iterator[list[Staged]]:
    """Stage the entries of a tar stream, every hash checked, and give them in batches for one transaction each.

    Raises `Invalid` for what is no such archive; batches that were given before that stand.
    """
    batch: list[Staged] = []
    size = 0
    try:
        for staged in _staged(store, stream, limit):
            batch.append(staged)
            size += staged.size
            if len(batch) >= BATCH_FILES or size >= BATCH_BYTES:
                store.flush(batch)
                yield batch
                batch, size = [], 0
        if batch:
            store.flush(batch)
            yield batch
    finally:
        for staged in batch:
            staged.discard()


def _staged(store: BlobStore, stream: IO[bytes], limit: int) -> Iterator[Staged]:
    seen: set[str] = set()
    try:
        # What the HTTP server put into a file of its own is read from there, without copies in between.
        mode: Literal["r:", "r|"] = "r:" if stream.seekable() else "r|"
        with tarfile.open(fileobj=stream, mode=mode, bufsize=BUFFER) as archive:
            while member := archive.next():
                if not member.isfile():
                    raise BadArchive(f"the archive entry {member.name[:80]!r} is not a plain file")
                file = archive.extractfile(member)
                if file is not None and check_sha256(member.name) not in seen:
                    seen.add(member.name)
                    pieces = iter(lambda: file.read(CHUNK), b"")  # noqa: B023
                    yield store.stage(member.name, pieces, limit, flush=False)
                # tarfile remembers every entry; a long stream would fill memory.
                archive.members = []  # type: ignore[attr-defined]
    except tarfile.TarError as error:
        raise BadArchive(f"the body is not a whole tar archive: {error}") from error
