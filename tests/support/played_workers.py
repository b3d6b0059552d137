"""Workers that are played over HTTP, as a manager tells of them: for states that real renders reach only slowly or by luck."""

from __future__ import annotations

import itertools
import time
from typing import Any

import requests
from whole_farm import WholeFarm

ABILITIES = {
    "platform": "linux", "cores": 16, "memory_mb": 64_000, "hostname": "node", "version": "4.0.0", "ffmpeg": "/usr/bin/ffmpeg",
    "ffmpeg_version": "7.1", "blenders": [{"version": "4.5.3", "executable": "/opt/blender/blender"}],
}  # fmt: skip


class PlayedWorkers:
    """A manager of its own on a running farm, and its workers."""

    _leases = itertools.count(1)

    def __init__(self, farm: WholeFarm, site: str = "played") -> None:
        self.farm = farm
        made = self._call("POST", "/managers", farm.token, {"name": site})
        self.manager, self._token = made["id"], made["token"]

    def _call(self, method: str, path: str, token: str, body: Any = None, **query: Any) -> Any:
        answer = requests.request(
            method, f"{self.farm.address}/api{path}", json=body, params=query, timeout=30,
            headers={"Authorization": f"Bearer {token}"},
        )  # fmt: skip
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def submit(self, name: str = "A shot", **more: Any) -> int:
        """A job on shared storage, of which no file is looked at; its id."""
        return int(self._call("POST", "/jobs", self.farm.token, self.submission(name, **more))["id"])

    @staticmethod
    def submission(name: str = "A shot", **more: Any) -> dict[str, Any]:
        """What is submitted; settings are merged."""
        settings = {"frames": "1-10", "preview": False, **more.pop("settings", {})}
        return {
            "name": name, "type": "render", "settings": settings, "storage": "shared", "job_root": "/mnt/film",
            "output_root": "/mnt/film/renders", "blend": "shot.blend", "files": [{"path": "shot.blend"}],
            "scene": {"fps": 24.0, "format": "PNG", "scene": "Scene", "frame_range": "1-10"}, **more,
        }  # fmt: skip

    def awake(self, *names: str, **more: Any) -> None:
        """These workers are awake (or whatever `more` says)."""
        reports = [
            {"worker_id": f"M{self.manager}-{name}", "name": name, "state": "awake", "abilities": ABILITIES, **more}
            for name in names
        ]
        self.report(workers=reports)

    def report(self, **what: Any) -> Any:
        """A manager's report."""
        return self._call("PATCH", "/tasks", self._token, what)

    def task(self, name: str) -> Any:
        """The task that a worker gets; fails if there is none."""
        worker = f"M{self.manager}-{name}"
        query = {"lease": f"P{self.manager}-{next(self._leases)}", "workers": worker, "revision": 0}
        return self._call("GET", "/scheduler/tasks", self._token, **query)["tasks"][worker]

    def update(self, task: Any, **more: Any) -> None:
        """An update of a run."""
        update = {"run_id": task["run_id"], "task_id": task["task_id"], "seq": time.time_ns() // 1000, **more}
        result = self.report(updates=[update])["results"][0]
        assert result["accepted"], result

    def render(self, name: str, frames: int = 1, seconds: float = 2.0) -> None:
        """Let a worker complete some tasks."""
        for _ in range(frames):
            task = self.task(name)
            timing = {"frame": 1, "total": seconds, "render": seconds, "memory_mb": 900}
            self.update(task, status="completed", timings=[timing], peak_memory_mb=900)

    def fail(self, name: str, reason: str) -> None:
        """Let a worker fail a task."""
        self.update(self.task(name), status="failed", reason=reason, log_tail=f"Loading\nError: {reason}\n")
