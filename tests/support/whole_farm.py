"""A whole farm of real processes, each of which can be killed and started again: for end-to-end tests and benchmarks."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import requests
from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_client.fetch import Fetched, fetch
from flamenco_client.submit import Submission, submit
from processes import free_port, until
from scenes import BLENDERS

FLAMENCO = [sys.executable, "-m", "flamenco_cli"]
ENDED = ("completed", "failed", "canceled")


@dataclass
class Part:
    """A process of the farm."""

    name: str
    arguments: list[str]
    environment: dict[str, str]
    log: Path
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it (again)."""
        assert self.process is None or self.process.poll() is not None, f"{self.name} runs already"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [*FLAMENCO, *self.arguments],
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def signal(self, number: int) -> None:
        """Send it a signal, and not its children."""
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """`kill -9`."""
        self.signal(signal.SIGKILL)
        assert self.process is not None
        self.process.wait(10)

    def stop(self, seconds: float = 30) -> int:
        """SIGTERM, and wait for its end; the exit code."""
        assert self.process is not None
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        return self.process.wait(seconds)


@dataclass
class WholeFarm:
    """Server, manager and workers below `folder`; to be closed."""

    folder: Path
    database_url: str = ""  # of the server; empty: SQLite
    manager_database_url: str = ""
    lease_seconds: int = 300
    silent_seconds: int = 60
    parts: dict[str, Part] = field(default_factory=dict)
    token: str = ""
    enrolment: str = ""

    def __post_init__(self) -> None:
        self.port, self.manager_port, self.events_port = free_port(), free_port(), free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.manager_address = f"http://127.0.0.1:{self.manager_port}"
        self.enrolment = secrets.token_hex(16)
        self.dashboard_port = 0  # of the dashboard, once it is started

    # ---- parts ----

    def start(self) -> WholeFarm:
        """Start server and manager."""
        self.start_server()
        self.start_manager()
        return self

    def start_server(self) -> Part:
        """Start the server; with its first start a user and a manager are made."""
        environment = {
            "DATA_DIR": str(self.folder / "server"),
            "PORT": str(self.port),
            "EVENTS_PORT": str(self.events_port),
            "LEASE_SECONDS": str(self.lease_seconds),
            "JOB_COMPILERS": str(self.folder / "compilers"),
        }
        if self.database_url:
            environment["DATABASE_URL"] = self.database_url
        first = "server" not in self.parts
        part = self._part("server", ["server", "run"], "SERVER", environment)
        if first:
            if self.database_url:
                self._command(part, "server", "migrate")
            self.token = self._command(part, "server", "create-user", "boss", "--role", "admin")
            self.manager_token = self._command(part, "server", "create-manager", "site")
        part.start()
        self.until_up("server")
        return part

    def start_manager(self) -> Part:
        """Start the manager."""
        environment = {
            "DATA_DIR": str(self.folder / "manager"),
            "PORT": str(self.manager_port),
            "SERVER_URL": self.address,
            "TOKEN": self.manager_token,
            "ENROLMENT": self.enrolment,
            "MDNS": "false",
            "WORKER_SILENT_SECONDS": str(self.silent_seconds),
        }
        if self.manager_database_url:
            environment["DATABASE_URL"] = self.manager_database_url
        part = self._part("manager", ["manager", "run"], "MANAGER", environment)
        if self.manager_database_url and part.process is None:
            self._command(part, "manager", "migrate")
        part.start()
        self.until_up("manager")
        return part

    def start_dashboard(self) -> str:
        """Start the event stream and the dashboard; its address."""
        events = self._part("events", ["server", "events"], "SERVER", {})
        events.environment.update(self.parts["server"].environment)
        events.start()
        self.dashboard_port = self.dashboard_port or free_port()
        address = f"http://127.0.0.1:{self.dashboard_port}"
        settings = {"PORT": str(self.dashboard_port), "SERVER_URL": self.address}
        dashboard = self._part("dashboard", ["dashboard"], "DASHBOARD", settings)
        dashboard.start()
        for part, url in ((events, f"http://127.0.0.1:{self.events_port}"), (dashboard, address)):
            until(
                lambda part=part, url=url: self._alive(part) and _answers(url + "/health"), 60, f"{part.name} answers"
            )
        return address

    def start_worker(self, name: str = "worker", blenders: Sequence[str] = ("4.5",), **settings: Any) -> Part:
        """Start a worker with the Blenders of those series."""
        environment = {
            "DATA_DIR": str(self.folder / name),
            "NAME": name,
            "MANAGER_URL": self.manager_address,
            "ENROLMENT": self.enrolment,
            "FIND_BLENDERS": "false",
            "BLENDERS": ",".join(BLENDERS[series] for series in blenders),
            **{key.upper(): str(value) for key, value in settings.items()},
        }
        part = self._part(name, ["worker"], "WORKER", environment)
        part.start()
        until(lambda: self._alive(part) and self.worker(name)["state"] == "awake", 60, f"{name} is awake")
        return part

    def until_up(self, name: str) -> None:
        """Wait until the server, or the manager, answers."""
        url = f"{self.address}/api/health" if name == "server" else f"{self.manager_address}/health"
        part = self.parts[name]

        until(lambda: self._alive(part) and _answers(url), 60, f"the {name} answers")

    @staticmethod
    def _alive(part: Part) -> bool:
        """True; fails if the process ended."""
        assert part.process is not None
        assert part.process.poll() is None, f"the {part.name} ended: {part.log.read_text()[-2000:]}"
        return True

    def _part(self, name: str, arguments: list[str], component: str, settings: dict[str, str]) -> Part:
        if name not in self.parts:
            self.folder.mkdir(parents=True, exist_ok=True)
            environment = {f"FLAMENCO_{component}_{key}": value for key, value in settings.items()}
            self.parts[name] = Part(name, arguments, environment, self.folder / f"{name}.log")
        return self.parts[name]

    @staticmethod
    def _command(part: Part, *arguments: str) -> str:
        done = subprocess.run(
            [*FLAMENCO, *arguments], env={**os.environ, **part.environment}, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    # ---- what a user does ----

    @property
    def client(self) -> Client:
        """The client library, as the admin."""
        return Client(self.address, self.token)

    def cli(self, *arguments: str, code: int = 0) -> str:
        """Run a verb of the command line; what it printed."""
        environment = {**os.environ, "FLAMENCO_SERVER": self.address, "FLAMENCO_TOKEN": self.token}
        done = subprocess.run([*FLAMENCO, *arguments], env=environment, capture_output=True, text=True, check=False)
        assert done.returncode == code, f"{done.returncode}: {done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def submit(self, blend: Path, type_: str = "render", **more: Any) -> int:
        """Submit as `flamenco submit` does; the job's id. `settings` and the fields of `Submission`."""
        return int(submit(self.client, blend, Submission(type=type_, **more))["id"])

    def wait(self, job_id: int, seconds: float, state: str = "completed") -> dict[str, Any]:
        """Wait until the job ends; fail unless it ends in `state`."""
        client = self.client

        def ended() -> dict[str, Any] | None:
            try:
                job = client.job(job_id)
            except ClientError:
                return None
            return job if job["state"] in ENDED else None

        job = until(ended, seconds, f"job {job_id} ends: {self.story(job_id)}", every=0.2)
        assert job["state"] == state, self.story(job_id)
        return job

    def story(self, job_id: int) -> str:
        """What became of a job's tasks, for a failed test."""
        try:
            job, runs = self.client.job(job_id), list(self.client.runs(job_id))
        except ClientError as error:
            return str(error)
        said = [f"{run['status']} on {run['worker']}: {run.get('reason', '')}" for run in runs[-12:]]
        return json.dumps({"counts": job["counts"], "state": job["state"], "runs": said, "folder": str(self.folder)})

    def outputs(self, job_id: int, **filters: Any) -> list[dict[str, Any]]:
        """The job's outputs."""
        return list(self.client.outputs(job_id, **filters))

    def fetch(self, job_id: int, folder: Path, *, parts: bool = False) -> Fetched:
        """Bring the results to a folder."""
        return fetch(self.client, job_id, folder, parts=parts)

    def worker(self, name: str) -> dict[str, Any]:
        """The worker of that name; an empty state if the server does not know it."""
        try:
            return next((each for each in self.client.workers() if each["name"] == name), {"state": ""})
        except ClientError:
            return {"state": ""}

    # ---- the end ----

    def processes(self) -> list[psutil.Process]:
        """Every process of this farm, the workers' children too: each has the folder in its environment."""
        return [each for each in psutil.process_iter() if each.pid != os.getpid() and _belongs(each, str(self.folder))]

    def close(self) -> None:
        """Stop everything; fail if a process is left."""
        for name in sorted(self.parts, key=lambda name: {"server": 2, "manager": 1}.get(name, 0)):
            part = self.parts[name]
            if part.process is not None and part.process.poll() is None:
                try:
                    part.stop()
                except subprocess.TimeoutExpired:
                    part.kill()
                    raise AssertionError(f"{name} does not end after SIGTERM; see {part.log}") from None
        left = self.processes()
        for each in left:
            each.kill()
        assert not left, f"left behind: {left}"


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _belongs(process: psutil.Process, folder: str) -> bool:
    try:
        return any(folder in value for value in process.environ().values())
    except psutil.Error:
        return False


def whole_farm(folder: Path, **settings: Any) -> Iterator[WholeFarm]:
    """For fixtures: a started farm, closed at the end."""
    farm = WholeFarm(folder, **settings)
    try:
        yield farm.start()
    finally:
        farm.close()
