"""The farm that `flamenco up` runs: its folder, its secrets, its parts and their order."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import secrets
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click
import requests
from flamenco_client.account import Account, local_file, write_account, write_secret
from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_common.locking import try_lock
from flamenco_common.programs import ending

from flamenco_cli.up.parts import Part

HOST = "127.0.0.1"
_START_SECONDS = 60.0
_WORKER_SECONDS = 120.0  # it asks every Blender for its version first
_STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Wishes:
    """What the command line says; a port of 0 is any free one, None what is usual."""

    data_dir: Path
    port: int = 8080
    manager_port: int = 8081
    events_port: int = 8082
    dashboard_port: int = 8083
    workers: int = 1
    blenders: tuple[str, ...] = ()
    find_blenders: bool = True
    ffmpeg: str = ""
    remember: bool = True  # tell `flamenco` on this machine where this farm is


class AllInOne:
    """The farm on one machine. `say` is given what people should know."""

    def __init__(self, wishes: Wishes, say: Callable[[str], None]) -> None:
        self._wishes = wishes
        self._say = say
        self._folder = wishes.data_dir
        self._stop = threading.Event()
        self._held = contextlib.ExitStack()
        self._parts: list[Part] = []
        self.address = ""
        self.dashboard = ""  # empty: it is not installed
        self.token = ""

    def stop(self) -> None:
        """End; safe to call from a signal handler."""
        self._stop.set()

    def run(self) -> None:
        """Start everything, watch over it until told to stop, stop everything. Raises `click.ClickException`."""
        self._take_folder()
        try:
            self._start()
            if not self._stop.is_set():
                self._tell()
            while not self._stop.wait(0.2):
                self._mend()
        finally:
            self._end()

    # ---- the folder ----

    def _take_folder(self) -> None:
        """Make the folder, for our eyes only, and see that no other `up` uses it."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            free = self._held.enter_context(try_lock(self._folder / "lock"))
        except OSError as error:
            raise click.ClickException(f"the folder {self._folder} cannot be used: {error.strerror}") from error
        if not free:
            raise click.ClickException(
                f"another `flamenco up` runs on {self._folder}; stop it, or give another --data-dir"
            )

    def _secrets(self, server: dict[str, str]) -> None:
        """Make what is not there yet: a token for the person at this machine, one for the manager, the enrolment secret."""
        for arguments, file in (
            (["create-user", "admin", "--role", "admin"], self._folder / "admin.token"),
            (["create-manager", "local"], self._folder / "manager.token"),
        ):
            if not file.exists():
                done = subprocess.run(
                    [sys.executable, "-m", "flamenco_cli", "server", *arguments, "--token-file", str(file)],
                    env={**os.environ, **server},
                    stdin=subprocess.DEVNULL,
                    capture_output=True,
                    check=False,
                )
                if done.returncode:
                    said_last = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1]
                    raise click.ClickException(said_last.removeprefix("flamenco: "))
        if not self._enrolment.exists():
            write_secret(self._enrolment, secrets.token_urlsafe(24) + "\n")
        self.token = (self._folder / "admin.token").read_text(encoding="utf-8").strip()

    @property
    def _enrolment(self) -> Path:
        return self._folder / "enrolment.secret"

    # ---- start and stop ----

    def _start(self) -> None:
        ports = [
            _port(self._wishes.port, "--port"),
            _port(self._wishes.manager_port, "--manager-port"),
            _port(self._wishes.events_port, "--events-port"),
            _port(self._wishes.dashboard_port, "--dashboard-port"),
        ]
        self.address = f"http://{HOST}:{ports[0]}"
        self.dashboard = f"http://{HOST}:{ports[3]}" if _has_dashboard() else ""
        server = {
            "FLAMENCO_SERVER_DATA_DIR": str(self._folder / "server"),
            "FLAMENCO_SERVER_HOST": HOST,
            "FLAMENCO_SERVER_PORT": str(ports[0]),
            "FLAMENCO_SERVER_EVENTS_HOST": HOST,
            "FLAMENCO_SERVER_EVENTS_PORT": str(ports[2]),
            "FLAMENCO_SERVER_DASHBOARD_URL": self.dashboard,
            "FLAMENCO_SERVER_JOB_COMPILERS": str(self._own("job_compilers")),
            "FLAMENCO_SERVER_RENDER_SETTINGS": str(self._own("render_settings")),
        }
        self._own("server")
        self._secrets(server)
        manager_url = f"http://{HOST}:{ports[1]}"
        events_url = f"http://{HOST}:{ports[2]}"
        self._begin("server", ["server", "run"], server, lambda: _answers(self.address + "/api/health"))
        self._begin("event stream", ["server", "events"], server, lambda: _answers(events_url + "/health"))
        manager = {
            "FLAMENCO_MANAGER_DATA_DIR": str(self._own("manager")),
            "FLAMENCO_MANAGER_HOST": HOST,
            "FLAMENCO_MANAGER_PORT": str(ports[1]),
            "FLAMENCO_MANAGER_SERVER_URL": self.address,
            "FLAMENCO_MANAGER_TOKEN_FILE": str(self._folder / "manager.token"),
            "FLAMENCO_MANAGER_ENROLMENT_FILE": str(self._enrolment),
            "FLAMENCO_MANAGER_MDNS": "false",
        }
        self._begin("manager", ["manager", "run"], manager, lambda: _answers(manager_url + "/health"))
        for number in range(1, self._wishes.workers + 1):
            self._worker(number, manager_url)
        if self.dashboard:
            dashboard = {
                "FLAMENCO_DASHBOARD_HOST": HOST,
                "FLAMENCO_DASHBOARD_PORT": str(ports[3]),
                "FLAMENCO_DASHBOARD_SERVER_URL": self.address,
            }
            self._begin("dashboard", ["dashboard"], dashboard, lambda: _answers(self.dashboard + "/health"))
        self._wait_for_workers()
        self._write_state(manager_url, events_url)

    def _own(self, name: str) -> Path:
        folder = self._folder / name
        folder.mkdir(exist_ok=True)
        return folder

    def _worker(self, number: int, manager_url: str) -> None:
        name = f"worker-{number}"
        wishes = self._wishes
        settings = {
            "MANAGER_URL": manager_url,
            "ENROLMENT_FILE": str(self._enrolment),
            "DATA_DIR": str(self._folder / name),
            "NAME": name,
            "FIND_BLENDERS": str(wishes.find_blenders).lower(),
        }
        if wishes.blenders:
            settings["BLENDERS"] = ",".join(wishes.blenders)
        if wishes.ffmpeg:
            settings["FFMPEG"] = wishes.ffmpeg
        if wishes.workers > 1:
            # Several Blenders that each use all cores only hinder one another.
            settings["THREADS"] = str(max(1, (os.cpu_count() or 1) // wishes.workers))
        environment = {f"FLAMENCO_WORKER_{key}": value for key, value in settings.items()}
        self._begin(name, ["worker"], environment, lambda: True)

    def _begin(self, name: str, arguments: list[str], environment: dict[str, str], ready: Callable[[], bool]) -> None:
        """Start a part and wait until it is ready."""
        if self._stop.is_set():
            return
        part = Part(name, arguments, environment, self._folder / "logs" / f"{name.replace(' ', '-')}.log", ready)
        self._parts.append(part)
        part.start()
        end = time.monotonic() + _START_SECONDS
        while not self._stop.is_set() and not part.ready():
            self._check_started(part, time.monotonic() > end, f"does not answer after {_START_SECONDS:.0f} s")
            self._stop.wait(0.05)

    def _check_started(self, part: Part, late: bool, lateness: str) -> None:
        if part.exit_code is not None:
            raise click.ClickException(f"the {part.name} did not start ({ending(part.exit_code)}): {part.last_line()}")
        if late:
            raise click.ClickException(f"the {part.name} {lateness}; its log is {part.log}")

    def _wait_for_workers(self) -> None:
        client = Client(self.address, self.token)
        end = time.monotonic() + _WORKER_SECONDS
        while not self._stop.is_set():
            with contextlib.suppress(ClientError):
                awake = [each for each in client.workers() if each["state"] == "awake"]
                if len(awake) >= self._wishes.workers:
                    return
            for part in self._parts:
                self._check_started(part, time.monotonic() > end, "is not ready, or waits for what is not")
            self._stop.wait(0.1)

    def _write_state(self, manager_url: str, events_url: str) -> None:
        """For scripts: where everything is. For `flamenco` on this machine: which farm to talk to."""
        state = {
            "address": self.address,
            "manager": manager_url,
            "events": events_url + "/events",
            "dashboard": self.dashboard,
            "token_file": str(self._folder / "admin.token"),
            "pids": {part.name: part.pid for part in self._parts},
        }
        write_secret(self._folder / "farm.json", json.dumps(state, indent=2) + "\n")
        if self._wishes.remember:
            write_account(Account(self.address, self.token), local_file())

    def _tell(self) -> None:
        client = Client(self.address, self.token)
        workers = list(client.workers())
        versions = sorted({blender["version"] for each in workers for blender in each["abilities"].get("blenders", [])})
        blenders = "Blender " + ", ".join(versions) if versions else "no Blender"
        count = "1 worker" if self._wishes.workers == 1 else f"{self._wishes.workers} workers"
        self._say(f"The farm runs at {self.address} with {count} and {blenders}; its files are in {self._folder}.")
        if self.dashboard:
            self._say(f"The dashboard, by a link that signs you in once: {entrance(client, self.dashboard)}")
        if self._wishes.remember:
            self._say("Submit from another terminal: flamenco submit shot.blend --wait. Ctrl-C stops the farm.")

    def _mend(self) -> None:
        for part in self._parts:
            news = part.mend()
            if news:
                self._say(news)

    def _end(self) -> None:
        """Workers first, so that what they still have to say arrives; then manager and server."""
        if self._parts:
            self._say("Stopping the farm.")
        for kind in (("worker", "dashboard"), ("manager",), ("event", "server")):
            named = [part for part in self._parts if part.name.startswith(kind)]
            for part in named:
                part.ask_to_stop()
            for part in named:
                part.stop(_STOP_SECONDS)
        (self._folder / "farm.json").unlink(missing_ok=True)
        if self._wishes.remember:
            self._forget()
        self._held.close()

    def _forget(self) -> None:
        with contextlib.suppress(OSError, ValueError, KeyError):
            if json.loads(local_file().read_text(encoding="utf-8"))["address"] == self.address:
                local_file().unlink()


def entrance(client: Client, dashboard: str) -> str:
    """A link into the dashboard as the client's user; it works once, for ten minutes. Without it there is the token."""
    try:
        asked = client.start_sign_in("dashboard")
        client.approve_sign_in(asked["user_code"])
    except ClientError:
        return dashboard
    return f"{dashboard}/enter?code={asked['device_code']}"


def _has_dashboard() -> bool:
    return importlib.util.find_spec("flamenco_dashboard") is not None


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).ok
    except requests.RequestException:
        return False


def _port(wanted: int, option: str) -> int:
    """The port, or a free one for 0. Raises `click.ClickException` if something else listens there."""
    with socket.socket() as probe:
        if os.name == "posix":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as error:
            raise click.ClickException(
                f"port {wanted} is taken by another program; choose one with {option}"
            ) from error
        return int(probe.getsockname()[1])
