"""The worker's calls to its manager: the handshake, work, reports and files (see docs/protocol.md)."""

from __future__ import annotations

import re
import shutil
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import msgspec
import requests
from flamenco_common import content
from flamenco_common.documents import (
    Assignment,
    HashList,
    OwnLog,
    OwnLogTaken,
    Registered,
    Registration,
    RunUpdate,
    TaskFiles,
    UpdateAnswer,
    WorkerOrders,
)
from flamenco_common.hosts import is_loopback
from requests.adapters import HTTPAdapter

from flamenco_worker.errors import BadConfig, MachineFault, Refused, Unreachable, WorkerError

_CONNECT_AND_READ = (5, 60)
_BLOCK = 1 << 20
Document = TypeVar("Document")


class NoSuchThing(WorkerError):
    """The manager does not know what was asked for."""


class Upstream:
    """A manager, seen from a worker. Every call may raise `Unreachable` or `Refused`."""

    def __init__(self, address: str, token: str = "") -> None:
        """Raises `BadConfig` if that is no address."""
        if not re.match(r"https?://[^/]", address):
            raise BadConfig(f"the manager's address {address} does not begin with http:// or https://")
        self._address = address.rstrip("/")
        self._session = requests.Session()
        self._session.mount("http", HTTPAdapter(pool_maxsize=8))
        self._session.auth = self._signed
        # The proxy of the environment does not lead to this machine itself.
        self._session.trust_env = not is_loopback(urlsplit(address).hostname or "")
        self.token, self.refused_token = token, ""

    def use_token(self, token: str) -> None:
        """Speak with this token from now on."""
        self.token = token

    def _signed(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """As the session's authentication, the token is not replaced by a .netrc entry."""
        request.headers["Authorization"] = f"Bearer {self.token}"
        return request

    def register(self, registration: Registration) -> Registered:
        """First half of the handshake, with the enrolment secret or this worker's own token."""
        return self._read(self._call("POST", "/register", registration), Registered)

    def available(self) -> WorkerOrders:
        """Second half: this worker holds no run."""
        return self._read(self._call("POST", "/available"), WorkerOrders)

    def offline(self) -> None:
        """Sign off; all runs are given back."""
        self._call("POST", "/offline")

    def generate(self, have: Sequence[str]) -> tuple[Assignment | None, WorkerOrders]:
        """Ask for an assignment that is not among `have`."""
        answer = self._call("GET", f"/generate?have={','.join(have)}")
        orders = msgspec.json.decode(answer.headers.get("Flamenco-Orders", "{}"), type=WorkerOrders)
        return (None if answer.status_code == 204 else self._read(answer, Assignment)), orders

    def update(self, updates: Sequence[RunUpdate]) -> UpdateAnswer:
        """Deliver reports on runs."""
        return self._read(self._call("PATCH", "/tasks", list(updates)), UpdateAnswer)

    def own_log(self, piece: OwnLog) -> OwnLogTaken:
        """Tell what this worker logs of itself."""
        return self._read(self._call("POST", "/log", piece), OwnLogTaken)

    def task_files(self, task_id: int) -> TaskFiles:
        """The manifest of a task."""
        return self._read(self._call("GET", f"/tasks/{task_id}/files"), TaskFiles)

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Those of `hashes` that the site lacks."""
        return self._read(self._call("POST", "/files/missing", HashList(list(hashes))), HashList).sha256

    def put(self, sha256: str, path: Path) -> None:
        """Send a file up."""
        with path.open("rb") as stream:
            self._call("PUT", f"/files/{sha256}", stream)

    def get_many(self, task_id: int, hashes: Sequence[str], folder: Path) -> Iterator[tuple[str, Path]]:
        """Fetch small files as one zip stream; yields each hash and a temporary file below `folder`."""
        answer = self._call("POST", f"/tasks/zip/{task_id}", HashList(list(hashes)), stream=True)
        with tempfile.TemporaryFile(dir=folder) as spool:
            for block in self._blocks(answer):
                spool.write(block)
            spool.seek(0)
            yield from _unzipped(spool, folder, frozenset(hashes))

    def get_large(self, sha256: str, size: int, path: Path) -> None:
        """Fetch one file into `path`, going on where an earlier try broke off."""
        have = path.stat().st_size if path.exists() else 0
        if have > size:
            path.unlink()
            have = 0
        if have == size:
            return
        headers = {"Range": f"bytes={have}-"} if have else {}
        try:
            answer = self._call("GET", f"/files/{sha256}", headers=headers, stream=True)
        except NoSuchThing as error:
            if not have:
                raise
            path.unlink()
            raise Unreachable(f"the manager cannot go on with a file that broke off: {error}") from error
        with path.open("ab" if answer.status_code == 206 else "wb") as target:
            for block in self._blocks(answer):
                target.write(block)

    def _blocks(self, answer: requests.Response) -> Iterator[bytes]:
        try:
            yield from answer.iter_content(_BLOCK)
        except requests.RequestException as error:
            raise Unreachable(f"the manager broke off a file: {error}") from error

    def _call(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, stream: bool = False
    ) -> requests.Response:
        token = self.token
        data = body if body is None or hasattr(body, "read") else msgspec.json.encode(body)
        sent = {**(headers or {}), **({"Content-Type": "application/json"} if isinstance(data, bytes) else {})}
        try:
            answer = self._session.request(
                method, self._address + path, data=data, headers=sent, timeout=_CONNECT_AND_READ, stream=stream
            )
        except requests.RequestException as error:
            raise Unreachable(f"the manager at {self._address} does not answer: {_plain(error)}") from error
        if answer.ok:
            return answer
        said = _error(answer)
        if isinstance(said, Refused):
            self.refused_token = token
        raise said

    def _read(self, answer: requests.Response, kind: type[Document]) -> Document:
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except (msgspec.DecodeError, requests.RequestException) as error:
            raise Unreachable(f"the manager's answer cannot be read: {error}") from error


def _plain(error: Exception) -> str:
    return type(error).__name__


def _error(answer: requests.Response) -> WorkerError:
    try:
        detail = str(answer.json()["detail"])
    except (ValueError, KeyError, TypeError):
        detail = f"it answered {answer.status_code}"
    if answer.status_code in (401, 403):
        return Refused(f"the manager refuses this worker: {detail}")
    if answer.status_code >= 500 or answer.status_code in (408, 425, 429):
        return Unreachable(f"the manager is in trouble: {detail}")
    return NoSuchThing(detail)


def _unzipped(spool: Any, folder: Path, wanted: frozenset[str]) -> Iterator[tuple[str, Path]]:
    """Only what was asked for: an entry's name becomes part of a path."""
    try:
        with zipfile.ZipFile(spool) as archive:
            for entry in archive.infolist():
                if entry.filename not in wanted:
                    raise Unreachable("the manager sent a file that nobody asked for")
                target = folder / f"{entry.filename}.part"
                with archive.open(entry) as source, target.open("wb") as sink:
                    shutil.copyfileobj(source, sink, _BLOCK)
                yield entry.filename, target
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise Unreachable("the manager broke off a stream of files") from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal. Raises `MachineFault`."""
    try:
        return content.sha256_of(path)
    except OSError as error:
        raise MachineFault(f"{path} cannot be read: {error.strerror}") from error


def retried(call: Callable[[], Document], tries: int, pause: Callable[[float], object]) -> Document:
    """Repeat a call that finds nobody, up to `tries` times, waiting longer each time."""
    for attempt in range(tries - 1):
        try:
            return call()
        except Unreachable:
            pause(min(30.0, 0.5 * 2**attempt))
    return call()


def batches(items: Iterable[Document], size: int) -> Iterator[list[Document]]:
    """Split into lists of at most `size`."""
    batch: list[Document] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
