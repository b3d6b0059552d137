"""What the server alone can do: claims a second however many tasks are queued, and the seconds to store a large job.

    python tests/benchmarks/server_claims.py [--quick]

In one process and one thread, without a network, so that it is the server's and the database's own work that is measured.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from processes import new_database, postgres
from server_farm import Site, make_site

SIZES = (1_000, 100_000, 1_000_000)
LARGE_JOB = 100_000
REPEATS = 5
CLAIMS = 100  # in one repeat
WORKERS = 20
MOST_A_JOB = 100_000


@dataclass(frozen=True)
class ClaimRate:
    """Claims of one task a second, the median of the repeats, with `queued` tasks in the queue."""

    database: str
    queued: int
    per_second: float
    all_rates: tuple[float, ...]


@dataclass(frozen=True)
class StoreTime:
    """Seconds that `POST /api/jobs` took for a job of `tasks` tasks, the median of the repeats."""

    database: str
    tasks: int
    seconds: float
    all_seconds: tuple[float, ...]


def claim_rates(database: str, sizes: tuple[int, ...] = SIZES, repeats: int = REPEATS) -> list[ClaimRate]:
    """Measure claims at each size of the queue; `database` is sqlite or postgresql."""
    found = []
    for size in sizes:
        with server(database) as site:
            fill(site, size)
            rates = tuple(claims_per_second(site) for _ in range(repeats))
            found.append(ClaimRate(database, size, statistics.median(rates), rates))
    return found


def store_times(database: str, tasks: int = LARGE_JOB, repeats: int = REPEATS) -> StoreTime:
    """Measure the submission of one large job into a farm that holds those before it."""
    with server(database) as site:
        times = tuple(submit(site, tasks) for _ in range(repeats))
    return StoreTime(database, tasks, statistics.median(times), times)


def flatness(rates: list[ClaimRate]) -> float:
    """The slowest size's rate as a part of the fastest one's; 1 is perfectly flat."""
    return min(rate.per_second for rate in rates) / max(rate.per_second for rate in rates)


@contextlib.contextmanager
def server(database: str) -> Iterator[Site]:
    """A fresh server on a fresh database."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="flamenco-bench-")))
        url = new_database(stack.enter_context(postgres()), "bench") if database == "postgresql" else ""
        site = make_site(folder, url)
        stack.callback(site.database.close)
        site.worker(*(f"M1-{number}" for number in range(WORKERS)))
        yield site


def fill(site: Site, tasks: int) -> None:
    """Queue that many tasks, in jobs of a hundred thousand at most."""
    left = tasks
    while left > 0:
        submit(site, min(left, MOST_A_JOB))
        left -= MOST_A_JOB


def submit(site: Site, tasks: int) -> float:
    """Submit a job of that many tasks; the seconds that it took."""
    sent = site.submission(settings={"frames": f"1-{tasks}", "preview": False})
    start = time.perf_counter()
    answer = site.by("artist")("POST", "/api/jobs", json=sent)
    seconds = time.perf_counter() - start
    if answer.status_code != 201:
        raise RuntimeError(f"the submission answered {answer.status_code}: {answer.text[:300]}")
    return seconds


_LEASES = itertools.count(1)


def claims_per_second(site: Site, claims: int = CLAIMS) -> float:
    """Claim one task after another through the API; how many a second."""
    caller = site.by("manager")
    queries = [f"lease=bench{next(_LEASES)}&workers=M1-{number % WORKERS}" for number in range(claims)]
    start = time.perf_counter()
    answers = [caller("GET", f"/api/scheduler/tasks?{query}") for query in queries]
    seconds = time.perf_counter() - start
    if not all(len(answer.json.get("tasks", {})) == 1 for answer in answers):
        raise RuntimeError("a claim got no task")
    return claims / seconds


def main() -> None:
    """Print a row for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small queues and few repeats, to see that it runs")
    quick = parser.parse_args().quick
    sizes, tasks, repeats = ((1000, 5000), 1000, 2) if quick else (SIZES, LARGE_JOB, REPEATS)
    for database in ("sqlite", "postgresql"):
        rates = claim_rates(database, sizes, repeats)
        for rate in rates:
            print(f"claims/s with {rate.queued:>9,} queued, {database:<10} {rate.per_second:8.0f}")
        print(f"slowest / fastest,                  {database:<10} {flatness(rates):8.2f}")
        stored = store_times(database, tasks, repeats)
        print(f"seconds to store {tasks:,} tasks,    {database:<10} {stored.seconds:8.2f}", flush=True)


if __name__ == "__main__":
    main()
