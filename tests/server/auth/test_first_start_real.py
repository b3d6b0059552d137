"""A farm's first minutes, with the real server process: who becomes its admin, and from where."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from processes import free_port, until

pytestmark = pytest.mark.real
FIRST = {"name": "boss", "password": "a good password"}


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """A server without users; what it says is in `log` in its folder."""
    port = free_port()
    environment = {
        **os.environ, "FLAMENCO_SERVER_DATA_DIR": str(tmp_path / "data"), "FLAMENCO_SERVER_PORT": str(port),
        "FLAMENCO_SERVER_TRUSTED_PROXIES": "127.0.0.1",
    }  # fmt: skip
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen([sys.executable, "-m", "flamenco_server.cli", "run"], env=environment, stderr=log)
    until(lambda: answers(f"http://127.0.0.1:{port}"), 90, "the server answers")
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    process.wait(20)


def answers(address: str) -> bool:
    try:
        return requests.get(f"{address}/api/health", timeout=5).ok
    except requests.ConnectionError:
        return False


def first(address: str, headers: dict[str, str] | None = None, **more: Any) -> requests.Response:
    return requests.post(f"{address}/api/first-admin", json={**FIRST, **more}, headers=headers, timeout=20)


def test_whom_a_proxy_brings_needs_the_code_that_the_server_printed(address: str, tmp_path: Path) -> None:
    for headers in ({"X-Forwarded-For": "127.0.0.1"}, {"X-Forwarded-For": "10.0.0.7"}, {"Host": "farm.studio"}):
        assert first(address, headers).status_code == 403, headers
    code = re.search(r"setup code (\S+) ", (tmp_path / "log").read_text(encoding="utf-8"))
    assert code
    assert (tmp_path / "data" / "setup.code").read_text(encoding="utf-8").strip() == code[1]
    assert first(address, {"X-Forwarded-For": "10.0.0.7"}, setup_code=code[1]).status_code == 201
    assert not (tmp_path / "data" / "setup.code").exists()
    assert first(address).status_code == 409
    # Guesses from one place, told by the proxy, do not slow another one.
    body = {**FIRST, "password": "wrong"}
    statuses = [
        requests.post(f"{address}/api/sign-in", json=body, headers={"X-Forwarded-For": place}, timeout=20).status_code
        for place in ["10.0.0.7"] * 6 + ["10.0.0.8"]
    ]
    assert statuses == [401] * 5 + [429, 401]


def test_who_sits_at_the_server_needs_no_code(address: str) -> None:
    made = first(address).json()
    users = requests.get(f"{address}/api/users", headers={"Authorization": f"Bearer {made['token']}"}, timeout=20)
    assert [(user["name"], user["role"], user["has_password"]) for user in users.json()["items"]] == [
        ("boss", "admin", True)
    ]
