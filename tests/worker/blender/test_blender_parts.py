"""Parts of a picture fit together without a trace, and the merged picture is written as the scene would have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
import pytest
from blender_bench import Bench
from flamenco_common.commands import BlenderRender, BlenderWriteImage, FileSet, SampleRange, Tile
from flamenco_worker.errors import CommandFailed
from PIL import Image
from scenes import BLENDERS

pytestmark = pytest.mark.real
VERSIONS = pytest.mark.parametrize("version", BLENDERS)
WIDTH, HEIGHT = 45, 27  # of the scene `still`: odd, so that rounding shows
EXR: dict[str, Any] = {"frames": "1", "format": "OPEN_EXR_MULTILAYER"}
WHOLE = Tile(0, 0, WIDTH, HEIGHT, WIDTH, HEIGHT)


def layers(file: Path) -> dict[str, np.ndarray]:
    with OpenEXR.File(str(file)) as exr:
        assert len(exr.parts) == 1
        return {name: np.array(channel.pixels) for name, channel in exr.channels().items()}


def render(bench: Bench, scene: dict[str, str], name: str, **fields: Any) -> tuple[str, dict[str, np.ndarray]]:
    kept = bench.run(BlenderRender(**scene, **EXR, output=bench.frames(name), **fields))
    return kept.made[0].path, layers(bench.output / kept.made[0].path)


@VERSIONS
def test_tiles_are_the_whole_picture_bit_for_bit(bench: Bench, version: str) -> None:
    scene = bench.scene("still", version)
    _, whole = render(bench, scene, "whole", tile=WHOLE)
    assert any("Normal" in name for name in whole), "passes are kept"
    for x0, x1 in ((0, 20), (20, 45)):
        for y0, y1 in ((0, 13), (13, 27)):
            path, part = render(bench, scene, "part", tile=Tile(x0, y0, x1, y1, WIDTH, HEIGHT))
            assert path == f"part_x{x0}-{x1}_y{y0}-{y1}.exr"
            assert part.keys() == whole.keys()
            for name, channel in part.items():
                assert channel.dtype == np.float32
                assert np.array_equal(channel, whole[name][HEIGHT - y1 : HEIGHT - y0, x0:x1]), (path, name)


@VERSIONS
def test_ranges_of_samples_are_the_whole_picture_in_the_mean(bench: Bench, version: str) -> None:
    scene = bench.scene("still", version)
    _, whole = render(bench, scene, "whole", tile=WHOLE)
    parts = []
    for offset, count in ((0, 2), (2, 6)):
        path, part = render(bench, scene, "part", samples=SampleRange(offset, count, 8))
        assert path == f"part_s{offset}-{count}-8.exr"
        parts.append(part["ViewLayer.Combined"].astype(float) * count / 8)
    assert np.abs(sum(parts) - whole["ViewLayer.Combined"]).max() < 3e-6
    assert np.abs(parts[0] * 4 - parts[1] * 8 / 6).max() > 1e-3, "other samples give another pattern"


@VERSIONS
def test_a_part_of_a_scene_that_denoises_brings_what_the_denoiser_needs(bench: Bench, version: str) -> None:
    scene = bench.scene("denoised", version)
    _, part = render(bench, scene, "p", tile=Tile(0, 0, 20, 13, WIDTH, HEIGHT), samples=SampleRange(0, 4, 8))
    assert {"ViewLayer.Denoising Albedo", "ViewLayer.Denoising Normal.X"} <= part.keys()


@VERSIONS
def test_a_tile_of_another_picture_and_samples_of_another_engine_are_refused(bench: Bench, version: str) -> None:
    with pytest.raises(CommandFailed, match="of a picture of 99x99 pixels, and the scene renders 45x27"):
        render(bench, bench.scene("still", version), "p", tile=Tile(0, 0, 20, 13, 99, 99))
    with pytest.raises(CommandFailed, match="only Cycles"):
        render(bench, bench.scene("workbench", version), "p", samples=SampleRange(0, 4, 8))


def written(bench: Bench, scene: dict[str, str], source: str, **fields: Any) -> tuple[Path, str]:
    image = FileSet(paths=[str(bench.output / source)])
    kept = bench.run(BlenderWriteImage(**scene, image=image, output=bench.frames("written"), **fields))
    made = next(made for made in kept.made if made.path.startswith("written"))
    assert made.kind == "image"
    return bench.output / made.path, kept.text


@VERSIONS
@pytest.mark.parametrize("name", ["still", "denoised", "compositing"])
def test_the_written_picture_is_what_the_scene_saves(bench: Bench, version: str, name: str) -> None:
    """With view transform, exposure, dither, denoiser and compositor, bit for bit."""
    scene = bench.scene(name, version)
    blind = name == "denoised" and version == "3.4"  # Debian's has no denoiser
    size = (32, 24) if name == "compositing" else (WIDTH, HEIGHT)
    source, _ = render(bench, scene, "merged", tile=Tile(0, 0, *size, *size))
    direct = {"overrides": {"denoise": False}} if blind else {}
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames("direct"), **direct))
    file, text = written(bench, scene, source)
    assert file.suffix == ".png"
    assert np.array_equal(np.array(Image.open(file)), np.array(Image.open(bench.output / "direct.png")))
    assert ("has no denoiser" in text) == blind


@VERSIONS
def test_a_written_picture_may_have_another_format_and_leaves_nothing_behind(bench: Bench, version: str) -> None:
    scene = bench.scene("still", version)
    source, whole = render(bench, scene, "merged", tile=WHOLE)
    file, _ = written(bench, scene, source, overrides={"format": "OPEN_EXR_MULTILAYER"})
    assert np.array_equal(layers(file)["ViewLayer.Normal.X"], whole["ViewLayer.Normal.X"])
    file, _ = written(bench, scene, source, overrides={"format": "JPEG"})
    assert Image.open(file).format == "JPEG"
    _, again = render(bench, scene, "again", tile=WHOLE)
    assert np.array_equal(again["ViewLayer.Combined"], whole["ViewLayer.Combined"])


@VERSIONS
def test_a_merged_picture_of_another_size_or_none_at_all_is_refused(bench: Bench, version: str) -> None:
    scene = bench.scene("still", version)
    source, _ = render(bench, scene, "merged", tile=WHOLE)
    with pytest.raises(CommandFailed, match="has 45x27 pixels, and the scene renders 22x13"):
        written(bench, scene, source, overrides={"resolution_percentage": 50})
    (bench.output / "broken.exr").write_bytes(b"nothing like a picture")
    with pytest.raises(CommandFailed, match=r"broken\.exr cannot be read"):
        written(bench, scene, "broken.exr")


@VERSIONS
def test_of_several_view_layers_the_scenes_first_is_written(bench: Bench, version: str) -> None:
    """In the merged file they stand in the order of the alphabet: Back before Front."""
    scene = bench.scene("two_layers", version)
    source, whole = render(bench, scene, "merged", tile=Tile(0, 0, 32, 24, 32, 24))
    assert {"Front.Combined", "Back.Combined"} <= whole.keys()
    bench.run(BlenderRender(**scene, frames="1", output=bench.frames("direct")))
    file, _ = written(bench, scene, source)
    assert np.array_equal(np.array(Image.open(file)), np.array(Image.open(bench.output / "direct.png")))
