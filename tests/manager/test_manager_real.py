"""A real manager and a real server, each its own process, killed at bad moments."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests
from flamenco_manager.announcing import SERVICE, announced
from manager_parts import ABILITIES, Caller, Farm, Process, running, sha, sign_in, update
from processes import free_port, until
from zeroconf import ServiceBrowser, Zeroconf

pytestmark = pytest.mark.real
SHARED = {"storage": "shared", "job_root": "/j", "output_root": "/o"}


@pytest.fixture(scope="module")
def processes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Farm]:
    """One farm for all: starting processes takes longer than the tests."""
    with running(tmp_path_factory.mktemp("farm")) as made:
        yield made


@pytest.fixture
def farm(processes: Farm) -> Farm:
    """The farm, both running, whatever the test before did."""
    for process in (processes.server, processes.manager):
        process.ensure_running()
    return processes


def work(worker: Caller) -> Any:
    """A task that must come soon."""

    def asked() -> Any:
        answer = worker("GET", "/generate")
        return answer.json() if answer.status_code == 200 else None

    return until(asked, 20, "the worker gets a task")


def report(worker: Caller, *updates: dict[str, Any]) -> list[dict[str, Any]]:
    answer = worker("PATCH", "/tasks", json=list(updates))
    assert answer.status_code == 200, answer.text
    return list(answer.json()["results"])


def test_a_worker_joins_with_a_token_that_was_made_at_the_server(farm: Farm) -> None:
    made = farm.artist("POST", "/enrolments", json={"label": "a new node"}).json()
    assert made["command"] == f"flamenco worker --manager-url {farm.manager.url} --enrolment {made['token']}"
    newcomer = Caller(farm.manager.url, made["token"])
    body = {"identity": secrets.token_hex(8), "name": "new", "abilities": ABILITIES}
    first = newcomer("POST", "/register", json=body)
    assert first.status_code == 200, first.text
    # The answer may have got lost.
    again = newcomer("POST", "/register", json=body).json()
    assert again["worker_id"] == first.json()["worker_id"]
    other = newcomer("POST", "/register", json={**body, "identity": secrets.token_hex(8)})
    assert (other.status_code, "lets no worker join" in other.json()["detail"]) == (401, True)
    newcomer.token = again["token"]
    assert newcomer("POST", "/available").status_code == 200
    assert newcomer("POST", "/offline").status_code == 204


def test_a_job_goes_through_with_its_files_outputs_and_log(farm: Farm) -> None:
    inputs = {"a": b"hello", "textures/b.png": os.urandom(100_000)}
    job = farm.submit("1", inputs)
    worker = farm.worker(secrets.token_hex(4))
    task = work(worker)
    files = worker("GET", f"/tasks/{task['task_id']}/files").json()["files"]
    assert {file["path"] for file in files} == set(inputs)
    stream = worker("POST", f"/tasks/zip/{task['task_id']}", json={"sha256": [file["sha256"] for file in files]})
    assert stream.status_code == 200
    assert len(stream.content) > 100_000
    picture = b"a picture"
    assert worker("PUT", f"/files/{sha(picture)}", data=picture).status_code == 201
    output = {"path": "a.png", "sha256": sha(picture), "size": len(picture)}
    assert report(worker, update(task, 1, outputs=[output], log="saved\n"))[0]["accepted"]
    assert report(worker, update(task, 2, status="completed", log="done\n"))[0]["accepted"]
    assert farm.job(job)["state"] == "completed"
    log = f"/runs/{task['run_id']}/log"
    text = until(lambda: (worker("GET", "/generate"), farm.artist("GET", log).json()["text"])[1], 10, "the log comes")
    assert text == "saved\ndone\n"
    (run,) = farm.artist("GET", f"/jobs/{job}/runs").json()["items"]
    assert "/work-dir/jobs" in farm.artist("GET", f"/runs/{run['id']}").text


def test_a_server_that_is_killed_costs_nothing(farm: Farm) -> None:
    job = farm.submit("1", **SHARED)
    worker = farm.worker(secrets.token_hex(4))
    task = work(worker)
    farm.server.kill()
    for seq in range(1, 4):
        assert report(worker, update(task, seq, progress=seq / 4, log=f"{seq}\n"))[0]["accepted"]
    assert worker("GET", f"/generate?have={task['run_id']}").status_code == 204
    farm.manager.kill()
    farm.manager.start()
    assert report(worker, update(task, 4, status="completed"))[0]["accepted"]
    farm.server.start()
    until(lambda: farm.job(job)["state"] == "completed", 20, "what was kept arrives without any worker's call")
    (run,) = farm.artist("GET", f"/jobs/{job}/runs").json()["items"]
    assert run["status"] == "completed"


def test_a_manager_that_is_killed_again_and_again_loses_no_task_and_does_none_twice(farm: Farm) -> None:
    job = farm.submit("1-12", **SHARED)
    workers = [farm.worker(secrets.token_hex(4)) for _ in range(3)]
    done: list[int] = []

    def one(worker: Caller) -> None:
        answer = worker("GET", "/generate")
        if answer.status_code == 200:
            task = answer.json()
            if report(worker, update(task, 1, status="completed"))[0]["accepted"]:
                done.append(task["task_id"])

    for turn in range(8):
        if turn in (1, 3):
            farm.manager.kill()
            farm.manager.start()
        for worker in workers:
            one(worker)
    assert farm.job(job)["counts"]["completed"] == 12
    assert len(done) == len(set(done)) == 12


def test_workers_in_threads_while_both_are_killed(farm: Farm) -> None:
    """Every task ends exactly once, whatever the moment."""
    job = farm.submit("1-60", **SHARED)
    workers = [farm.worker(secrets.token_hex(4)) for _ in range(4)]
    finished = threading.Event()

    def loop(worker: Caller) -> None:
        while not finished.wait(0.02):
            try:
                answer = worker("GET", "/generate")
                if answer.status_code == 200:
                    task = answer.json()
                    report(worker, update(task, 1, progress=0.5), update(task, 2, status="completed"))
            except requests.RequestException:
                continue

    with ThreadPoolExecutor(4) as pool:
        calls = [pool.submit(loop, worker) for worker in workers]
        try:
            for process in (farm.manager, farm.server):
                process.kill()
                process.start()
            until(lambda: farm.job(job)["counts"]["completed"] == 60, 60, "all tasks are done")
        finally:
            finished.set()
        for call in calls:
            call.result(30)
    runs = farm.artist("GET", f"/jobs/{job}/runs?limit=200").json()["items"]
    assert sorted(run["status"] for run in runs) == ["completed"] * 60


def test_large_files_go_up_and_down_whole_and_resume(farm: Farm) -> None:
    large = os.urandom(70_000_000)
    farm.submit("1", {"big": large})
    worker = farm.worker(secrets.token_hex(4))
    task = work(worker)
    got = worker("GET", f"/files/{sha(large)}", headers={"Range": "bytes=1000000-"})
    assert (got.status_code, got.content == large[1_000_000:]) == (206, True)
    made = os.urandom(40_000_000)
    farm.server.kill()
    assert worker("PUT", f"/files/{sha(made)}", data=made).status_code == 201
    output = {"path": "a.exr", "sha256": sha(made), "size": len(made)}
    assert report(worker, update(task, 1, status="completed", outputs=[output]))[0]["accepted"]
    farm.server.start()
    until(lambda: farm.job(task["job_id"])["state"] == "completed", 30, "the file goes up, and then the update")
    assert farm.artist("GET", f"/files/{sha(made)}").content == made


def test_it_stops_cleanly(farm: Farm) -> None:
    worker = farm.worker(secrets.token_hex(4))
    assert worker("GET", "/generate").status_code == 204
    assert farm.manager.end(signal.SIGTERM) == 0
    farm.manager.start()
    assert farm.manager.end(signal.SIGINT) in (0, 1, 130)
    log = farm.manager.log()
    assert f"flamenco manager: listening on http://127.0.0.1:{farm.manager.port}" in log
    assert "Traceback" not in log
    assert worker.token not in log
    assert farm.enrolment() not in log


def test_two_managers_share_neither_a_folder_nor_a_port_and_the_second_says_so(farm: Farm, tmp_path: Path) -> None:
    run = [*farm.manager._command, "run", "--port", str(farm.manager.port), *farm.manager._options]
    elsewhere = [str(tmp_path) if part == str(farm.manager.folder) else part for part in run]
    for command, says in ((run, b"another manager uses the folder"), (elsewhere, b"cannot listen on 127.0.0.1")):
        done = subprocess.run(command, capture_output=True, timeout=60)
        assert done.returncode == 2
        assert b"flamenco manager: " + says in done.stderr


def test_a_stranger_is_refused_before_the_body_comes(farm: Farm) -> None:
    with socket.create_connection(("127.0.0.1", farm.manager.port), timeout=10) as stranger:
        stranger.sendall(b"PUT /files/x HTTP/1.1\r\nHost: farm\r\nTransfer-Encoding: chunked\r\n\r\n")
        assert stranger.recv(12) == b"HTTP/1.1 401"


def test_a_slow_upload_keeps_its_worker_alive(tmp_path_factory: pytest.TempPathFactory, processes: Farm) -> None:
    """Waitress hides a body until the whole of it is there; the worker says nothing else meanwhile."""
    folder = tmp_path_factory.mktemp("strict")
    (folder / "strict.toml").write_text(f'data_dir = "{folder}"\nworker_silent_seconds = 7.0\n')
    strict = Process("flamenco_manager.cli", folder, "/health", *processes.manager._options)
    strict._command[3:] = ["--config", str(folder / "strict.toml")]
    processes.server.ensure_running()
    strict.start()
    try:
        slow, other = (sign_in(strict, name) for name in ("slow", "other"))
        data = os.urandom(1_500_000)
        pace = threading.Event()

        def trickle() -> Iterator[bytes]:
            for start in range(0, len(data), 100_000):
                assert other("GET", "/generate").status_code in (200, 204)  # that call looks for the silent
                pace.wait(0.8)
                yield data[start : start + 100_000]

        assert slow("PUT", f"/files/{sha(data)}", data=trickle()).status_code == 201
        workers = processes.artist("GET", "/workers?limit=200").json()["items"]
        assert [one["state"] for one in workers if one["name"] == "slow"] == ["awake"]
    finally:
        strict.kill()


def test_a_manager_listens_on_all_addresses_and_announces_itself(tmp_path: Path, farm: Farm) -> None:
    every = Process("flamenco_manager.cli", tmp_path, "/health", *farm.manager._options, "--host", "0.0.0.0")
    (tmp_path / "every.toml").write_text(f'data_dir = "{tmp_path}"\nmdns = true\n')
    every._command[3:] = ["--config", str(tmp_path / "every.toml")]
    try:
        every.start()
        assert every.end(signal.SIGTERM) == 0, every.log()
    finally:
        every.kill()
    assert "Traceback" not in every.log()


def test_workers_find_a_manager_on_the_local_network() -> None:
    port = free_port()
    with announced("0.0.0.0", port, f"A manager of a test {port}"):
        found: list[str] = []
        listener = Zeroconf()
        try:
            browser = ServiceBrowser(listener, SERVICE, handlers=[lambda **event: found.append(event["name"])])
            until(lambda: any(str(port) in name for name in found), 20, "the manager is found")
            browser.cancel()
        finally:
            listener.close()
