"""`make bench-dashboard`: how fast the dashboard is in a real browser, a row a figure with its goal, medians of five runs.

    python tests/benchmarks/dashboard.py [j g s c]

j  the jobs page with 5,000 jobs: from the address to all rows known and the first drawn
g  a job of 100,000 frames: from the address to the drawn grid, and the frames a second while it scrolls
c  a change on the server until it is on screen
s  task cycles a second with 200 open event streams, by those without
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

import msgspec
import requests
from browser import Visitor, chromium, visitor
from figures import HEAD, Figure, spread
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.modules.jobs.compilers import Compilers, built_in
from flamenco_server.modules.jobs.schemas import JobSubmission
from flamenco_server.modules.jobs.service import JobService
from played_workers import PlayedWorkers
from simulated import Workers
from task_cycles import COMPILER
from whole_farm import WholeFarm

RUNS = 5
JOBS = 5000
FRAMES = 100_000
CHANGES = 20
STREAMS = 200
SECONDS = 6.0
SCROLL = """async () => {
    const grid = document.querySelector(".grid"), times = [];
    let last = performance.now(), end = last + 2000;
    for (let now = last; now < end;) {
        grid.scrollTop += 23;
        now = await new Promise(requestAnimationFrame);
        times.push(now - last);
        last = now;
    }
    return times.slice(1);
}"""
WATCH = """(name) => new Promise((resolve) => {
    const look = () => {
        const row = [...document.querySelectorAll(".tabulator-row")].find((each) => each.textContent.includes(name));
        if (row?.textContent.includes("queued")) { watcher.disconnect(); resolve(Date.now()); }
    };
    const watcher = new MutationObserver(look);
    watcher.observe(document.body, {subtree: true, childList: true, characterData: true});
})"""


@contextmanager
def farm() -> Iterator[WholeFarm]:
    """A farm with a dashboard and a job type that does nothing."""
    with tempfile.TemporaryDirectory(prefix="flamenco-dashboard-") as folder:
        (Path(folder) / "compilers").mkdir()
        (Path(folder) / "compilers" / "nothing.py").write_text(COMPILER, encoding="utf-8")
        running = WholeFarm(Path(folder))
        try:
            running.start().start_dashboard()
            yield running
        finally:
            running.close()


@contextmanager
def boss(running: WholeFarm) -> Iterator[Visitor]:
    """An admin in front of the dashboard."""
    address = f"http://127.0.0.1:{running.dashboard_port}"
    with chromium() as browser, visitor(browser, address, running.token) as who:
        who.open("/settings")
        yield who


def many_jobs() -> Iterator[Figure]:
    """The jobs page."""
    with farm() as running:
        submit_many(running, JOBS)
        with boss(running) as who:
            times = []
            for _ in range(RUNS):
                start = time.monotonic()
                who.page.goto(who.address + "/jobs", wait_until="commit")
                who.page.get_by_text(f"{JOBS:,} jobs", exact=True).wait_for()
                who.page.locator(".tabulator-row").first.wait_for()
                times.append(time.monotonic() - start)
    yield spread(f"(j) jobs page with {JOBS:,} jobs", times, "s", at_most=1.0)


def submit_many(running: WholeFarm, number: int) -> None:
    """Submit paused jobs in this process, as the server does when it is asked: by HTTP it takes minutes."""
    config = ServerConfig(data_dir=running.folder / "server")
    database = Database(config.url())
    service = JobService(database, Compilers([built_in()]), time.time, lambda _: {}, lambda *_: [])
    try:
        for each in range(number):
            sent = PlayedWorkers.submission(f"shot {each:04d}", paused=True)
            service.submit(msgspec.convert(sent, JobSubmission), "boss")
    finally:
        database.close()


def large_job() -> Iterator[Figure]:
    """The frame grid."""
    with farm() as running:
        job = PlayedWorkers(running).submit("long", settings={"frames": f"1-{FRAMES}"}, paused=True)
        with boss(running) as who:
            times, longest, rates = [], [], []
            for _ in range(RUNS):
                start = time.monotonic()
                who.page.goto(f"{who.address}/jobs/{job}", wait_until="commit")
                who.page.locator(".grid canvas").first.wait_for()
                who.page.wait_for_function("document.querySelector('.grid').scrollHeight > 2000")
                times.append(time.monotonic() - start)
                frames = who.page.evaluate(SCROLL)
                rates.append(1000 / statistics.mean(frames))
                longest.append(max(frames))
    yield spread(f"(g) a job of {FRAMES:,} frames opens", times, "s", at_most=1.0)
    yield spread("(g) its grid scrolls", rates, "frames/s", at_least=55)
    yield spread("(g) longest frame while it scrolls", longest, "ms")


def changes() -> Iterator[Figure]:
    """From the answer to a change until the row shows it."""
    with farm() as running:
        played = PlayedWorkers(running)
        with boss(running) as who:
            page = who.open("/jobs")
            times = []
            for number in range(CHANGES):
                job = played.submit(f"change {number:02d}", paused=True)
                page.locator(".tabulator-row").filter(has_text=f"change {number:02d}").wait_for()
                page.evaluate(f"() => {{ window.seen = ({WATCH})('change {number:02d}'); }}")
                start = time.time()
                running.client.resume(job)
                times.append(page.evaluate("() => window.seen") / 1000 - start)
    yield spread("(c) a change until it is on screen", times, "s", at_most=0.5)


def streams() -> Iterator[Figure]:
    """Handing out tasks while many look on."""
    with farm() as running:
        running.client.submit(
            {
                "name": "Nothing", "type": "nothing", "settings": {"frames": f"1-{FRAMES}"}, "storage": "shared",
                "job_root": "/none", "output_root": "/none",
            }
        )  # fmt: skip
        workers = Workers(running.manager_address, running.enrolment, 50)
        workers.run(2.0)
        ratios = []
        for _ in range(RUNS):
            alone = workers.run(SECONDS)
            with ExitStack() as opened:
                for _ in range(STREAMS):
                    opened.enter_context(stream(running))
                ratios.append(workers.run(SECONDS) / alone)
    yield spread(f"(s) task cycles with {STREAMS} streams / without", ratios, "×", at_least=0.9)


@contextmanager
def stream(running: WholeFarm) -> Iterator[requests.Response]:
    """An open stream through the dashboard, of a job in which nothing happens, as most that are open."""
    answer = requests.get(
        f"http://127.0.0.1:{running.dashboard_port}/events?job=999999", cookies={"flamenco_session": running.token},
        stream=True, timeout=60,
    )  # fmt: skip
    with answer:
        assert answer.status_code == 200
        next(answer.iter_content(8))
        yield answer


FIGURES = {"j": many_jobs, "g": large_job, "c": changes, "s": streams}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="LETTER", help="which figures; all if none is named")
    wanted = parser.parse_args().figures or list(FIGURES)
    if not set(wanted) <= set(FIGURES):
        parser.error(f"there is no figure {min(set(wanted) - set(FIGURES))!r}: name some of {' '.join(FIGURES)}")
    print(HEAD, flush=True)
    for letter in wanted:
        for figure in FIGURES[letter]():
            print(figure.row(), flush=True)


if __name__ == "__main__":
    main()
