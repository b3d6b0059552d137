"""A real server on a real port, in a thread: for tests of what calls it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_client.api import Client
from flask import request
from server_parts import Farm, make_farm
from waitress import wasyncore
from waitress.server import create_server


class Served:
    """A farm's server with the four job types; `client("artist")` talks to it."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.farm: Farm = make_farm(folder, **settings)
        self.calls: list[tuple[str, str]] = []
        self.farm.app.before_request(self._note)
        self._server = create_server(self.farm.app, host="127.0.0.1", port=0, threads=4)
        self.port = int(self._server.effective_port)
        self.address = f"http://127.0.0.1:{self.port}"
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()

    def _note(self) -> None:
        self.calls.append((request.method, request.path))

    def count(self, method: str, path: str) -> int:
        """How many calls of that kind there were."""
        return sum(1 for called, at in self.calls if called == method and path in at)

    def client(self, who: str = "artist", tries: int = 1) -> Client:
        """The client library as viewer, artist, supervisor or admin."""
        return Client(self.address, self.farm.tokens[who], tries)

    def as_manager(self, method: str, path: str, **more: Any) -> Any:
        """A call of a manager, without the network; its answer's document."""
        answer = self.farm.by("manager")(method, path, **more)
        assert answer.status_code < 300, answer.json
        return answer.json

    def worker(self, name: str = "M1-a", **abilities: Any) -> str:
        """Tell of a worker that is awake."""
        able = {
            "platform": "linux", "cores": 4, "memory_mb": 8192, "ffmpeg": "ffmpeg",
            "blenders": [{"version": "5.0.1", "executable": "b"}], **abilities,
        }  # fmt: skip
        report = {"worker_id": name, "name": name, "state": "awake", "abilities": able}
        self.as_manager("PATCH", "/api/tasks", json={"workers": [report]})
        return name

    def claim(self, lease: str, worker: str = "M1-a") -> dict[str, Any] | None:
        """The task that the worker gets under that lease."""
        query = {"lease": lease, "workers": worker}
        answer = self.as_manager("GET", "/api/scheduler/tasks", query_string=query)
        found: dict[str, Any] | None = answer.get("tasks", {}).get(worker)
        return found

    def report(self, task: dict[str, Any], seq: int, **more: Any) -> None:
        """An update of a run, which the server accepts."""
        update = {"run_id": task["run_id"], "task_id": task["task_id"], "seq": seq, **more}
        answer = self.as_manager("PATCH", "/api/tasks", json={"updates": [update]})
        assert answer["results"][0]["accepted"], answer

    def finish_all(self, seconds_each: float = 2.0, status: str = "completed", **more: Any) -> int:
        """Do every task that a worker gets, each in some seconds of the server's clock; how many."""
        name = self.worker()
        count = 0
        while task := self.claim(f"all-{name}-{self.farm.clock.now}-{count}"):
            self.farm.clock.now += seconds_each
            self.report(task, 1, status=status, at=self.farm.clock.now, **more)
            count += 1
        return count

    @contextlib.contextmanager
    def manager_sends(self, logs: dict[str, str]) -> Iterator[None]:
        """While this holds, the manager sends what is wished for of these runs' logs; a run whose text ends is over."""
        stop = threading.Event()

        def answer() -> None:
            while not stop.wait(0.02):
                wished = self.as_manager("PATCH", "/api/tasks", json={}).get("orders", {}).get("logs", [])
                chunks = [log_chunk(wish, logs[wish["run_id"]]) for wish in wished if wish["run_id"] in logs]
                if chunks:
                    self.as_manager("PATCH", "/api/tasks", json={"logs": chunks})

        thread = threading.Thread(target=answer)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)

    def close(self) -> None:
        """Stop serving: the loop ends when no socket is left to it."""
        # The loop may run it, and so close the trigger, before the trigger is pulled.
        with contextlib.suppress(OSError):
            self._server.trigger.pull_trigger(lambda: wasyncore.close_all(self._server._map))
        self._thread.join(10)
        assert not self._thread.is_alive()
        self._server.task_dispatcher.shutdown()
        self.farm.database.close()


def log_chunk(wish: dict[str, Any], text: str) -> dict[str, Any]:
    """The wished piece of a log; one that ends with a line `END` is finished."""
    piece = text.encode()[wish["offset"] :].decode()
    finished = text.endswith("END\n")
    return {"run_id": wish["run_id"], "offset": wish["offset"], "text": piece, "size": len(text), "finished": finished}


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    """A server with nothing in it."""
    made = Served(tmp_path / "server")
    yield made
    made.close()
