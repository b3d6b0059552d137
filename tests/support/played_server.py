"""A server that is only played, and a manager below it without a network: for tests of what the manager decides."""

from __future__ import annotations

import io
import itertools
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.abilities import Requirements
from flamenco_common.documents import (
    Assignment,
    ClaimAnswer,
    ManagerOrders,
    ManagerReport,
    ReportAnswer,
    RunUpdate,
    TaskDocument,
    TaskFile,
    TaskFiles,
    UpdateAnswer,
    UpdateResult,
    WorkerOrders,
    WorkerReport,
)
from flamenco_common.states import RunStatus
from flamenco_manager.app import create_app
from flamenco_manager.config import ManagerConfig
from flamenco_manager.db import Database
from flamenco_manager.errors import Rejected, Unreachable
from flamenco_manager.migrating import migrate
from flamenco_manager.site import Site, build
from flamenco_manager.upstream.outbox import files_of
from flamenco_manager.upstream.server import Me
from manager_parts import ABILITIES, sha
from urllib3 import HTTPResponse

COPY = [{"command": "files.copy", "inputs": {"paths": ["{job}/a"]}, "target": "{output}"}]
ENROLMENT = "the-site-s-secret"


class PlayedServer:
    """Gives tasks under leases, takes reports, stores files; it can be away, or lose its answers."""

    def __init__(self) -> None:
        self.away = False
        self.loses_answers = False  # does what it is asked, and the answer gets lost
        self.reject = ""  # reject reports that have an update of this run
        self.queue: list[TaskDocument] = []
        self.leases: dict[str, dict[str, TaskDocument]] = {}
        self.claims: list[tuple[str, list[str]]] = []
        self.reports: list[ManagerReport] = []
        self.updates: list[RunUpdate] = []
        self.workers: dict[str, WorkerReport] = {}
        self.lost: set[str] = set()  # runs that own no task any more
        self.variables: dict[str, Any] = {}
        self.joining: dict[str, str] = {}  # a token that lets workers join -> the identity that may
        self.files: dict[str, bytes] = {}
        self.fetched: list[list[str]] = []
        self.manifest: list[TaskFile] = []
        self.manifests_asked = 0
        self.orders = ManagerOrders()
        self._numbers = itertools.count(1)

    @property
    def is_away(self) -> bool:
        """As the real client: it would not even try."""
        return self.away

    seconds_until_next_try = 0.0

    def add_task(self, **more: Any) -> TaskDocument:
        """Queue a task."""
        number = next(self._numbers)
        values: dict[str, Any] = {
            "task_id": number, "run_id": f"run-{number}", "job_id": 1, "step": "render", "job_name": "a job", "job_type": "copying",
            "template": COPY, "params": {}, "requirements": Requirements(), "lease_seconds": 300, **more,
        }  # fmt: skip
        self.queue.append(TaskDocument(**values))
        return self.queue[-1]

    # ---- what the manager calls ----

    def me(self) -> Me:
        self._answering()
        return Me("manager", 1, "site")

    def farm_variables(self) -> dict[str, Any]:
        self._answering()
        return self.variables

    def use_enrolment(self, token: str, identity: str) -> None:
        self._answering()
        if self.joining.get(token) != identity:
            raise Rejected("this token lets no worker join", 409)

    def claim(self, lease: str, workers: Sequence[str], revision: int) -> ClaimAnswer:
        if self.away:
            raise Unreachable("away")
        self.claims.append((lease, list(workers)))
        had = self.leases.setdefault(lease, {})
        for worker in workers:
            known = self.workers.get(worker)
            if worker not in had and self.queue and known and known.enabled and known.state.value == "awake":
                had[worker] = self.queue.pop(0)
        self._answering()
        return ClaimAnswer({worker: had[worker] for worker in workers if worker in had}, self._orders(revision))

    def report(self, report: ManagerReport) -> ReportAnswer:
        if self.away:
            raise Unreachable("away")
        if self.reject and any(update.run_id == self.reject for update in report.updates):
            raise Rejected("nonsense", 422)
        self.reports.append(report)
        self.workers.update({worker.worker_id: worker for worker in report.workers})
        results = [self._apply(update) for update in report.updates]
        self._answering()
        return ReportAnswer(results, [run for run in report.alive if run in self.lost], self._orders(report.revision))

    def task_files(self, task_id: int) -> TaskFiles:
        self._answering()
        self.manifests_asked += 1
        return TaskFiles(self.manifest)

    def files_zip(self, hashes: Sequence[str]) -> HTTPResponse:
        self._answering()
        self.fetched.append(list(hashes))
        if not set(hashes) <= self.files.keys():
            raise Rejected("there is no such file", 404)
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for sha256 in hashes:
                archive.writestr(sha256, self.files[sha256])
        return _response(buffer.getvalue(), 200)

    def file(self, sha256: str, offset: int) -> HTTPResponse:
        self._answering()
        self.fetched.append([sha256])
        if sha256 not in self.files:
            raise Rejected("there is no such file", 404)
        return _response(self.files[sha256][offset:], 206 if offset else 200)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> HTTPResponse:
        """Uploads."""
        self._answering()
        assert (method, path[:7]) == ("PUT", "/files/")
        data = body.read()
        assert sha(data) == path[7:]
        self.files[path[7:]] = data
        return _response(b"", 201)

    def _answering(self) -> None:
        if self.away or self.loses_answers:
            raise Unreachable("away")

    def _apply(self, update: RunUpdate) -> UpdateResult:
        if update.run_id in self.lost:
            return UpdateResult(update.run_id, update.seq, False, "the run no longer owns its task")
        missing = sorted(files_of(update) - self.files.keys())
        if missing:
            return UpdateResult(update.run_id, update.seq, False, "files are missing", missing)
        if all(known.run_id != update.run_id or known.seq < update.seq for known in self.updates):
            self.updates.append(update)
        return UpdateResult(update.run_id, update.seq, True)

    def _orders(self, revision: int) -> ManagerOrders:
        wishes = [wish for wish in self.orders.workers if wish.revision > revision]
        return ManagerOrders(self.orders.revision, wishes, self.orders.logs)


def _response(data: bytes, status: int) -> HTTPResponse:
    return HTTPResponse(
        io.BytesIO(data), headers={"Content-Length": str(len(data))}, status=status, preload_content=False
    )


class Ticks:
    """Time that a test moves."""

    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Played:
    """A manager below a played server; it can be ended and started again on the same disk."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.server = PlayedServer()
        self.clock = Ticks(1_800_000_000.0)
        self.ticks = Ticks(1000.0)
        self.config = ManagerConfig(data_dir=folder, token="manager_1_x", enrolment=ENROLMENT, **settings)
        self.start()

    def start(self) -> None:
        """Start on what is on disk."""
        self.database = Database(self.config.url())
        migrate(self.database)
        self.site: Site = build(self.config, self.database, self.clock, self.ticks, self.server)  # type: ignore[arg-type]
        self.app = create_app(self.site)

    def restart(self) -> None:
        """As after a kill: nothing is said at the end."""
        self.database.close()
        self.start()

    def deliver(self) -> None:
        """What the courier does when it is woken."""
        self.site.courier.round()

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.now += seconds
        self.ticks.now += seconds

    def worker(self, name: str = "w1", **abilities: Any) -> PlayedWorker:
        """A worker that signed in."""
        return PlayedWorker(self, name, abilities)


class PlayedWorker:
    """Makes a worker's calls."""

    def __init__(self, manager: Played, name: str, abilities: dict[str, Any]) -> None:
        self._manager = manager
        self.name = name
        self.token = ENROLMENT
        self._abilities = abilities
        self.orders = WorkerOrders()
        self.sign_in()

    def sign_in(self) -> None:
        """Both halves of the handshake."""
        body = {"identity": self.name, "name": self.name, "abilities": {**ABILITIES, **self._abilities}}
        answer = self("POST", "/register", json=body)
        assert answer.status_code == 200, answer.text
        self.id, self.token = answer.json["worker_id"], answer.json["token"]
        self.orders = msgspec.json.decode(self("POST", "/available").data, type=WorkerOrders)

    def __call__(self, method: str, path: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
        sent = {"Authorization": f"Bearer {self.token}", **(headers or {})}
        return self._manager.app.test_client().open(path, method=method, headers=sent, **more)

    def generate(self, *have: str) -> Assignment | None:
        """Ask for work."""
        answer = self("GET", f"/generate?have={','.join(have)}")
        self.orders = msgspec.json.decode(answer.headers["Flamenco-Orders"], type=WorkerOrders)
        if answer.status_code == 204:
            return None
        assert answer.status_code == 200, answer.text
        return msgspec.json.decode(answer.data, type=Assignment)

    def work(self) -> Assignment:
        """Ask for work that must be there."""
        found = self.generate()
        assert found is not None
        return found

    def report(self, *updates: RunUpdate) -> list[UpdateResult]:
        """Report on runs."""
        answer = self("PATCH", "/tasks", data=msgspec.json.encode(list(updates)))
        assert answer.status_code == 200, answer.text
        document = msgspec.json.decode(answer.data, type=UpdateAnswer)
        self.orders = document.orders
        return document.results


def update(task: Assignment | TaskDocument, seq: int, status: str = "", **more: Any) -> RunUpdate:
    """An update of a task's run."""
    return RunUpdate(task.run_id, task.task_id, seq, RunStatus(status) if status else None, **more)
