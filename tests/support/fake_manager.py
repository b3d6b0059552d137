"""A manager for tests of the worker: a small real HTTP server that speaks the worker's protocol and remembers what it was told."""

from __future__ import annotations

import contextlib
import hashlib
import io
import itertools
import socket
import threading
import zipfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.documents import (
    Assignment,
    HashList,
    OwnLog,
    OwnLogTaken,
    Registered,
    Registration,
    RunUpdate,
    TaskFile,
    TaskFiles,
    UpdateAnswer,
    UpdateResult,
    WorkerOrders,
)
from flamenco_common.states import RunStatus
from flamenco_common.templates import fill
from processes import free_port, until

ENROLMENT = "the-site's-secret"


def sha(data: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


@dataclass
class Work:
    """A run to hand out: its commands as a template, and the files of its task."""

    run_id: str
    task_id: int
    template: list[dict[str, Any]]
    files: list[TaskFile]
    job_id: int
    more: dict[str, Any]
    over: bool = False


@dataclass
class Faults:
    """What the next answers get wrong."""

    cut: dict[str, int] = field(default_factory=dict)  # hash -> how many bytes of it go out, once
    damage: set[str] = field(default_factory=set)  # hashes that arrive damaged, once
    stray: str = ""  # an entry of that name is slipped into the next zip
    refuse_tokens: bool = False
    forget_files: int = 0  # so many updates are told that their files are missing
    status: int = 0  # answer everything with it
    status_of_puts: int = 0  # take no file
    no_log: bool = False  # be older than that call
    slow_puts: threading.Event | None = None  # wait for it before a file is taken


class FakeManager:
    """`with FakeManager() as manager:`; it can be stopped and started again at the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.lock = threading.RLock()
        self.blobs: dict[str, bytes] = {}
        self.work: list[Work] = []
        self.registered: list[Registration] = []
        self.tokens: list[str] = []
        self.updates: list[RunUpdate] = []
        self.received: list[str] = []  # hashes that the worker put
        self.calls: list[str] = []
        self.asked: list[list[str]] = []  # the `have` of each /generate
        self.own_log = b""  # what the worker logs of itself
        self.fetched: dict[str, list[str]] = defaultdict(list)  # hash -> Range headers of its requests
        self.orders = WorkerOrders(wait=0.05)
        self.refused: set[str] = set()
        self.faults = Faults()
        self._numbers = itertools.count(1)
        self._server: ThreadingHTTPServer | None = None

    def __enter__(self) -> FakeManager:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Answer at the address."""
        manager = self

        class Handler(_Handler):
            def answer(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
                return manager.answer(self.command, self.path, body, dict(self.headers))

        self._server = _Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def stop(self) -> None:
        """Be away."""
        server, self._server = self._server, None
        if server is not None:
            server.shutdown()
            server.server_close()

    # ---- what a test says ----

    def give(
        self, *template: dict[str, Any], files: Mapping[str, bytes] | None = None, job: int = 1, **more: Any
    ) -> str:
        """Have a run handed out; returns its id. `more` are fields of the assignment."""
        named = []
        for path, data in (files or {}).items():
            self.blobs[sha(data)] = data
            named.append(TaskFile(path, sha(data), len(data)))
        with self.lock:
            number = next(self._numbers)
            self.work.append(Work(f"run-{number}", number, list(template), named, job, more))
        return f"run-{number}"

    def of(self, run_id: str) -> list[RunUpdate]:
        """The accepted updates of a run, in the order in which they came."""
        return [update for update in self.updates if update.run_id == run_id]

    def ended(self, run_id: str) -> RunUpdate | None:
        """The last update of a run that is over."""
        return next((update for update in self.of(run_id) if update.status not in (None, RunStatus.PROCESSING)), None)

    def wait_for(self, run_id: str, seconds: float = 15.0) -> RunUpdate:
        """Wait until a run is over."""
        return until(lambda: self.ended(run_id), seconds, f"{run_id} is over")

    def log(self, run_id: str) -> str:
        """The whole log of a run."""
        return "".join(update.log for update in self.of(run_id))

    def outputs(self, run_id: str) -> dict[str, bytes | None]:
        """Path → bytes of what a run made."""
        return {each.path: self.blobs.get(each.sha256) for update in self.of(run_id) for each in update.outputs}

    # ---- what the worker gets ----

    def answer(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        """Answer one call: status, body, headers."""
        path, _, query = path.partition("?")
        if method == "PUT" and self.faults.slow_puts is not None:
            self.faults.slow_puts.wait(30)
        with self.lock:
            self.calls.append(f"{method} {path}")
            if self.faults.status:
                return _problem(self.faults.status, "told to")
            token = headers.get("Authorization", "").removeprefix("Bearer ")
            if path == "/register":
                return self._register(token, body)
            if self.faults.refuse_tokens or token != (self.tokens or [""])[-1]:
                return _problem(401, "the token is not known")
            return self._route(method, path, query, body, headers)

    def _register(self, token: str, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        if token != ENROLMENT and token not in self.tokens[-1:]:
            return _problem(401, "neither the site's secret nor a worker's token")
        self.registered.append(msgspec.json.decode(body, type=Registration))
        self.tokens.append(f"worker_1_{len(self.tokens)}")
        self.faults.refuse_tokens = False
        return _document(Registered("M1-test", self.tokens[-1]))

    def _route(
        self, method: str, path: str, query: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        if path == "/available":
            return _document(self.orders)
        if path == "/offline":
            return 204, b"", {}
        if path == "/generate":
            return self._generate(query.removeprefix("have=").split(",") if query != "have=" else [])
        if path == "/log":
            return self._take_own_log(msgspec.json.decode(body, type=OwnLog))
        if path == "/tasks":
            results = [self._take(each) for each in msgspec.json.decode(body, type=list[RunUpdate])]
            return _document(UpdateAnswer(results, self.orders))
        if path == "/files/missing":
            wanted = msgspec.json.decode(body, type=HashList).sha256
            return _document(HashList([each for each in wanted if each not in self.blobs]))
        if path.startswith("/tasks/zip/"):
            return self._zip(msgspec.json.decode(body, type=HashList).sha256)
        if path.startswith("/tasks/"):
            number = int(path.split("/")[2])
            return _document(TaskFiles(next(work.files for work in self.work if work.task_id == number)))
        return self._file(method, path.rsplit("/", 1)[1], body, headers)

    def _take_own_log(self, piece: OwnLog) -> tuple[int, bytes, dict[str, str]]:
        if self.faults.no_log:
            return _problem(404, "there is no such page")
        if piece.text:
            self.own_log = self.own_log[: piece.offset] + piece.text.encode()
        return _document(OwnLogTaken(len(self.own_log)))

    def _generate(self, have: list[str]) -> tuple[int, bytes, dict[str, str]]:
        self.asked.append(have)
        orders = {"Flamenco-Orders": msgspec.json.encode(self.orders).decode()}
        free = [work for work in self.work if not work.over and work.run_id not in have]
        if self.orders.state != "run" or not free:
            return 204, b"", orders
        status, body, headers = _document(self._assignment(free[0]))
        return status, body, {**headers, **orders}

    def _assignment(self, work: Work) -> Assignment:
        root = Path(self.registered[-1].abilities.work_dir) / "jobs" / str(work.job_id)
        roots = {"job": str(root / "tree"), "output": str(root / "output")}
        fields: dict[str, Any] = {"job_root": roots["job"], "output_root": roots["output"], **work.more}
        commands = fill(work.template, {}, {"job": fields["job_root"], "output": fields["output_root"]})
        return Assignment(
            task_id=work.task_id, run_id=work.run_id, job_id=work.job_id, step="step", job_name="job", job_type="type",
            commands=commands, **fields,
        )  # fmt: skip

    def _take(self, update: RunUpdate) -> UpdateResult:
        work = next((work for work in self.work if work.run_id == update.run_id), None)
        if work is None or update.run_id in self.refused:
            if work is not None:
                work.over = True
            return UpdateResult(update.run_id, update.seq, False, "the run no longer owns its task")
        known = max((each.seq for each in self.of(update.run_id)), default=-1)
        if update.seq <= known:
            return UpdateResult(update.run_id, update.seq, True)
        named = [each for output in update.outputs for each in (output.sha256, output.thumbnail) if each]
        if self.faults.forget_files and named:
            self.faults.forget_files -= 1
            for each in named:
                self.blobs.pop(each, None)
        lacking = [each for each in named if each not in self.blobs and not work.more.get("storage")]
        if lacking:
            return UpdateResult(update.run_id, update.seq, False, "files are missing", lacking)
        self.updates.append(update)
        work.over = work.over or update.status not in (None, RunStatus.PROCESSING)
        return UpdateResult(update.run_id, update.seq, True)

    def _zip(self, hashes: Sequence[str]) -> tuple[int, bytes, dict[str, str]]:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            if self.faults.stray:
                archive.writestr(self.faults.stray, b"stray")
                self.faults.stray = ""
            for each in hashes:
                data = self.blobs[each]
                if each in self.faults.damage:
                    self.faults.damage.discard(each)
                    data = b"!" + data[1:]
                archive.writestr(each, data)
        return 200, buffer.getvalue(), {}

    def _file(
        self, method: str, name: str, body: bytes, headers: Mapping[str, str]
    ) -> tuple[int, bytes, dict[str, str]]:
        if method == "PUT" and self.faults.status_of_puts:
            return _problem(self.faults.status_of_puts, "this file is too large")
        if method == "PUT":
            if sha(body) != name:
                return _problem(422, "these bytes have another hash")
            self.received.append(name)
            self.blobs[name] = body
            return 201, b"", {}
        wanted = headers.get("Range", "")
        self.fetched[name].append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-") or 0)
        data = self.blobs[name][start:]
        more = {}
        if name in self.faults.cut:
            more = {"Content-Length": str(len(data))}
            data = data[: self.faults.cut.pop(name)]
        return (206 if wanted else 200), data, more


class _Server(ThreadingHTTPServer):
    """Ends its open connections when it is closed, as a process that dies does."""

    daemon_threads = True

    def __init__(self, *arguments: Any) -> None:
        self._connections: list[socket.socket] = []
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Remember each connection."""
        connection, address = super().get_request()
        self._connections.append(connection)
        return connection, address

    def server_close(self) -> None:
        """End all connections."""
        super().server_close()
        for connection in self._connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, *_: Any) -> None:
        """A connection that ended is expected."""


class _Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"

    def answer(self, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers of the answer."""
        raise NotImplementedError

    def _handle(self) -> None:
        body = self._body()
        status, data, headers = self.answer(body)
        self.send_response(status)
        for name, value in {"Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)
        if headers.get("Content-Length", str(len(data))) != str(len(data)):
            self.close_connection = True

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815 - the library's names

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


def _document(document: Any) -> tuple[int, bytes, dict[str, str]]:
    return 200, msgspec.json.encode(document), {"Content-Type": "application/json"}


def _problem(status: int, detail: str) -> tuple[int, bytes, dict[str, str]]:
    body = msgspec.json.encode({"title": "no", "status": status, "detail": detail})
    return status, body, {"Content-Type": "application/problem+json"}
