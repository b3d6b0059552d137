"""What a real Blender loses in the farm: one worker, Debian's Blender 3.4, small frames of Cycles, one frame a task.

Each run renders the same frames of the same file twice, by `blender -a` and then by the farm, so that whatever else the
machine does meets both alike. Times of frames come from the run logs and are of Blender's own clock.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from figures import Figure, spread
from processes import until
from scenes import BLENDERS, blend
from whole_farm import ENDED, WholeFarm

SERIES = "3.4"
SCENE = "bench"
FRAMES = 100
RUNS = 5
FIRST_FRAMES = 7
IDLE_SECONDS = 3.0
_LINE = re.compile(r"^frame (\d+): .* from ([\d.]+) to ([\d.]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Rendered:
    """A job of the farm: when it was submitted, its wall time, and when Blender began and ended each frame."""

    submitted: float
    seconds: float
    frames: list[tuple[float, float]]

    def dead_times(self) -> list[float]:
        """Seconds between the end of a frame and the beginning of the next."""
        return [later[0] - earlier[1] for earlier, later in itertools.pairwise(self.frames)]


def throughput(parts: set[str], runs: int = RUNS, frames: int = FRAMES) -> list[Figure]:
    """The figures (a), wall time of the farm by that of `blender -a`, and (b), dead time between frames."""
    ratios: list[float] = []
    alone: list[float] = []
    dead: list[float] = []
    with one_worker() as farm:
        render(farm, 2)
        for _ in range(runs):
            alone.append(blender_alone(farm.folder / "alone", frames))
            done = render(farm, frames)
            ratios.append(done.seconds / alone[-1])
            dead.append(statistics.median(done.dead_times()))
    rows = [
        spread(f"(a) {frames} frames, one worker: blender -a alone", alone, "s"),
        spread("(a) the farm's wall time / blender -a", ratios, "×", at_most=1.3),
    ]
    row = spread("(b) dead time between two frames", [1000 * each for each in dead], "ms", at_most=50)
    return [*(rows if "a" in parts else []), *([row] if "b" in parts else [])]


def first_frame(runs: int = FIRST_FRAMES) -> list[Figure]:
    """The figure (c): from the call of submit to the first frame's start, less Blender's own start.

    That is taken from starting `blender -b FILE` until it would begin to render, so all that the worker adds to it counts. The
    farm was idle for some seconds, each time a little longer, so the submission comes at any point of the worker's wait.
    """
    own: list[float] = []
    whole: list[float] = []
    with one_worker() as farm:
        render(farm, 1)
        for number in range(runs):
            own.append(blenders_own_start())
            time.sleep(IDLE_SECONDS + number / runs)
            done = render(farm, 1)
            whole.append(done.frames[0][0] - done.submitted)
    start = statistics.median(own)
    return [
        spread("(c) Blender's own start until the first frame", own, "s"),
        spread("(c) submit to first frame, less Blender's own start", [one - start for one in whole], "s", at_most=1.5),
    ]


@contextlib.contextmanager
def one_worker() -> Iterator[WholeFarm]:
    """A farm of real processes with one worker."""
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as folder:
        farm = WholeFarm(Path(folder))
        try:
            farm.start()
            farm.start_worker("worker", (SERIES,))
            yield farm
        finally:
            farm.close()


def render(farm: WholeFarm, frames: int) -> Rendered:
    """Let the farm render the first frames of the scene, a task each."""
    scene = blend(SCENE, SERIES)
    submitted = time.time()
    job = farm.submit(scene, settings={"frames": f"1-{frames}", "chunk_size": 1, "preview": False})
    ended: dict[str, Any] = until(lambda: _ended(farm, job), 600, "the job ends", every=0.5)
    seconds = datetime.fromisoformat(ended["finished_at"]).timestamp() - submitted
    found = frames_of(farm, job)
    if len(found) != frames:
        raise RuntimeError(f"the farm rendered {len(found)} of {frames} frames: {farm.story(job)}")
    return Rendered(submitted, seconds, found)


def _ended(farm: WholeFarm, job: int) -> dict[str, Any] | None:
    """The job, if it is over. Asked rarely: asking costs what is measured, and the job knows when it ended."""
    found = farm.client.job(job)
    return found if found["state"] in ENDED else None


def frames_of(farm: WholeFarm, job: int) -> list[tuple[float, float]]:
    """When Blender began and ended each frame, in the order of rendering, from the last lines of the logs."""
    client = farm.client
    texts = [str(client.run(run["id"])["log_tail"]) for run in client.runs(job)]
    return sorted((float(began), float(ended)) for text in texts for _, began, ended in _LINE.findall(text))


def blender_alone(folder: Path, frames: int) -> float:
    """Seconds that `blender -a` takes for the same frames, from its start to its end."""
    seconds = _timed("-o", str(folder / "f####"), "-s", "1", "-e", str(frames), "-a")[0]
    if len(list(folder.glob("f*"))) != frames:
        raise RuntimeError(f"blender -a did not render {frames} frames")
    for file in folder.iterdir():
        file.unlink()
    return seconds


def blenders_own_start() -> float:
    """Seconds from starting `blender -b FILE` until the file is open and the first frame could begin."""
    began = time.time()
    _, said = _timed("--python-expr", "import time; print('opened at', time.time())")
    found = re.search(r"^opened at ([\d.]+)$", said, re.MULTILINE)
    if found is None:
        raise RuntimeError(f"Blender did not open the file: {said[-500:]}")
    return float(found[1]) - began


def _timed(*arguments: str) -> tuple[float, str]:
    command = [BLENDERS[SERIES], "-b", "--factory-startup", str(blend(SCENE, SERIES)), *arguments]
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as temporary:
        environment = {**os.environ, "TMPDIR": temporary}
        began = time.time()
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=600, env=environment)
        return time.time() - began, done.stdout
