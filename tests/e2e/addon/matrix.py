"""`make matrix`: what an artist's own Blender renders, and what add-on and farm make of the same scene, pixel for pixel.

    python tests/e2e/addon/matrix.py [--series 4.5] [--to FILE] [ROW …]

For each series, one Blender with the add-on builds the scenes of `matrix_scenes` one after another, sends each to a farm of
two workers and renders it itself; then the farm's frames are fetched and compared. Prints the table; `--to` writes it, too.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "support")]

from addon_blender import install  # noqa: E402
from comparing import Difference, alike, compare, flat  # noqa: E402
from flamenco_client.errors import ClientError  # noqa: E402
from matrix_page import page  # noqa: E402
from matrix_scenes import ROWS, SERIES, Row  # noqa: E402
from matrix_scenes.rows import SCRIPTS  # noqa: E402
from pictures import duration, frame_count  # noqa: E402
from scenes import run_python  # noqa: E402
from whole_farm import WholeFarm  # noqa: E402

ARTIST = HERE / "matrix_scenes" / "artist.py"
JOB_SECONDS = 400
MOST_CRASHES = 5


@dataclass(frozen=True)
class Outcome:
    """What became of a row in a series."""

    row: Row
    series: str
    state: str  # equal, near, differs, refused, absent, failed
    words: str = ""
    difference: Difference | None = None
    warnings: tuple[str, ...] = ()  # what the add-on said before it sent it

    @property
    def as_said(self) -> bool:
        """Whether that is what the row says, and what the add-on said."""
        if self.series not in self.row.series:
            return self.state == "absent"
        if not self._as_warned():
            return False
        if self.row.refused:
            return self.state == "refused" and self.row.refused in self.words
        if self.row.why:
            return self.state == "differs"
        return self.state in ("equal", *(["near"] if self.row.levels else []))

    def _as_warned(self) -> bool:
        if not self.row.warned:
            return not self.warnings
        return any(self.row.warned in each for each in self.warnings)


def run(farm: WholeFarm, folder: Path, series: Iterable[str] = SERIES, names: Iterable[str] = ROWS) -> list[Outcome]:
    """Play all rows in those series."""
    media = make_media(folder / "media")
    if not any(each["name"] == SCRIPTS for each in farm.client.projects()):
        project = json.dumps({"name": SCRIPTS, "allow_scripts": True}).encode()
        farm.client.call("POST", "/projects", data=project, headers={"Content-Type": "application/json"})
    plays = [Play(farm, folder / each, media, each, [ROWS[name] for name in names]) for each in series]
    for play in plays:
        play.send_and_render()
    return [outcome for play in plays for outcome in play.outcomes()]


class Play:
    """All rows in one series."""

    def __init__(self, farm: WholeFarm, folder: Path, media: Path, series: str, rows: list[Row]) -> None:
        self.farm, self.folder, self.media, self.series = farm, folder, media, series
        self.rows = rows
        self.told: dict[str, dict[str, Any]] = {}

    def send_and_render(self) -> None:
        """Let the artist play; a Blender that crashes is started again behind the row in which it did."""
        left = [row.name for row in self.rows if self.series in row.series]
        addon = install(self.series, self.folder / "addon")
        account = {"FLAMENCO_SERVER": self.farm.address, "FLAMENCO_TOKEN": self.farm.token}
        for attempt in range(MOST_CRASHES):
            if not left:
                break
            plan, told = self.folder / f"plan-{attempt}.json", self.folder / f"told-{attempt}"
            plan.write_text(json.dumps({"folder": str(self.folder), "media": str(self.media), "rows": left}))
            said = "Blender ended"
            try:
                addon.run(ARTIST, str(plan), str(told), env=account, seconds=550)
            except AssertionError as error:
                said = str(error)
            self.hear(told, said)
            left = [name for name in left if name not in self.told]

    def hear(self, told: Path, said: str) -> None:
        """Put together what the artist told of each row."""
        for line in told.read_text(encoding="utf-8").splitlines() if told.exists() else []:
            event = json.loads(line)
            self.told.setdefault(event.pop("row"), {"crashed": said[-2000:]}).update(event)
            if event["did"] in ("rendered", "failed", "refused"):
                next(reversed(self.told.values())).pop("crashed", None)

    def outcomes(self) -> Iterator[Outcome]:
        """Wait for the farm, fetch and compare."""
        for row in self.rows:
            if self.series in row.series:
                yield self.outcome(row)
            else:
                yield Outcome(row, self.series, "absent", row.absent)

    def outcome(self, row: Row) -> Outcome:
        """What became of a row."""
        told = self.told.get(row.name, {"crashed": "Blender never came to it"})
        trouble = told.get("error") or told.get("crashed")
        if trouble:
            return Outcome(row, self.series, "failed", trouble)
        if "refused" in told:
            return Outcome(row, self.series, "refused", told["refused"])
        place = self.folder / row.name
        try:
            self.farm.wait(told["job"], JOB_SECONDS)
            self.farm.fetch(told["job"], place / "farm")
        except (AssertionError, ClientError) as error:
            return Outcome(row, self.series, "failed", str(error))
        found = self.compared(row, place / "local", place / "farm")
        return replace(found, warnings=tuple(told["warnings"]))

    def compared(self, row: Row, local: Path, farm: Path) -> Outcome:
        """Compare what was rendered here and there."""
        trouble = shows_nothing(local) or (wrong_video(local, farm) if row.type == "video" else "")
        if trouble:
            return Outcome(row, self.series, "failed", trouble)
        found = compare(local, farm)
        state = "equal" if found.nothing else "near" if row.levels and found.within(row.levels) else "differs"
        return Outcome(row, self.series, state, str(found), found)


def shows_nothing(local: Path) -> str:
    """What is wrong with a row whose own pictures prove nothing."""
    frames = sorted(each for each in (local / "frames").glob("*.*"))
    if not frames:
        return "nothing was rendered here"
    dull = [each.name for each in frames if flat(each)]
    if dull:
        return f"the row's own pictures show nothing: {', '.join(dull)}"
    return "the row's own frames are all the same" if len(frames) > 1 and alike(frames) else ""


def wrong_video(local: Path, farm: Path) -> str:
    """What is wrong with the video of an edit: it has as many frames as were rendered here, and sound as long."""
    frames = len(list((local / "frames").glob("*.*")))
    videos = sorted(farm.glob("*.mp4"))
    if len(videos) != 1:
        return f"there are {len(videos)} videos"
    if frame_count(videos[0]) != frames:
        return f"the video has {frame_count(videos[0])} frames instead of {frames}"
    apart = abs(duration(videos[0], "a") - frames / 24)
    return f"the sound is {apart:.3f} s off" if apart > 0.05 else ""


def make_media(folder: Path) -> Path:
    """A movie, a sound and a volume."""
    folder.mkdir(parents=True, exist_ok=True)
    for source, *more, name in (
        ("testsrc=size=32x24:rate=24", "-frames:v", "8", "-pix_fmt", "yuv420p", "clip.mp4"),
        ("sine=frequency=440:duration=1", "tone.wav"),
    ):
        command = ["ffmpeg", "-v", "error", "-y", "-f", "lavfi", "-i", source, *more, str(folder / name)]
        subprocess.run(command, check=True)
    run_python("4.5", HERE / "matrix_scenes" / "cloud.py", str(folder / "cloud.vdb"))
    return folder


def main() -> int:
    """Print the table of what is asked for; 1 if a row is not what it says."""
    parser = argparse.ArgumentParser(description="Compare what a Blender renders with what the farm renders.")
    parser.add_argument("rows", nargs="*", choices=[[], *ROWS], metavar="ROW")
    parser.add_argument("--series", action="append", choices=SERIES)
    parser.add_argument("--to", type=Path, help="write the page there, too")
    wanted = parser.parse_args()
    series, began = tuple(wanted.series or SERIES), time.monotonic()
    with tempfile.TemporaryDirectory(prefix="flamenco-matrix-") as folder:
        farm = WholeFarm(Path(folder) / "farm")
        try:
            farm.start()
            for name in ("left", "right"):
                farm.start_worker(name, series, threads=1)
            outcomes = run(farm, Path(folder), series, wanted.rows or ROWS)
        finally:
            farm.close()
    text = page(outcomes, series)
    print(text)
    if wanted.to:
        wanted.to.write_text(text, encoding="utf-8")
    wrong = [each for each in outcomes if not each.as_said]
    for each in wrong:
        said = f"; the add-on warned: {'; '.join(each.warnings)}" if each.warnings else ""
        print(f"{each.row.name} in {each.series}: {each.state} {each.words}{said}", file=sys.stderr)
    print(f"{len(outcomes)} cells, {len(wrong)} not as said, {time.monotonic() - began:.0f} s", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
