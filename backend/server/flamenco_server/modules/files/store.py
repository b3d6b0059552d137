"""Where the bytes are: blobs named by their SHA-256, in a folder or in an S3-compatible bucket.

Bytes are first staged in a local folder, hashed while they are written, and only a whole file with the right hash
is published. In a folder, publishing is a rename, so a reader never sees half a file.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import re
import secrets
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import obstore
from flamenco_common.content import is_disk_full
from obstore.exceptions import BaseError
from obstore.store import LocalStore, S3Store

from flamenco_server.errors import BadConfig, DiskFull, Invalid, TooLarge
from flamenco_server.modules.files.errors import HashMismatch, StoreUnavailable, UnknownFile

CHUNK = 1024 * 1024
FLUSH_THREADS = 16
MANY = 16  # files that are flushed with their whole file system
_SHA256 = re.compile(r"[0-9a-f]{64}")


def check_sha256(text: str) -> str:
    """Return `text` if it is a SHA-256 in lower-case hexadecimal. Raises `Invalid`."""
    if not _SHA256.fullmatch(text):
        raise Invalid(f"{text[:80]!r} is not a SHA-256: 64 digits of 0-9 and a-f", "sha256")
    return text


@dataclass(frozen=True)
class Staged:
    """A whole file in the staging folder, of which the hash was checked."""

    sha256: str
    size: int
    path: Path

    def discard(self) -> None:
        """Remove it, if it was not published."""
        self.path.unlink(missing_ok=True)


@dataclass(frozen=True)
class StoredBlob:
    """A blob as the store lists it; `modified` is in seconds since 1970."""

    sha256: str
    size: int
    modified: float


class BlobStore:
    """Blobs by SHA-256 at `bucket` (an obstore store); `folder` is set when that is a local folder."""

    def __init__(self, bucket: Any, staging: Path, folder: Path | None = None) -> None:
        self._bucket = bucket
        self._folder = folder
        self.staging = staging
        staging.mkdir(parents=True, exist_ok=True)

    @property
    def remote(self) -> bool:
        """Whether publishing sends the bytes over a network."""
        return self._folder is None

    def stage(self, sha256: str, chunks: Iterable[bytes], limit: int = 0, *, flush: bool = True) -> Staged:
        """Write `chunks` to the staging folder. Raises `HashMismatch`, `TooLarge`, `DiskFull`; then nothing is left.

        Without `flush`, `flush` has to be called on the files before anything relies on them.
        """
        check_sha256(sha256)
        path = self.staging / f"{sha256}.{secrets.token_hex(6)}.new"
        digest, size = hashlib.sha256(), 0
        try:
            with disk_errors(), path.open("xb") as file:
                for chunk in chunks:
                    size += len(chunk)
                    check_limit(size, limit)
                    digest.update(chunk)
                    file.write(chunk)
                if flush:
                    flush_to_disk(file.fileno())
                check_digest(sha256, digest.hexdigest())
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Staged(sha256, size, path)

    def flush(self, staged: Sequence[Staged]) -> None:
        """Bring staged files to the disk, as far as that goes in one go: each on its own costs milliseconds."""
        with disk_errors():
            if len(staged) >= MANY and flush_file_system(self.staging):
                return
        with disk_errors(), ThreadPoolExecutor(FLUSH_THREADS) as pool:
            for _ in pool.map(_flush, staged):
                pass

    def publish(self, staged: Staged) -> None:
        """Make a staged file a blob."""
        if self._folder is None:
            self.copy_up(staged)
            return
        target = self._folder / key(staged.sha256)
        with disk_errors():
            try:
                staged.path.replace(target)
            except FileNotFoundError:
                target.parent.mkdir(exist_ok=True)
                staged.path.replace(target)

    def copy_up(self, staged: Staged) -> None:
        """Send a staged file to a remote store; it stays staged until its row is safe."""
        with store_errors():
            obstore.put(self._bucket, key(staged.sha256), staged.path)

    def has(self, sha256: str) -> bool:
        """Whether the blob is there."""
        if self._folder is not None:
            return (self._folder / key(sha256)).is_file()
        with store_errors():
            try:
                obstore.head(self._bucket, key(sha256))
            except FileNotFoundError:
                return False
        return True

    def read(self, sha256: str, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """Open a blob and stream its bytes from `start` up to `stop`. Raises `UnknownFile` at once."""
        check_sha256(sha256)
        if stop is not None and stop <= start:
            return iter(())
        wanted = {"offset": start} if stop is None else (start, stop)
        options: Any = {} if (start, stop) == (0, None) else {"range": wanted}
        with store_errors():
            try:
                found = obstore.get(self._bucket, key(sha256), options=options)
            except FileNotFoundError:
                raise UnknownFile(f"the farm has no file {sha256}") from None
        return self._streamed(found)

    @staticmethod
    def _streamed(found: Any) -> Iterator[bytes]:
        with store_errors():
            for chunk in found.stream(min_chunk_size=CHUNK):
                yield bytes(chunk)

    def delete(self, hashes: Sequence[str]) -> None:
        """Delete blobs; one that is not there is as good as deleted."""
        if self._folder is None:
            with store_errors(), suppress(FileNotFoundError):
                obstore.delete(self._bucket, [key(sha256) for sha256 in hashes])
            return
        for sha256 in hashes:
            (self._folder / key(sha256)).unlink(missing_ok=True)

    def list(self) -> Iterator[StoredBlob]:
        """All blobs in the store."""
        with store_errors():
            for batch in obstore.list(self._bucket, chunk_size=1000):
                for entry in batch:
                    name = entry["path"].rsplit("/", 1)[-1]
                    if _SHA256.fullmatch(name):
                        yield StoredBlob(name, entry["size"], entry["last_modified"].timestamp())


def key(sha256: str) -> str:
    """The path of a blob in its store, spread over 256 folders."""
    return f"{sha256[:2]}/{sha256}"


def open_store(url: str, staging: Path, options: Mapping[str, str] | None = None) -> BlobStore:
    """Open the store at `url`: a folder, or `s3://bucket/prefix` with the S3 `options` of obstore.

    A folder has its own staging below it, so that publishing is a rename on one disk; `staging` is for a bucket.
    """
    parts = urlsplit(url)
    if parts.scheme == "s3":
        if not parts.netloc:
            raise BadConfig("files_url names no bucket: write it like s3://bucket/prefix")
        given: dict[str, Any] = {"region": "us-east-1", **(options or {})}
        client: Any = {"allow_http": str(given.get("endpoint", "")).startswith("http://"), "timeout": "300s"}
        bucket = S3Store(parts.netloc, prefix=parts.path.strip("/") or None, client_options=client, **given)
        return BlobStore(bucket, staging)
    if parts.scheme and "://" in url:
        raise BadConfig(f"files_url is a folder or s3://bucket/prefix, not {parts.scheme}://")
    folder = Path(url).expanduser().resolve()
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadConfig(f"the folder of the files, {folder}, cannot be made: {error.strerror}") from error
    return BlobStore(LocalStore(folder, mkdir=True), folder / ".staging", folder)


def check_limit(size: int, limit: int) -> None:
    """Raise `TooLarge` when `size` is above `limit` (0: none)."""
    if limit and size > limit:
        raise TooLarge(f"the file is larger than this server takes, {limit} bytes")


def check_digest(sha256: str, found: str) -> None:
    """Raise `HashMismatch` unless the bytes that came have the hash that they should have."""
    if found != sha256:
        raise HashMismatch(f"the bytes that came have the SHA-256 {found}, not {sha256}", "sha256")


def _flush(staged: Staged) -> None:
    with staged.path.open("rb+") as file:
        flush_to_disk(file.fileno())


def flush_file_system(folder: Path) -> bool:
    """Bring all that was written to the disk that `folder` is on; False where the platform has no such call."""
    flush = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None) if sys.platform == "linux" else None
    if flush is None:
        return False
    handle = os.open(folder, os.O_RDONLY)
    try:
        if flush(handle) != 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(folder))
    finally:
        os.close(handle)
    return True


def flush_to_disk(handle: int) -> None:
    """Bring a file's bytes to the disk itself: its row must not outlive them in a power cut."""
    os.fsync(handle)


@contextmanager
def disk_errors() -> Iterator[None]:
    """Turn a full disk into `DiskFull`."""
    try:
        yield
    except OSError as error:
        if is_disk_full(error):
            raise DiskFull("the disk where the server keeps its files is full") from error
        raise


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn what the store's own library raises into `StoreUnavailable`."""
    try:
        yield
    except BaseError as error:
        line = str(error).strip().splitlines()[0]
        raise StoreUnavailable(f"the file store does not answer: {line}") from error
