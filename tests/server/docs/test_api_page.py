"""Every block of docs/api.md runs as it stands, against a real server and its event process."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests
from processes import free_port, until
from scenes import copy

pytestmark = pytest.mark.real

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
FLAMENCO = [sys.executable, "-m", "flamenco_cli", "server"]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """A server and its event process, as the environment that the page speaks of; and a shot to submit."""
    folder = tmp_path_factory.mktemp("server")
    token = folder / "token"
    make = [*FLAMENCO, "--data-dir", str(folder), "create-user", "boss", "--role", "admin", "--token-file", str(token)]
    subprocess.run(make, check=True, timeout=60)
    with ExitStack() as stack:
        addresses = [
            start(stack, folder, verb, health) for verb, health in (("run", "/api/health"), ("events", "/health"))
        ]
        work = tmp_path_factory.mktemp("work")
        copy("small_cycles", "4.5", work).rename(work / "shot.blend")
        yield {
            "SERVER": addresses[0], "EVENTS": addresses[1], "TOKEN": token.read_text().strip(), "WORK": str(work),
        }  # fmt: skip


def start(stack: ExitStack, folder: Path, verb: str, health: str) -> str:
    """Start a process of the server that ends with the stack; its address."""
    port = free_port()
    process = subprocess.Popen(
        [*FLAMENCO, "--data-dir", str(folder), verb, "--port", str(port)], stderr=subprocess.DEVNULL
    )
    stack.callback(process.wait, 20)
    stack.callback(process.terminate)
    address = f"http://127.0.0.1:{port}"
    until(lambda: answers(address + health), 30, f"{verb} answers")
    return address


def answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.ConnectionError:
        return False


def blocks(language: str) -> str:
    """All blocks of that language, one after the other."""
    found = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return "\n".join(found)


def run(command: list[str], places: dict[str, str]) -> str:
    """What it printed; the test fails with it if it fails."""
    named = {"FLAMENCO_SERVER": places["SERVER"], "FLAMENCO_TOKEN": places["TOKEN"]}
    done = subprocess.run(
        command, env={**os.environ, **places, **named}, cwd=places["WORK"], capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_calls_with_curl_do_what_they_say(places: dict[str, str]) -> None:
    said = run(["bash", "-euxo", "pipefail", "-c", blocks("bash")], places)
    assert '"waiting_because":"The farm has no workers yet."' in said
    assert "event: job" in said


def test_the_python_example_submits_changes_and_deletes_a_job(places: dict[str, str]) -> None:
    said = run([sys.executable, "-c", blocks("python")], places)
    assert "shot queued" in said
    assert "settings.frames - frames '9-1' cannot be read: 9-1 counts down" in said
