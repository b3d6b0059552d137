"""A farm that looks like a studio's: one real worker rendered real frames, more machines are played, and it has a past.

What pictures of the dashboard show, and what its accessibility is checked on, page by page (`PAGES`).
"""

from __future__ import annotations

import json
import math
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flamenco_client.api import Client
from flamenco_client.submit import Submission, submit
from played_workers import ABILITIES, PlayedWorkers
from processes import until
from scenes import run_python
from whole_farm import WholeFarm

SCENE = Path(__file__).with_name("studio_scene.py")
MACHINES = [f"render-{number:02d}" for number in range(2, 16)]
PEOPLE = {"ada": "supervisor", "bo": "artist", "chen": "artist", "dora": "viewer"}
STILLS = (
    ("sc010_0050 anim", "chen", 40, "Dragonfly"), ("sc020_0010 light", "bo", 60, "Dragonfly"),
    ("bottle packshot", "chen", 84, "Ads"),
)  # fmt: skip
VARIABLES = {
    "film": {"linux": "/mnt/film", "windows": "F:\\film", "darwin": "/Volumes/film", "two_way": True},
    "render_args": {"all": "-noaudio"},
}
TAG = "gpu"  # of the played machines, and of the jobs that the real one is not to take
COMMAND = {
    "command": "blender.render",
    "blend": "/mnt/film/shot.blend",
    "frames": "1-2",
    "output": "/mnt/film/renders/####",
}
DAY = 86400


@dataclass
class Studio:
    """The farm, its jobs by name, and what is to be seen of it. `frames` of the first shot, `percent` of its size."""

    farm: WholeFarm
    frames: int = 18
    percent: int = 100
    stills: Sequence[tuple[str, str, int, str]] = STILLS  # more jobs to render: name, owner, frame, project
    jobs: dict[str, int] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)  # name to token
    machines: list[Any] = field(default_factory=list)  # that are played, as their manager tells of them
    held: list[Any] = field(default_factory=list)  # tasks that played machines go on with

    def fill(self) -> Studio:
        """Have people, machines and jobs."""
        self.address = self.farm.start_dashboard()
        self.site = PlayedWorkers(self.farm, "barn")
        self._people()
        self._machines()
        self._real_jobs()
        self._played_jobs()
        self._past()
        self.keep_alive()
        return self

    # ---- who and what there is ----

    def _people(self) -> None:
        for name, role in PEOPLE.items():
            self.people[name] = self._post("/users", name=name, role=role)["token"]
        for name, about in (("Dragonfly", "The short film"), ("Ads", "What pays for it")):
            self._post("/projects", name=name, description=about)
        self._call("PUT", "/settings/variables", {"value": VARIABLES})

    def _post(self, path: str, **body: Any) -> Any:
        return self._call("POST", path, body)

    def _call(self, method: str, path: str, body: Any) -> Any:
        return self.farm.client.call(method, path, data=json.dumps(body).encode()).json()

    def _machines(self) -> None:
        for number, name in enumerate(MACHINES):
            self._machine(name, {"cores": 16 + 16 * (number % 3), "memory_mb": 64_000 << number % 2}, tags=[TAG])
        self._machine("ws-anna", {"cores": 12}, state="asleep", tags=["desk"])
        self._machine("ws-bert", {"cores": 12}, state="offline", tags=["desk"])
        self._machine(
            "old-mac", {"platform": "darwin", "cores": 8}, enabled=False, reason="its fan is loud", tags=["desk"]
        )
        self.keep_alive()

    def _machine(self, name: str, abilities: dict[str, Any], **more: Any) -> None:
        abilities = {**ABILITIES, "hostname": name, **abilities}
        told = {"worker_id": f"M{self.site.manager}-{name}", "name": name, "state": "awake", "abilities": abilities}
        self.machines.append({**told, **more})

    # ---- what was really rendered ----

    def _real_jobs(self) -> None:
        folder = self.farm.folder / "film"
        folder.mkdir()
        shot = folder / "sc010.blend"
        run_python("4.5", SCENE, str(shot))
        last = self.frames
        self._submit(
            shot, "bo", "sc010_0030 anim", f"1-{last}", project="Dragonfly", priority=80, comment="for the dailies"
        )
        # Its first frame fails once before a real machine does it, so that a task has two attempts.
        self.site.fail(MACHINES[0], "CUDA error: out of memory in cuMemAlloc")
        self.farm.start_worker("render-01")
        self.finish("sc010_0030 anim")
        for name, who, frame, project in self.stills:
            self._submit(shot, who, name, f"{frame}-{frame + 1}", project=project, preview=False)
            self.finish(name)
        name = "sc010_0040 anim"
        self._submit(
            shot, "bo", name, f"{last + 1}-{last + max(60, 2 * last)}", project="Dragonfly", priority=70, preview=False
        )
        done = max(2, last // 3)
        until(lambda: self.job(name)["counts"]["completed"] >= done, 300, f"{done} frames are rendered")
        self.hold(6)
        self.farm.client.change_job(self.jobs[name], max_workers=6)
        until(lambda: self.job(name)["counts"]["processing"] == 6, 120, "the real machine is done with it")

    def _submit(self, shot: Path, who: str, name: str, frames: str, *, preview: bool = True, **more: Any) -> None:
        settings = {"frames": frames, "preview": preview}
        overrides = (
            {} if self.percent == 100 else {"resolution_percentage": self.percent, "samples": 1, "denoise": False}
        )
        wanted = Submission(type="render", name=name, settings=settings, overrides=overrides, **more)
        self.jobs[name] = int(submit(Client(self.farm.address, self.people[who]), shot, wanted)["id"])

    def job(self, name: str) -> dict[str, Any]:
        """A job as it is."""
        return self.farm.client.job(self.jobs[name])

    def finish(self, name: str) -> None:
        """Wait until a job is done."""
        self.farm.wait(self.jobs[name], 600)

    # ---- what is played ----

    def _play(self, name: str, frames: str, **more: Any) -> None:
        settings = {"frames": frames, "retries": 0, **more.pop("settings", {})}
        more = {"project": "Dragonfly", "tags": [TAG], **more}
        self.jobs[name] = self.site.submit(name, settings=settings, **more)

    def _played_jobs(self) -> None:
        self._play("sc000_0010 titles", "1-12")
        for frame in range(12):
            self.site.render(MACHINES[6 + frame % 7], seconds=30 + 9 * math.sin(frame))
        self._play("sc050_0010 crowd", "1-90", priority=90)
        for frame in range(30):
            self.site.render(MACHINES[6 + frame % 8], seconds=94 + 20 * math.sin(frame) + (260 if frame == 17 else 0))
        for number in range(14):
            self.site.fail(MACHINES[9 + number % 3], "missing texture wood.png")
        self.site.fail(MACHINES[9], "Error: out of memory")
        self.hold(5, first=6)
        self.farm.client.change_job(self.jobs["sc050_0010 crowd"], max_workers=5, priority=60)
        self._play("sc060_0010 flock", "1-2400", priority=40)
        self._play("sc040_0020 fx", "1-120", priority=50, max_workers=1)
        self._play("sc070_0010 layout", "1-48", paused=True, comment="waits for the new set")
        self._play("sc030_0020 test", "1-20", paused=True)
        self.farm.client.cancel(self.jobs["sc030_0020 test"])

    def hold(self, count: int, first: int = 0) -> None:
        """Let played machines begin tasks and go on with them."""
        for number in range(first, first + count):
            name = MACHINES[number]
            task = self.site.task(name)
            progress = 0.15 + 0.12 * (number % 7)
            self.site.update(task, commands=[COMMAND], activity=f"Sample {int(progress * 128)}/128", progress=progress)
            self.held.append(task)

    # ---- the day before ----

    def _past(self) -> None:
        """What played machines did takes no time; so the day gets its past, and their work its time, in the database."""
        database = sqlite3.connect(self.farm.folder / "server" / "flamenco-server.sqlite", timeout=60)
        with closing(database), database:
            now = int(time.time())
            slots = [(start, *_work(start - now, 300)) for start in range((now - DAY) // 300 * 300, now - 600, 300)]
            database.executemany(
                "INSERT OR IGNORE INTO work_slots (manager_id, start, workers, busy_seconds, completed, failed, lost, frames) "
                f"VALUES ({self.site.manager}, ?, 14, 14 * ?, ?, ?, 0, ?)", slots,
            )  # fmt: skip
            for worker in (self.farm.worker("render-01")["id"], *(f"M{self.site.manager}-{name}" for name in MACHINES)):
                hours = [
                    (start, *_work(start - now, 3600)) for start in range((now - DAY) // 3600 * 3600, now - 3600, 3600)
                ]
                database.executemany(
                    "INSERT OR IGNORE INTO worker_hours (worker_id, start, busy_seconds, completed, failed, lost, frames) "
                    f"VALUES ('{worker}', ?, ?, ?, ?, 0, ?)", hours,
                )  # fmt: skip
            played = f"manager_id = {self.site.manager}"
            # By a remainder of the task, so that it is the same each time.
            database.execute(
                f"UPDATE runs SET started_at = started_at - 60 - task_id % 45, finished_at = finished_at - 5 WHERE {played}"
            )
            for table, key in (("jobs", "job_id"), ("steps", "step_id")):
                of_played = f"SELECT {key} FROM runs WHERE {played} AND status = 'completed'"
                database.execute(f"UPDATE {table} SET busy_seconds = busy_runs * 94 WHERE id IN ({of_played})")
            database.execute(
                "UPDATE jobs SET created_at = created_at - 5400 + id * 300, started_at = started_at - 4800 + id * 300"
            )

    def keep_alive(self) -> None:
        """What machines that are played say now and then; else they count as silent after a while."""
        self.site.report(workers=self.machines, alive=[task["run_id"] for task in self.held])

    # ---- what is looked at ----

    def pages(self) -> dict[str, str]:
        """Each page's name and address."""
        hero, running = (f"/jobs/{self.jobs[name]}" for name in ("sc010_0030 anim", "sc050_0010 crowd"))
        frame = next(self.farm.client.outputs(self.jobs["sc010_0030 anim"], frame=2))
        first = next(self.farm.client.tasks(self.jobs["sc010_0030 anim"], step="render"))
        machine = self.farm.worker("render-01")
        started = self._post("/sign-ins", program="Blender on ws-anna")
        return {
            "start": "/start", "farm": "/", "jobs": "/jobs",
            "job": running, "job-large": f"/jobs/{self.jobs['sc060_0010 flock']}", "job-output": f"{hero}#outputs",
            "player": f"{hero}?kind=frame&show={frame['id']}#outputs",
            "job-steps": f"{hero}#steps", "job-times": f"{running}#times",
            "job-settings": f"/jobs/{self.jobs['sc070_0010 layout']}#settings", "job-files": f"{hero}#files",
            "job-activity": f"{running}#activity",
            "task": f"{hero}/tasks/{first['id']}",
            "workers": "/workers", "worker": f"/workers/{machine['id']}",
            "managers": "/managers", "manager": f"/managers/{machine['manager']}",
            **{f"settings-{name}": f"/settings/{name}" for name in SECTIONS},
            "approve": f"/approve?code={started['user_code']}",
        }  # fmt: skip


SECTIONS = ("farm", "users", "tokens", "projects", "job-types", "presets", "variables", "storage", "log")
PAGES = (
    "start", "farm", "jobs", "job", "job-large", "job-output", "player", "job-steps", "job-times", "job-settings", "job-files",
    "job-activity", "task", "workers", "worker", "managers", "manager", *(f"settings-{name}" for name in SECTIONS), "approve",
)  # fmt: skip


def _work(seconds_ago: int, length: int) -> tuple[float, int, int, int]:
    """Busy seconds of one machine, completed and failed runs, and frames, as a day in a studio goes."""
    hour = seconds_ago / 3600
    busy = min(1.0, max(0.15, 0.62 + 0.3 * math.sin(hour / 2.6) + 0.08 * math.sin(hour * 3.1)))
    done = round(busy * length / 8)
    return busy * length, done, done // 40, done


@contextmanager
def studio(folder: Path, **wanted: Any) -> Iterator[Studio]:
    """A studio in a folder, while it is looked at."""
    farm = WholeFarm(folder)
    try:
        yield Studio(farm.start(), **wanted).fill()
    finally:
        farm.close()
