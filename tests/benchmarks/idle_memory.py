"""The memory of `flamenco up` when it has nothing to do: the proportional set size of all its processes."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from flamenco_client.api import Client

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from figures import Figure, spread
from processes import until
from scenes import BLENDERS

RUNS = 5
SETTLED_SECONDS = 3.0  # that no process started or grew by a megabyte


def idle_memory() -> list[Figure]:
    """The figure (g): server, event stream, manager, dashboard and one worker together."""
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as folder:
        runs = [_once(Path(folder) / str(number)) for number in range(RUNS)]
    return [spread("(g) memory of the idle all-in-one, all processes", runs, "MB")]


def _once(folder: Path) -> float:
    ports = ["--port", "0", "--manager-port", "0", "--events-port", "0"]
    mine = ["--no-remember", "--no-find-blenders", "--blender", BLENDERS["3.4"]]
    command = [sys.executable, "-m", "flamenco_cli", "up", "--data-dir", str(folder), *ports, *mine]
    up = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        state = folder / "farm.json"
        until(lambda: up.poll() is not None or state.exists(), 60, "the farm starts")
        said = json.loads(state.read_text(encoding="utf-8"))
        client = Client(said["address"], Path(said["token_file"]).read_text(encoding="utf-8").strip())
        until(lambda: any(each["state"] == "awake" for each in client.workers()), 60, "its worker is awake", every=0.2)
        return _settled(psutil.Process(up.pid))
    finally:
        up.send_signal(signal.SIGINT)
        up.wait(60)


def _settled(process: psutil.Process) -> float:
    """Megabytes, when they have been the same for a while."""
    last, since = 0.0, time.monotonic()

    def steady() -> bool:
        nonlocal last, since
        now = _megabytes(process)
        if abs(now - last) > 1:
            last, since = now, time.monotonic()
        return time.monotonic() - since > SETTLED_SECONDS

    until(steady, 60, "the memory is steady", every=0.5)
    return last


def _megabytes(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return float(sum(each.memory_full_info().pss for each in family)) / 1e6
