"""Many small files in one request: a tar stream whose entries are named by their SHA-256."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from typing import IO

from flamenco_server.modules.files.errors import BadArchive
from flamenco_server.modules.files.store import CHUNK, BlobStore, Staged, check_sha256

BATCH_FILES = 500
BATCH_BYTES = 256 * CHUNK


def staged_batches(store: BlobStore, stream: IO[bytes], limit: int) -> Iterator[list[Staged]]:
    """Stage the entries of a tar stream, every hash checked, and give them in batches for one transaction each.

    Raises `Invalid` for what is no such archive; batches that were given before that stand.
    """
    batch: list[Staged] = []
    try:
        for staged in _staged(store, stream, limit):
            batch.append(staged)
            if len(batch) >= BATCH_FILES or sum(entry.size for entry in batch) >= BATCH_BYTES:
                yield batch
                batch = []
        if batch:
            yield batch
    finally:
        for staged in batch:
            staged.discard()


def _staged(store: BlobStore, stream: IO[bytes], limit: int) -> Iterator[Staged]:
    seen: set[str] = set()
    try:
        with tarfile.open(fileobj=stream, mode="r|") as archive:
            while member := archive.next():
                if not member.isfile():
                    raise BadArchive(f"the archive entry {member.name[:80]!r} is not a plain file")
                file = archive.extractfile(member)
                if file is not None and check_sha256(member.name) not in seen:
                    seen.add(member.name)
                    yield store.stage(member.name, iter(lambda: file.read(CHUNK), b""), limit)  # noqa: B023
                # tarfile remembers every entry; a long stream would fill memory.
                archive.members = []  # type: ignore[attr-defined]
    except tarfile.TarError as error:
        raise BadArchive(f"the body is not a whole tar archive: {error}") from error
