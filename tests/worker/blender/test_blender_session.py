"""Blender stays open between the tasks of a job, and is replaced when it has to be."""

from __future__ import annotations

import os
import statistics
import threading
import time
from itertools import pairwise
from pathlib import Path

import psutil
import pytest
from blender_bench import Bench, Kept
from flamenco_common.commands import BlenderRender
from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault
from processes import until
from scenes import BLENDERS

pytestmark = pytest.mark.real
VERSIONS = pytest.mark.parametrize("version", BLENDERS)


def misbehave(bench: Bench, code: str) -> None:
    (bench.job / "misbehave.py").write_text(code)


def in_background(bench: Bench, command: BlenderRender, kept: Kept) -> tuple[threading.Thread, list[BaseException]]:
    """Blender dies with the thread that starts it, so the thread outlives the test's questions."""
    failures: list[BaseException] = []

    def work() -> None:
        try:
            bench.run(command, kept=kept)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, failures


@VERSIONS
def test_tasks_of_one_job_share_a_blender_that_loads_the_file_once(bench: Bench, version: str) -> None:
    scene = bench.scene("small_cycles", version)
    first = bench.run(BlenderRender(**scene, frames="1-2", output=bench.frames()))
    pid = bench.pid
    second = bench.run(BlenderRender(**scene, frames="3-4", output=bench.frames()))
    assert bench.pid == pid
    assert first.text.count("Read blend") == 1
    assert "Read blend" not in second.text
    assert sorted(path.name for path in bench.output.iterdir()) == ["0001.png", "0002.png", "0003.png", "0004.png"]


def test_another_job_gets_another_blender(bench: Bench) -> None:
    scene = bench.scene("workbench", "4.5")
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames()), job=1)
    pid = bench.pid
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames()), job=2)
    assert bench.pid != pid
    assert not psutil.pid_exists(pid)


def test_a_changed_file_and_changed_settings_are_loaded_anew(bench: Bench) -> None:
    scene = bench.scene("workbench", "4.5")
    command = BlenderRender(**scene, frames="1", output=bench.frames())
    bench.run(command)
    pid = bench.pid
    os.utime(scene["blend"], (1, 1))
    assert "Read blend" in bench.run(command).text
    smaller = BlenderRender(**scene, frames="1", output=bench.frames("small"), overrides={"resolution_percentage": 50})
    kept = bench.run(smaller)
    assert "Read blend" in kept.text
    assert (kept.made[0].width, kept.made[0].height) == (16, 12)
    assert bench.pid == pid


@VERSIONS
def test_frames_follow_one_another_without_a_wait(bench: Bench, version: str) -> None:
    """Dead time is between the end of a frame and the begin of the next, by Blender's clock, over two tasks."""
    scene = bench.scene("small_cycles", version)
    texts = [
        bench.run(BlenderRender(**scene, frames=frames, output=bench.frames())).text for frames in ("1-6", "7-12", "13")
    ]
    spans = [
        (float(line.split()[-3]), float(line.split()[-1]))
        for text in texts
        for line in text.splitlines()
        if line.startswith("frame ")
    ]
    assert len(spans) == 13
    gaps = [after[0] - before[1] for before, after in pairwise(spans)]
    assert statistics.median(gaps) < 0.05


@VERSIONS
def test_a_blender_that_is_killed_is_replaced_and_no_frame_is_lost(bench: Bench, version: str) -> None:
    scene = bench.scene("scripted", version)
    misbehave(
        bench,
        "import os\n"
        "def kill(scene, *more):\n"
        "    flag = bpy.path.abspath('//killed')\n"
        "    if scene.frame_current == 3 and not os.path.exists(flag):\n"
        "        open(flag, 'w').close()\n"
        "        os.kill(os.getpid(), 9)\n"
        "bpy.app.handlers.render_pre.append(kill)\n",
    )
    kept = bench.run(BlenderRender(**scene, frames="1-4", output=bench.frames(), allow_scripts=True))
    assert (bench.job / "killed").exists()
    assert [made.path for made in kept.made] == ["0001.png", "0002.png", "0003.png", "0004.png"]
    assert "started anew" in kept.text


def test_a_blender_that_always_crashes_fails_the_task(bench: Bench) -> None:
    scene = bench.scene("scripted", "4.5")
    misbehave(bench, "import os\nbpy.app.handlers.render_pre.append(lambda *_: os.abort())\n")
    command = BlenderRender(**scene, frames="1-4", output=bench.frames(), allow_scripts=True)
    with pytest.raises(CommandFailed, match="SIGABRT"):
        bench.run(command)


def test_a_blender_that_somebody_always_kills_is_the_machines_fault(bench: Bench) -> None:
    scene = bench.scene("scripted", "4.5")
    misbehave(bench, "import os\nbpy.app.handlers.render_pre.append(lambda *_: os.kill(os.getpid(), 9))\n")
    command = BlenderRender(**scene, frames="1-4", output=bench.frames(), allow_scripts=True)
    with pytest.raises(MachineFault, match="SIGKILL"):
        bench.run(command)


def test_a_blender_that_hangs_is_ended(tmp_path: Path) -> None:
    bench = Bench(tmp_path, hang_seconds=1)
    scene = bench.scene("scripted", "4.5")
    misbehave(bench, "import time\nbpy.app.handlers.render_pre.append(lambda *_: time.sleep(600))\n")
    command = BlenderRender(**scene, frames="1", output=bench.frames(), allow_scripts=True)
    with pytest.raises(CommandFailed, match="said nothing"):
        bench.run(command)
    bench.close()


def test_a_blender_that_outgrows_its_memory_is_started_anew_between_frames(tmp_path: Path) -> None:
    bench = Bench(tmp_path, memory_limit_mb=700)
    scene = bench.scene("scripted", "4.5")
    misbehave(
        bench,
        "import time\n"
        "kept = []\n"
        "def swell(*_):\n"
        "    kept.append(b'x' * 600_000_000)\n"
        "    time.sleep(1.2)\n"
        "bpy.app.handlers.render_pre.append(swell)\n",
    )
    kept = bench.run(BlenderRender(**scene, frames="1-4", output=bench.frames(), allow_scripts=True))
    assert sorted(made.path for made in kept.made) == ["0001.png", "0002.png", "0003.png", "0004.png"]
    assert kept.text.count("Blender uses more memory") == 1
    assert kept.megabytes > 700
    bench.close()


@VERSIONS
def test_a_canceled_run_ends_blender_at_once(bench: Bench, version: str) -> None:
    scene = bench.scene("small_cycles", version)
    long = {"samples": 5_000, "resolution_percentage": 1000}
    kept = Kept()
    command = BlenderRender(**scene, frames="1-4", output=bench.frames(), overrides=long)
    thread, failures = in_background(bench, command, kept)
    until(lambda: max(kept.fractions, default=0) > 0, 60, "Blender is some way into the first frame")
    pid = bench.pid
    began = time.monotonic()
    bench.cancelled.set()
    thread.join(30)
    assert not thread.is_alive()
    assert time.monotonic() - began < 10
    assert isinstance(failures[0], Cancelled)
    assert not psutil.pid_exists(pid)
    assert max(kept.fractions) < 0.25, "the first of four frames is not done"


def test_a_blender_that_does_not_start_is_the_machines_fault(bench: Bench) -> None:
    scene = bench.scene("workbench", "4.5")
    for executable in ("/bin/false", "/nonexistent/blender", f"bpy:{bench.job}"):
        command = BlenderRender(**{**scene, "blender": executable}, frames="1", output=bench.frames())
        with pytest.raises(MachineFault, match="start"):
            bench.run(command)


def test_no_process_and_no_temporary_folder_stays(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    bench.run(BlenderRender(**bench.scene("workbench", "4.5"), frames="1", output=bench.frames()))
    assert any(temporary.iterdir())
    pid = bench.pid
    bench.close()
    assert not psutil.pid_exists(pid)
    assert not any(temporary.iterdir())


@VERSIONS
def test_scripts_of_a_file_run_only_if_they_may(bench: Bench, version: str) -> None:
    scene = bench.scene("scripted", version)
    misbehave(bench, "open(bpy.path.abspath('//ran'), 'w').close()\n")
    kept = bench.run(BlenderRender(**scene, frames="1", output=bench.frames()))
    assert not (bench.job / "ran").exists()
    assert "scripts of the file were not run" in kept.text
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames(), allow_scripts=True))
    assert (bench.job / "ran").exists()


def test_a_blender_ends_when_its_worker_is_killed(tmp_path: Path) -> None:
    """Its end of the channel closes; nobody has to tell it."""
    bench = Bench(tmp_path)
    bench.run(BlenderRender(**bench.scene("workbench", "4.5"), frames="1", output=bench.frames()))
    process = psutil.Process(bench.pid)
    session = bench.sessions._session
    assert session is not None
    session._channel.close()
    until(lambda: not process.is_running() or process.status() == psutil.STATUS_ZOMBIE, 10, "Blender leaves")
    bench.close()
