"""`make bench-farm`: what the farm costs and how much it can do, a row a figure with its goal, medians of at least five runs.

    python tests/benchmarks/farm.py [a b c d e f g]

a  wall time of 100 small frames through the farm, by that of `blender -a`
b  dead time between two frames inside Blender
c  from submit to the first frame on an idle farm, less Blender's own start
d  whole task cycles a second of 50 simulated workers
e  claims a second at a thousand, a hundred thousand and a million queued tasks
f  seconds to store a job of 100,000 tasks
g  memory of the idle all-in-one

About a quarter of an hour on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from figures import HEAD, Figure, spread
from idle_memory import idle_memory
from rendering import first_frame, throughput
from server_claims import claim_rates, store_times
from task_cycles import cycles

LETTERS = "abcdefg"
DATABASES = (("sqlite", "SQLite"), ("postgresql", "PostgreSQL"))


def figures(wanted: set[str]) -> Iterator[Figure]:
    """The figures of those letters, each when it is measured."""
    if wanted & {"a", "b"}:
        yield from throughput(wanted & {"a", "b"})
    if "c" in wanted:
        yield from first_frame()
    for database, name in DATABASES:
        if "d" in wanted:
            yield spread(f"(d) task cycles, 50 workers, {name}", cycles(database), "cycles/s", at_least=400)
    for database, name in DATABASES:
        if "e" in wanted:
            yield from claims(database, name)
    for database, name in DATABASES:
        if "f" in wanted:
            seconds = store_times(database).all_seconds
            yield spread(f"(f) store a job of 100,000 tasks, {name}", seconds, "s", at_most=1.5)
    if "g" in wanted:
        yield from idle_memory()


def claims(database: str, name: str) -> Iterator[Figure]:
    """Claims at each size of the queue, and the slowest size by the smallest."""
    rates = claim_rates(database)
    for rate in rates:
        yield spread(f"(e) claims, {rate.queued:,} queued, {name}", rate.all_rates, "claims/s")
    slowest = min(rate.per_second for rate in rates)
    yield Figure(f"(e) claims: slowest size / smallest size, {name}", slowest / rates[0].per_second, "×", at_least=0.75)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="LETTER", help="which figures; all if none is named")
    wanted = set(parser.parse_args().figures) or set(LETTERS)
    if not wanted <= set(LETTERS):
        parser.error(f"there is no figure {min(wanted - set(LETTERS))!r}: name some of {' '.join(LETTERS)}")
    print(HEAD, flush=True)
    for figure in figures(wanted):
        print(figure.row(), flush=True)


if __name__ == "__main__":
    main()
