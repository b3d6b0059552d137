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
WARM_UP = 20
WORKERS = 20
MOST_A_JOB = 100_000


@dataclass(frozen=True)
class ClaimRate:
    """Tasks claimed a second, the median of the repeats, with `queued` tasks in the queue."""

    database: str
    queued: int
    per_second: float
    all_rates: tuple[float, ...]
    together: int = 1  # workers in one claim, as a manager joins them


@dataclass(frozen=True)
class StoreTime:
    """Seconds that `POST /api/jobs` took for a job of `tasks` tasks, the median of the repeats."""

    database: str
    tasks: int
    seconds: float
    all_seconds: tuple[float, ...]


def claim_rates(
    database: str, sizes: tuple[int, ...] = SIZES, repeats: int = REPEATS, together: int = 1
) -> list[ClaimRate]:
    """Measure claims at each size of the queue; `database` is sqlite or postgresql.

    The sizes take turns, so that whatever else the machine does meets them all alike.
    """
    with contextlib.ExitStack() as stack:
        maintenance = stack.enter_context(postgres()) if database == "postgresql" else ""
        sites = [stack.enter_context(server(maintenance, f"claims{size}")) for size in sizes]
        for site, size in zip(sites, sizes, strict=True):
            fill(site, size)
            claims_per_second(site, WARM_UP, together)
        measured: dict[int, list[float]] = {size: [] for size in sizes}
        for number in range(repeats):
            turn = list(zip(sizes, sites, strict=True))
            for size, site in turn[number % len(turn) :] + turn[: number % len(turn)]:
                measured[size].append(claims_per_second(site, CLAIMS, together))
    return [
        ClaimRate(database, size, statistics.median(rates), tuple(rates), together) for size, rates in measured.items()
    ]


def store_times(database: str, tasks: int = LARGE_JOB, repeats: int = REPEATS) -> StoreTime:
    """Measure the submission of one large job into a farm that holds those before it."""
    with contextlib.ExitStack() as stack:
        maintenance = stack.enter_context(postgres()) if database == "postgresql" else ""
        site = stack.enter_context(server(maintenance, "store"))
        times = tuple(submit(site, tasks) for _ in range(repeats))
    return StoreTime(database, tasks, statistics.median(times), times)


def flatness(rates: list[ClaimRate]) -> float:
    """The rate at the largest queue as a part of that at the smallest; 1 or more is perfectly flat."""
    ordered = sorted(rates, key=lambda rate: rate.queued)
    return ordered[-1].per_second / ordered[0].per_second


@contextlib.contextmanager
def server(maintenance: str, name: str) -> Iterator[Site]:
    """A fresh server on a fresh database: of that PostgreSQL, or SQLite if it is empty."""
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as folder:
        site = make_site(Path(folder), new_database(maintenance, name) if maintenance else "")
        site.worker(*(f"M1-{number}" for number in range(WORKERS)))
        try:
            yield site
        finally:
            site.database.close()


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


def claims_per_second(site: Site, tasks: int = CLAIMS, together: int = 1) -> float:
    """Claim that many tasks through the API, for `together` workers at a time; how many a second."""
    caller = site.by("manager")
    names = [f"M1-{number}" for number in range(WORKERS)]
    groups = [names[start : start + together] for start in range(0, WORKERS, together)]
    groups = (groups * tasks)[: tasks // together]
    queries = [f"lease=bench{next(_LEASES)}&workers={','.join(group)}" for group in groups]
    start = time.perf_counter()
    answers = [caller("GET", f"/api/scheduler/tasks?{query}") for query in queries]
    seconds = time.perf_counter() - start
    if not all(len(answer.json.get("tasks", {})) == together for answer in answers):
        raise RuntimeError("a claim got no task")
    return together * len(queries) / seconds


def main() -> None:
    """Print a row for each measurement."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="small queues and few repeats, to see that it runs")
    quick = parser.parse_args().quick
    sizes, tasks, repeats = ((1000, 5000), 1000, 2) if quick else (SIZES, LARGE_JOB, REPEATS)
    for database in ("sqlite", "postgresql"):
        for together in (1, WORKERS):
            rates = claim_rates(database, sizes, repeats, together)
            for rate in rates:
                row = f"claims/s, {together:>2} together, {rate.queued:>9,} queued"
                print(f"{row:<42} {database:<10} {rate.per_second:8.0f}")
            print(f"{'largest queue / smallest':<42} {database:<10} {flatness(rates):8.2f}")
        stored = store_times(database, tasks, repeats)
        print(f"{f'seconds to store {tasks:,} tasks':<42} {database:<10} {stored.seconds:8.2f}", flush=True)


if __name__ == "__main__":
    main()
