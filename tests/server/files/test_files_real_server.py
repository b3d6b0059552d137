"""Files through the real server process, over a real socket, killed and started again."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from processes import free_port, until
from server_parts import Farm, make_farm, sha

pytestmark = pytest.mark.real


class Server:
    """The server process of a farm."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/api"
        self._command = [sys.executable, "-m", "flamenco_server.cli", "--data-dir", str(folder)]
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.process = subprocess.Popen([*self._command, "run", "--port", str(self.port)], stderr=subprocess.DEVNULL)
        until(self._healthy, 30, "the server is healthy")

    def kill(self) -> None:
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(10)

    def memory_mb(self) -> int:
        assert self.process is not None
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    def _healthy(self) -> bool:
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"{self.url}/health", timeout=5).ok
        return False


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    made = Server(tmp_path)
    made.start()
    yield made
    made.kill()


@pytest.fixture
def headers(server: Server, tmp_path: Path) -> Iterator[dict[str, str]]:
    farm: Farm = make_farm(tmp_path)
    yield {"Authorization": f"Bearer {farm.tokens['artist']}"}
    farm.database.close()


def test_an_upload_survives_a_server_that_is_killed(server: Server, headers: dict[str, str]) -> None:
    data = os.urandom(3_000_000)
    url = f"{server.url}/uploads/{sha(data)}"

    def send(offset: int, stop: int) -> int:
        more = {"Upload-Offset": str(offset), "Upload-Length": str(len(data))}
        return requests.patch(url, data=data[offset:stop], headers={**headers, **more}, timeout=30).status_code

    assert send(0, 1_000_000) == 204
    server.kill()
    server.start()
    offset = int(requests.head(url, headers=headers, timeout=30).headers["Upload-Offset"])
    assert offset == 1_000_000
    assert send(offset, len(data)) == 201
    assert requests.get(f"{server.url}/files/{sha(data)}", headers=headers, timeout=30).content == data


def test_large_files_go_through_without_filling_memory(server: Server, headers: dict[str, str]) -> None:
    data = os.urandom(1_000_000) * 120
    url = f"{server.url}/files/{sha(data)}"
    before = server.memory_mb()
    assert requests.put(url, data=data, headers=headers, timeout=60).status_code == 201
    with requests.get(url, headers=headers, timeout=60, stream=True) as answer:
        assert sum(len(chunk) for chunk in answer.iter_content(1 << 20)) == len(data)
    zipped = requests.post(f"{server.url}/files/zip", json={"sha256": [sha(data)]}, headers=headers, timeout=60)
    assert int(zipped.headers["Content-Length"]) == len(zipped.content) > len(data)
    assert server.memory_mb() - before < 80


def test_a_server_killed_while_it_takes_files_has_none_that_is_not_whole(
    server: Server, headers: dict[str, str]
) -> None:
    blobs = [os.urandom(20_000) for _ in range(200)]
    half = threading.Event()

    def put_all() -> None:
        with contextlib.suppress(requests.RequestException):
            for number, data in enumerate(blobs):
                requests.put(f"{server.url}/files/{sha(data)}", data=data, headers=headers, timeout=30)
                if number == 50:
                    half.set()

    sender = threading.Thread(target=put_all)
    sender.start()
    assert half.wait(60)
    server.kill()
    sender.join(60)
    server.start()
    asked = {"sha256": [sha(data) for data in blobs]}
    missing = requests.post(f"{server.url}/files/missing", json=asked, headers=headers, timeout=30).json()["sha256"]
    assert 0 < len(missing) < len(blobs)
    for data in blobs:
        answer = requests.get(f"{server.url}/files/{sha(data)}", headers=headers, timeout=30)
        assert answer.status_code == (404 if sha(data) in missing else 200)
        assert answer.status_code == 404 or answer.content == data


def test_a_stranger_is_refused_before_the_body_comes(server: Server, headers: dict[str, str]) -> None:
    with socket.create_connection(("127.0.0.1", server.port), timeout=10) as stranger:
        stranger.sendall(b"PUT /api/files/x HTTP/1.1\r\nHost: farm\r\nContent-Length: 1000000000000\r\n\r\n")
        assert stranger.recv(12) == b"HTTP/1.1 401"
    data = os.urandom(2_000_000)
    assert requests.put(f"{server.url}/files/{sha(data)}", data=data, headers=headers, timeout=30).status_code == 201
