"""The manager's calls to its server (see docs/protocol.md).

While the server is away nobody waits for it: after a call that found nobody, calls fail at once for a short and growing time.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

import certifi
import msgspec
import requests.utils
import urllib3
from flamenco_common.documents import MANAGER_ADDRESS, ClaimAnswer, HashList, ManagerReport, ReportAnswer, TaskFiles
from flamenco_common.hosts import is_loopback
from urllib3 import BaseHTTPResponse
from urllib3.exceptions import HTTPError

from flamenco_manager.errors import Rejected, Unreachable

_CONNECT_SECONDS = 5.0
_LONGEST_PAUSE = 5.0
_TRY_AGAIN = (401, 403, 408, 425, 429)  # the manager's token may count again, when somebody mends it
_log = logging.getLogger(__name__)
Document = TypeVar("Document")


class Me(msgspec.Struct, frozen=True):
    """Who the server takes this manager for."""

    kind: str
    id: int
    name: str


class _Setting(msgspec.Struct, frozen=True):
    """A setting of the farm that is a table."""

    value: dict[str, Any]


class Server:
    """The server. Every call may raise `Unreachable`, or `Rejected` where the same again would not help."""

    def __init__(self, url: str, token: str, timeout: float, connections: int = 32, address: str = "") -> None:
        self._url = url.rstrip("/") + "/api"
        self._timeout = urllib3.Timeout(connect=_CONNECT_SECONDS, read=timeout)
        self._breaker = Breaker()
        self._headers = {"Authorization": f"Bearer {token}"}
        self._address = address
        self._pool = _pool(self._url, connections)

    @property
    def is_away(self) -> bool:
        """Whether a call would fail at once, since the last one found nobody."""
        return self._breaker.is_open

    @property
    def seconds_until_next_try(self) -> float:
        """How long calls still fail at once."""
        return self._breaker.seconds_left

    def me(self) -> Me:
        """Who this manager is; the server learns where workers reach it."""
        return _read(self.call("GET", "/me", headers={MANAGER_ADDRESS: self._address} if self._address else None), Me)

    def farm_variables(self) -> dict[str, Any]:
        """The farm's variables, as people edit them at the server."""
        return _read(self.call("GET", "/settings/variables"), _Setting).value

    def use_enrolment(self, token: str, identity: str) -> None:
        """Let a worker join with a token that somebody made at the server. Raises `Rejected` if it lets none."""
        self.call("POST", "/enrolments/use", msgspec.json.encode({"token": token, "identity": identity}))

    def claim(self, lease: str, workers: Sequence[str], revision: int) -> ClaimAnswer:
        """Tasks for waiting workers; the same lease again gives the same."""
        query = {"lease": lease, "workers": ",".join(workers), "revision": str(revision)}
        return _read(self.call("GET", "/scheduler/tasks?" + urlencode(query)), ClaimAnswer)

    def report(self, report: ManagerReport) -> ReportAnswer:
        """All that there is to say."""
        return _read(self.call("PATCH", "/tasks", msgspec.json.encode(report)), ReportAnswer)

    def task_files(self, task_id: int) -> TaskFiles:
        """What a task needs."""
        return _read(self.call("GET", f"/tasks/{task_id}/files"), TaskFiles)

    def files_zip(self, hashes: Sequence[str]) -> BaseHTTPResponse:
        """Many files as one zip stream, to be read and closed."""
        return self.call("POST", "/files/zip", msgspec.json.encode(HashList(list(hashes))), stream=True)

    def file(self, sha256: str, offset: int) -> BaseHTTPResponse:
        """A file from byte `offset` on, or the whole (then the status is 200), to be read and closed."""
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        return self.call("GET", f"/files/{sha256}", headers=headers, stream=True)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        stream: bool = False,
        accept: Sequence[int] = (),
    ) -> BaseHTTPResponse:
        """Call the server; statuses in `accept` are answers too."""
        self._breaker.check()
        sent = {
            **self._headers,
            **({"Content-Type": "application/json"} if isinstance(body, bytes) else {}),
            **(headers or {}),
        }
        try:
            answer = self._pool.request(
                method, self._url + path, body=body, headers=sent, timeout=self._timeout, retries=False, redirect=False,
                preload_content=not stream,
            )  # fmt: skip
        except HTTPError as error:
            self._breaker.failed(f"it does not answer ({type(error).__name__})")
            raise Unreachable(f"the server does not answer: {type(error).__name__}") from error
        if answer.status < 300 or answer.status in accept:
            self._breaker.worked()
            return answer
        raise self._refusal(answer)

    def _refusal(self, answer: BaseHTTPResponse) -> Unreachable:
        detail = _detail(answer)
        status = answer.status
        if status in (502, 503, 504):
            self._breaker.failed(f"it is in trouble: {detail}")
            return Unreachable(f"the server is in trouble: {detail}")
        if status in _TRY_AGAIN:
            self._breaker.failed(f"it refuses this manager: {detail}")
            return Unreachable(f"the server refuses this manager: {detail}")
        self._breaker.worked()
        return Rejected(detail, status)


class Breaker:
    """Remembers that the server is away, and when to try it again."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pause = 0.0
        self._until = 0.0
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Whether it is too early for another try."""
        return self._clock() < self._until

    @property
    def seconds_left(self) -> float:
        """Until the next try."""
        return max(0.0, self._until - self._clock())

    def check(self) -> None:
        """Raise `Unreachable` if it is too early for another try."""
        if self.is_open:
            raise Unreachable(f"the server is away: {self._reason}")

    def failed(self, reason: str) -> None:
        """A call found nobody."""
        with self._lock:
            if not self._pause:
                _log.warning("the server is away: %s; what there is to tell is kept", reason)
            self._reason = reason
            if not self.is_open:
                self._pause = min(_LONGEST_PAUSE, self._pause * 2 or 0.25)
                self._until = self._clock() + self._pause

    def worked(self) -> None:
        """The server answered."""
        if self._pause:
            with self._lock:
                self._pause = self._until = 0.0
            _log.info("the server answers again")


def _pool(url: str, connections: int) -> urllib3.PoolManager:
    """Connections to the server, with the certificates and, to another machine, by the proxy that the environment names."""
    here = is_loopback(urlsplit(url).hostname or "")
    proxy = None if here else requests.utils.select_proxy(url, requests.utils.get_environ_proxies(url))
    with requests.Session() as session:
        verify = session.merge_environment_settings(url, {}, None, None, None)["verify"]
    authorities = verify if isinstance(verify, str) else certifi.where()
    if proxy:
        return urllib3.ProxyManager(proxy, num_pools=2, maxsize=connections, ca_certs=authorities)
    return urllib3.PoolManager(num_pools=2, maxsize=connections, ca_certs=authorities)


def _read(answer: BaseHTTPResponse, kind: type[Document]) -> Document:
    try:
        return msgspec.json.decode(answer.data, type=kind)
    except (msgspec.DecodeError, HTTPError) as error:
        raise Unreachable(f"the server's answer cannot be read: {error}") from error


def _detail(answer: BaseHTTPResponse) -> str:
    try:
        return str(msgspec.json.decode(answer.data)["detail"])
    except (msgspec.DecodeError, HTTPError, KeyError, TypeError):
        return f"it answered {answer.status}"
