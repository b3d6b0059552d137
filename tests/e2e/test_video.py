"""Videos through a running farm: of pictures, and of a sequencer edit in chunks, with exact frame counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from pictures import duration, frame_count, streams
from PIL import Image
from scenes import blend
from whole_farm import WholeFarm

pytestmark = [pytest.mark.real, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 30 numbered pictures."""
    folder = tmp_path_factory.mktemp("pictures")
    for number in range(1, 31):
        shade = np.full((48, 64, 3), number * 8, np.uint8)
        Image.fromarray(shade).save(folder / f"shot_{number:04}.png")
    return folder


@pytest.mark.parametrize(
    ("codec", "suffix", "said"),
    [("h264", ".mp4", "h264"), ("prores", ".mov", "prores"), ("vp9", ".webm", "vp9"), ("av1", ".mp4", "av1")],
)
def test_pictures_become_a_video(
    farm: WholeFarm, result: Path, pictures: Path, codec: str, suffix: str, said: str
) -> None:
    job = farm.submit(pictures, "video", settings={"codec": codec, "fps": 24})
    farm.wait(job, 300)
    farm.fetch(job, result)
    video = next(result.glob(f"*{suffix}"))
    assert said in streams(video)
    assert frame_count(video) == 30
    assert duration(video) == pytest.approx(30 / 24, abs=0.01)


def test_a_gap_names_the_frames(farm: WholeFarm, result: Path, tmp_path: Path, pictures: Path) -> None:
    holed = tmp_path / "holed"
    holed.mkdir()
    for path in pictures.glob("*.png"):
        if path.stem[-4:] not in ("0007", "0008", "0011"):
            (holed / path.name).write_bytes(path.read_bytes())
    said = farm.cli("submit", str(holed), "--type", "video", "--set", "fps=24", code=2)
    assert "7-8,11" in said
    job = farm.submit(holed, "video", settings={"fps": 24, "hold_missing": True})
    farm.wait(job, 300)
    farm.fetch(job, result)
    assert frame_count(next(result.glob("*.mp4"))) == 30


@pytest.mark.parametrize("version", ["3.4", "4.5"])
def test_an_edit_with_sound_in_chunks(farm: WholeFarm, result: Path, version: str) -> None:
    job = farm.submit(blend("edit", version), "video", settings={"chunk_size": 5}, blender=version)
    farm.wait(job, 300)
    assert len(farm.outputs(job, step="chunks")) == 5
    farm.fetch(job, result)
    video = next(result.glob("*.mp4"))
    assert frame_count(video) == 24
    assert duration(video) == pytest.approx(1.0, abs=0.001)
    assert duration(video, "a") == pytest.approx(1.0, abs=0.05)
    colors = frames_of(video, result)
    assert len(colors) == 24
    assert all(red > 200 and blue < 60 for red, _, blue in colors[:12]), "the red strip, over its chunks' seams"
    assert all(blue > 200 and red < 60 for red, _, blue in colors[12:]), "the blue strip begins at its very frame"


def frames_of(video: Path, folder: Path) -> list[tuple[float, float, float]]:
    """The mean color of each frame."""
    import subprocess

    subprocess.run(["ffmpeg", "-loglevel", "error", "-i", str(video), str(folder / "seen_%03d.png")], check=True)
    found = []
    for path in sorted(folder.glob("seen_*.png")):
        with Image.open(path) as picture:
            mean = np.asarray(picture.convert("RGB")).mean(axis=(0, 1))
        found.append((float(mean[0]), float(mean[1]), float(mean[2])))
    return found
