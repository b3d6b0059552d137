"""`make bench-addon`: what it costs to pack and send a scene, a row a figure with its goal, medians of five runs.

    python tests/benchmarks/addon.py [a b c d]

a  a .blend of 200 MB: packed, sent to a real server and submitted, by reading, hashing and writing the same bytes
b  the same for a small .blend with 200 MB of textures
c  10,000 small textures
d  how long the sending thread keeps others of the same Python from going on, at the most

For a, b and c also the same again unchanged: how long it takes, and how many bytes of files are sent. "Writing" brings the bytes
to the disk, as the server does. About five minutes on two cores that do nothing else.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))
sys.path.insert(0, str(Path(__file__).parent))

from figures import HEAD, Figure, spread
from flamenco_client.api import Client
from flamenco_client.submit import Submission, submit
from scenes import run_python
from whole_farm import WholeFarm

LETTERS = "abcd"
RUNS = 5
BLENDER = "4.5"
TEXTURE_BYTES, SMALL_BYTES = 4_000_000, 5_000
OLD = 1_700_000_000  # files that changed a moment ago are not remembered by their time
BLOCK = 1024 * 1024


class CountingClient(Client):
    """Adds up the bytes of files that it sends."""

    sent = 0

    def call(self, method: str, path: str, **more: Any) -> Any:
        """As the client's, and noted."""
        if path.startswith(("/files/archive", "/uploads/")) and more.get("data") is not None:
            CountingClient.sent += len(more["data"])
        return super().call(method, path, **more)

    def twin(self) -> Client:
        """One that counts as well."""
        made = CountingClient(self.address, self.token, self._tries)
        self._twins.add(made)
        return made


class Ticks:
    """A thread that wants to go on every millisecond, and notes how long it could not at the most."""

    def __init__(self) -> None:
        self.longest = 0.0
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> Ticks:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        last = time.perf_counter()
        while not self._stop.is_set():
            time.sleep(0.001)
            now = time.perf_counter()
            self.longest = max(self.longest, now - last)
            last = now


@dataclass
class Series:
    """The runs of one scene."""

    ratios: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    again_bytes: list[float] = field(default_factory=list)
    gaps: list[float] = field(default_factory=list)


class Bench:
    """A server and scenes in a temporary folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        os.environ["XDG_CACHE_HOME"] = str(folder / "cache")  # the hashes of this bench only
        self._scenes = folder / "scenes"
        self._scenes.mkdir()
        run_python(BLENDER, Path(__file__).with_name("addon_scenes.py"), str(self._scenes))
        self._farm = WholeFarm(folder / "farm")
        self._farm.start_server()
        self._client = CountingClient(self._farm.address, self._farm.token)

    def close(self) -> None:
        """End the server."""
        self._farm.close()

    def mesh(self) -> Series:
        """The .blend of 200 MB."""
        return self._series("mesh", 0, 0)

    def textures(self) -> Series:
        """The .blend with 200 MB of textures."""
        return self._series("textures", 50, TEXTURE_BYTES)

    def many(self) -> Series:
        """The .blend with 10,000 textures."""
        return self._series("many", 10_000, SMALL_BYTES)

    def _series(self, name: str, count: int, size: int) -> Series:
        series = Series()
        for run in range(RUNS):
            folder = self._folder / f"{name} {run}"
            blend = self._project(folder, name, count, size)
            by_hand = read_hash_write(
                sorted(path for path in folder.rglob("*") if path.is_file()), self._folder / "copy"
            )
            with Ticks() as ticks:
                seconds = self._submit(blend)
                again_from = CountingClient.sent
                again = self._submit(blend)
            series.ratios.append(seconds / by_hand)
            series.seconds.append(seconds)
            series.again.append(again)
            series.again_bytes.append(CountingClient.sent - again_from)
            series.gaps.append(1000 * ticks.longest)
            shutil.rmtree(folder)
        return series

    def _project(self, folder: Path, name: str, count: int, size: int) -> Path:
        """Files that the server has never seen."""
        (folder / name).mkdir(parents=True)
        blend = Path(shutil.copyfile(self._scenes / f"{name}.blend", folder / f"{name}.blend"))
        with blend.open("ab") as file:
            file.write(os.urandom(16))  # what follows the end of a .blend means nothing
        for number in range(count):
            (folder / name / f"{number:05}.png").write_bytes(os.urandom(size))
        for path in folder.rglob("*"):
            os.utime(path, (OLD, OLD))
        os.sync()
        return blend

    def _submit(self, blend: Path) -> float:
        begin = time.perf_counter()
        submit(self._client, blend, Submission(root=blend.parent, paused=True))
        return time.perf_counter() - begin


def read_hash_write(paths: Sequence[Path], target: Path) -> float:
    """Seconds to read files, hash them, and write the same bytes to other files on the disk."""
    target.mkdir()
    begin = time.perf_counter()
    for number, path in enumerate(paths):
        digest = hashlib.sha256()
        with path.open("rb") as source, (target / str(number)).open("wb") as copy:
            while block := source.read(BLOCK):
                digest.update(block)
                copy.write(block)
            copy.flush()
            os.fsync(copy.fileno())
    seconds = time.perf_counter() - begin
    shutil.rmtree(target)
    os.sync()
    return seconds


def figures(wanted: set[str], bench: Bench) -> Iterator[Figure]:
    """The figures of those letters, each when it is measured."""
    gaps: list[float] = []
    for letter, name, measure in (
        ("a", "a .blend of 200 MB", bench.mesh),
        ("b", "200 MB of textures", bench.textures),
        ("c", "10,000 textures of 5 KB", bench.many),
    ):
        if not wanted & {letter, "d"}:
            continue
        series = measure()
        gaps += series.gaps
        if letter in wanted:
            yield from rows(letter, name, series)
    if "d" in wanted:
        yield spread("(d) longest stop of another thread", gaps, "ms", at_most=50)


def rows(letter: str, name: str, series: Series) -> Iterator[Figure]:
    """The figures of one scene."""
    if letter == "c":
        yield spread(f"(c) {name}: sent", series.seconds, "s", at_most=10)
        yield spread("(c) … ÷ reading, hashing, writing", series.ratios, "×")
    else:
        yield spread(f"({letter}) {name} ÷ reading, hashing, writing", series.ratios, "×", at_most=1.5)
        yield spread(f"({letter}) … sent", series.seconds, "s")
    yield spread(f"({letter}) … again unchanged", series.again, "s", at_most=1)
    yield Figure(f"({letter}) … again: bytes of files that are sent", max(series.again_bytes), "bytes", at_most=0)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("figures", nargs="*", metavar="LETTER", help="which figures; all if none is named")
    wanted = set(parser.parse_args().figures) or set(LETTERS)
    if not wanted <= set(LETTERS):
        parser.error(f"there is no figure {min(wanted - set(LETTERS))!r}: name some of {' '.join(LETTERS)}")
    with tempfile.TemporaryDirectory(prefix="flamenco-bench-") as folder:
        bench = Bench(Path(folder))
        try:
            print(HEAD, flush=True)
            for figure in figures(wanted, bench):
                print(figure.row(), flush=True)
        finally:
            bench.close()


if __name__ == "__main__":
    main()
