"""The real event process, over real sockets."""

from __future__ import annotations

import contextlib
import http.client
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_server.modules.log.service import Event, emit
from processes import free_port, until
from server_parts import Farm, make_farm
from sqlalchemy import text

pytestmark = pytest.mark.real


class Running:
    """An event process, and ways to listen to it."""

    def __init__(self, farm: Farm, port: int) -> None:
        self.farm, self.port = farm, port
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        command = [sys.executable, "-m", "flamenco_server.cli", "--data-dir", str(self.farm.config.data_dir), "events"]
        self.process = subprocess.Popen([*command, "--port", str(self.port)], stderr=subprocess.PIPE)
        until(self._answers, 20, "the event process answers")

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(10)
        assert self.process.stderr is not None
        self.process.stderr.close()
        return code

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
            connection.request("GET", "/health")
            return connection.getresponse().status == 200
        return False

    def listen(self, query: str = "", last: str = "", who: str = "viewer") -> Listener:
        headers = {"Last-Event-ID": last} if last else {}
        if who:
            headers["Authorization"] = f"Bearer {self.farm.tokens[who]}"
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        connection.request("GET", f"/events{query}", headers=headers)
        return Listener(connection, connection.getresponse())


class Listener:
    """One stream."""

    def __init__(self, connection: http.client.HTTPConnection, answer: http.client.HTTPResponse) -> None:
        self.connection, self.answer = connection, answer

    def next(self) -> dict[str, Any]:
        """The next event; comments are passed over."""
        found: dict[str, Any] = {}
        while True:
            line = self.answer.readline().decode().rstrip("\n")
            if not line and "event" in found:
                return found
            name, _, value = line.partition(": ")
            if name in ("id", "event"):
                found[name] = value
            elif name == "data":
                found["data"] = json.loads(value)

    def jobs(self, count: int) -> list[int]:
        """The jobs of the next events."""
        seen: list[int] = []
        while len(seen) < count:
            event = self.next()
            if event["event"] == "job":
                seen.append(event["data"]["job_id"])
        return seen

    def close(self) -> None:
        self.connection.close()


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    farm = make_farm(tmp_path)
    made = Running(farm, free_port())
    made.start()
    yield made
    if made.process is not None and made.process.poll() is None:
        made.stop(signal.SIGKILL)
    farm.database.close()


def happen(farm: Farm, *jobs: int) -> None:
    with farm.database.writing() as session:
        emit(session, [Event("job", str(job), job) for job in jobs])


def test_a_watcher_sees_what_happens_and_one_of_a_job_only_that(running: Running) -> None:
    everything, one = running.listen(), running.listen("?job=2")
    assert everything.answer.headers["Content-Type"] == "text/event-stream"
    assert everything.next()["event"] == one.next()["event"] == "ready"
    happen(running.farm, 1, 2, 3)
    assert everything.jobs(3) == [1, 2, 3]
    event = one.next()
    assert (event["id"], event["event"], event["data"]["job_id"]) == ("2", "job", 2)
    everything.close()
    one.close()


def test_a_stream_goes_on_where_it_broke_even_over_a_restart(running: Running) -> None:
    happen(running.farm, 1, 2)
    first = running.listen("?since=0")
    assert first.jobs(2) == [1, 2]
    assert running.stop() == 0
    happen(running.farm, 3, 4)
    running.start()
    second = running.listen("?since=0", last="2")
    assert second.jobs(2) == [3, 4]
    happen(running.farm, 5)
    assert second.jobs(1) == [5]
    first.close()
    second.close()


def test_who_was_away_for_too_long_is_told_to_start_afresh(running: Running) -> None:
    happen(running.farm, *range(1, 11))
    with running.farm.database.writing() as session:
        session.execute(text("DELETE FROM events WHERE id <= 5"))
    gone = running.listen("?since=3")
    event = gone.next()
    assert (event["event"], event["data"], event["id"]) == ("reset", {"since": 3, "oldest": 6}, "10")
    happen(running.farm, 11)
    assert gone.jobs(1) == [11]
    ahead = running.listen("?since=99999")
    assert ahead.next()["event"] == "reset"
    kept = running.listen("?since=5")
    assert kept.jobs(5) == [6, 7, 8, 9, 10]
    for listener in (gone, ahead, kept):
        listener.close()


def test_a_ticket_opens_the_stream_and_nothing_else_does(running: Running) -> None:
    running.farm.clock.now = time.time()
    ticket = running.farm.by("viewer")("POST", "/api/events/ticket").json["ticket"]
    listener = running.listen(f"?ticket={ticket}", who="")
    assert listener.answer.status == 200
    listener.close()
    for query, who, status in (("", "", 401), ("?ticket=1.2.3", "", 401), ("?since=x", "viewer", 422)):
        refused = running.listen(query, who=who)
        assert refused.answer.status == status
        assert json.loads(refused.answer.read())["status"] == status
        refused.close()
    assert running.listen(who="manager").answer.status == 200


def test_hundreds_of_streams_are_served_by_a_few_threads(running: Running) -> None:
    streams = [running.listen() for _ in range(300)]
    for stream in streams:
        assert stream.next()["event"] == "ready"
    happen(running.farm, 7)
    assert all(stream.jobs(1) == [7] for stream in streams)
    assert running.process is not None
    status = Path(f"/proc/{running.process.pid}/status").read_text()
    assert int(status.split("Threads:")[1].split()[0]) < 20
    for stream in streams:
        stream.close()


def test_a_port_in_use_is_one_sentence_and_exit_code_2(running: Running) -> None:
    command = [sys.executable, "-m", "flamenco_server.cli", "--data-dir", str(running.farm.config.data_dir), "events"]
    done = subprocess.run([*command, "--port", str(running.port)], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert f"cannot listen on 127.0.0.1:{running.port}" in done.stderr
