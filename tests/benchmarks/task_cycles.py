"""Whole task cycles a second: 50 simulated workers ask, report progress and report completion, through a real manager and server."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from processes import new_database, postgres
from simulated import Workers
from whole_farm import WholeFarm

WORKERS = 50
SECONDS = 6.0
RUNS = 5
COMPILER = '''
"""Many tasks that do nothing."""
from dataclasses import dataclass
from flamenco_common.authoring import Frames, JobBuilder, files, setting

@dataclass(frozen=True)
class Settings:
    frames: Frames = setting(help="One task each")

def compile_job(settings: Settings, job: JobBuilder) -> None:
    job.step("work", files.copy(inputs={"paths": ["{job}/a"]}, target="{output}"), tasks=settings.frames.chunks(1))
'''


def cycles(database: str) -> list[float]:
    """Cycles a second, of each run, with the server on `sqlite` or `postgresql`; the manager keeps to SQLite."""
    if database == "sqlite":
        return _measured("")
    with postgres() as maintenance:
        return _measured(new_database(maintenance, "server"))


def _measured(url: str) -> list[float]:
    with tempfile.TemporaryDirectory(prefix="flamenco-cycles-") as folder:
        own = Path(folder) / "compilers"
        own.mkdir()
        (own / "nothing.py").write_text(COMPILER, encoding="utf-8")
        farm = WholeFarm(Path(folder), database_url=url)
        try:
            farm.start()
            farm.client.submit(
                {
                    "name": "Nothing", "type": "nothing", "settings": {"frames": "1-100000"}, "storage": "shared",
                    "job_root": "/none", "output_root": "/none",
                }
            )  # fmt: skip
            Workers(farm.manager_address, farm.enrolment, WORKERS).run(2.0)  # warm up
            return [Workers(farm.manager_address, farm.enrolment, WORKERS).run(SECONDS) for _ in range(RUNS)]
        finally:
            farm.close()


if __name__ == "__main__":
    for name in sys.argv[1:] or ["sqlite", "postgresql"]:
        print(name, " ".join(f"{each:.0f}" for each in cycles(name)))
