"""A manager between what it is between: a real server process or a played one above, workers' calls below."""

from __future__ import annotations

import contextlib
import hashlib
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import requests
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.migrating import migrate
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.auth.service import ensure_manager, ensure_user, issue
from processes import free_port, until

ABILITIES = {
    "platform": "linux",
    "cores": 2,
    "memory_mb": 4000,
    "ffmpeg": "/usr/bin/ffmpeg",
    "work_dir": "/work-dir",
    "blenders": [{"version": "4.5.1", "executable": "/opt/blender"}],
}
COMPILER = '''
"""Copy a file for each frame."""
from dataclasses import dataclass
from flamenco_common.authoring import Frames, JobBuilder, files, setting

@dataclass(frozen=True)
class Settings:
    frames: Frames = setting(help="Frames to copy")

def compile_job(settings: Settings, job: JobBuilder) -> None:
    copy = files.copy(inputs={"paths": ["{job}/a"]}, target="{output}")
    job.step("render", copy, tasks=settings.frames.chunks(1))
'''


def sha(data: bytes) -> str:
    """The SHA-256 of some bytes."""
    return hashlib.sha256(data).hexdigest()


class Process:
    """A component's own process, which can be killed and started again on the same data and port."""

    def __init__(self, module: str, folder: Path, health: str, *options: str) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._health = self.url + health
        self._command = [sys.executable, "-m", module, "--data-dir", str(folder)]
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it, and wait until it answers."""
        with (self.folder / "stderr").open("ab") as log:
            command = [*self._command, "run", "--port", str(self.port), *self._options]
            self._process = subprocess.Popen(command, stderr=log)
        until(self._healthy, 90, f"{self._command[2]} answers")

    def ensure_running(self) -> None:
        """Start it unless it runs."""
        if self._process is None or self._process.poll() is not None:
            self.start()

    def kill(self) -> None:
        """End it with no chance to say good-bye."""
        self.end(signal.SIGKILL)

    def end(self, number: signal.Signals) -> int | None:
        """Send a signal and wait for the end; the exit code."""
        if self._process is None or self._process.poll() is not None:
            return None
        self._process.send_signal(number)
        return self._process.wait(20)

    def log(self) -> str:
        """All that it wrote to stderr."""
        return (self.folder / "stderr").read_text()

    def _healthy(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, self.log()
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(self._health, timeout=5).ok
        return False


class Caller:
    """Calls HTTP with one token."""

    def __init__(self, url: str, token: str) -> None:
        self.url, self.token = url, token

    def __call__(self, method: str, path: str, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        return requests.request(method, self.url + path, headers=headers, timeout=30, **more)


class Farm:
    """A server and a manager, each its own process, with an artist and an enrolment secret."""

    def __init__(self, folder: Path, *manager_options: str) -> None:
        compilers = folder / "compilers"
        compilers.mkdir(parents=True)
        (compilers / "copying.py").write_text(COMPILER)
        config = folder / "server.toml"
        config.write_text(f'data_dir = "{folder / "server"}"\njob_compilers = ["{compilers}"]\n')
        self.server = Process("flamenco_server.cli", folder / "server", "/api/health")
        self.server._command[3:3] = ["--config", str(config)]
        artist, manager = _people(folder / "server")
        token = folder / "manager.token"
        token.write_text(manager)
        options = ("--server-url", self.server.url, "--token-file", str(token), *manager_options)
        self.manager = Process("flamenco_manager.cli", folder / "manager", "/health", *options)
        self.artist = Caller(self.server.url + "/api", artist)

    def start(self) -> None:
        """Start both."""
        self.server.start()
        self.manager.start()

    def stop(self) -> None:
        """Leave no process behind."""
        self.manager.kill()
        self.server.kill()

    def enrolment(self) -> str:
        """The site's secret."""
        return (self.manager.folder / "enrolment").read_text().strip()

    def submit(self, frames: str, files: dict[str, bytes] | None = None, **more: Any) -> int:
        """Submit a job of that many tasks; its id."""
        for data in (files or {}).values():
            assert self.artist("PUT", f"/files/{sha(data)}", data=data).ok
        manifest = [{"path": path, "sha256": sha(data), "size": len(data)} for path, data in (files or {}).items()]
        body = {"name": "a job", "type": "copying", "settings": {"frames": frames}, "files": manifest, **more}
        answer = self.artist("POST", "/jobs", json=body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["id"])

    def job(self, job_id: int) -> Any:
        """The job as the server shows it."""
        return self.artist("GET", f"/jobs/{job_id}").json()

    def worker(self, identity: str, **abilities: Any) -> Caller:
        """A worker that has signed in."""
        return sign_in(self.manager, identity, **abilities)


def sign_in(manager: Process, identity: str, **abilities: Any) -> Caller:
    """A worker that has signed in at a manager."""
    made = Caller(manager.url, (manager.folder / "enrolment").read_text().strip())
    body = {"identity": identity, "name": identity, "abilities": {**ABILITIES, **abilities}}
    answer = made("POST", "/register", json=body)
    assert answer.status_code == 200, answer.text
    made.token = answer.json()["token"]
    assert made("POST", "/available").status_code == 200
    return made


def _people(folder: Path) -> tuple[str, str]:
    """A server's database with an admin and a manager in it; their tokens."""
    database = Database(ServerConfig(data_dir=folder).url())
    migrate(database)
    with database.writing() as session:
        owners = (ensure_user(session, "artist", Role.ADMIN, "test", 0.0), ensure_manager(session, "site", "test", 0.0))
        tokens = [issue(session, owner, "", "test", 0.0)[1] for owner in owners]
    database.close()
    return tokens[0], tokens[1]


@contextlib.contextmanager
def running(folder: Path, *manager_options: str) -> Iterator[Farm]:
    """A farm of real processes for a while."""
    farm = Farm(folder, *manager_options)
    try:
        farm.start()
        yield farm
    finally:
        farm.stop()


def update(task: Any, seq: int, **more: Any) -> dict[str, Any]:
    """An update of a task's run."""
    return {"run_id": task["run_id"], "task_id": task["task_id"], "seq": seq, "at": time.time(), **more}
