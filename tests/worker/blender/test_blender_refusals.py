"""What cannot be rendered is refused before the first frame, in one sentence that names it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from blender_bench import Bench
from flamenco_common.commands import BlenderRender
from flamenco_worker.errors import CommandFailed
from scenes import BLENDERS

pytestmark = pytest.mark.real
VERSIONS = pytest.mark.parametrize("version", BLENDERS)


def refused(bench: Bench, file: dict[str, str], /, **fields: Any) -> str:
    fields = {"frames": "1-4", "output": bench.frames(), **fields}
    with pytest.raises(CommandFailed) as error:
        bench.run(BlenderRender(**file, **fields))
    assert not any(bench.output.iterdir())
    assert "\n" not in str(error.value)
    return str(error.value)


@VERSIONS
def test_missing_files_are_all_named(bench: Bench, version: str) -> None:
    reason = refused(bench, bench.scene("missing_texture", version))
    assert reason.startswith("2 files are missing: ")
    assert f"image {bench.job / 'gone.png'}" in reason
    assert f"image {bench.job / 'lost.png'}" in reason
    assert f"library {bench.job / 'props.blend'}" in refused(bench, bench.scene("missing_library", version))
    assert refused(bench, bench.scene("tiled", version)) == f"a file is missing: image {bench.job / 'tiled.1002.png'}"
    (bench.job / "tone.wav").unlink(missing_ok=True)
    edit = bench.scene("edit", version)
    (bench.job / "tone.wav").unlink()
    assert refused(bench, edit) == f"a file is missing: sound {bench.job / 'tone.wav'}"


@VERSIONS
def test_missing_files_may_be_allowed(bench: Bench, version: str) -> None:
    scene = bench.scene("missing_texture", version)
    kept = bench.run(BlenderRender(**scene, frames="1", output=bench.frames(), allow_missing=True))
    assert [made.path for made in kept.made] == ["0001.png"]
    assert f"warning: missing: image {bench.job / 'gone.png'}" in kept.lines


@VERSIONS
def test_a_sequence_needs_the_pictures_of_the_frames_that_are_rendered(bench: Bench, version: str) -> None:
    scene = bench.scene("sequence", version)
    assert refused(bench, scene) == f"a file is missing: image {bench.job / 'seq_0003.png'}"
    assert len(bench.run(BlenderRender(**scene, frames="1,2,4", output=bench.frames())).made) == 3


@VERSIONS
def test_what_the_scene_does_not_have_is_named(bench: Bench, version: str) -> None:
    assert refused(bench, bench.scene("no_camera", version)) == "the scene 'Scene' has no camera"
    scene = bench.scene("workbench", version)
    assert refused(bench, scene, camera="Nope") == "the scene has no camera 'Nope'"
    assert refused(bench, scene, view_layers=["Nope"]) == "the scene has no view layer 'Nope'; it has ViewLayer"
    assert refused(bench, scene, scene="Nope") == "the file has no scene 'Nope'; it has Scene"
    assert "has none" in refused(bench, scene, sequencer=True)
    assert "needs ####" in refused(bench, scene, output=bench.frames("one"))


@VERSIONS
def test_settings_that_this_blender_does_not_take_are_named(bench: Bench, version: str) -> None:
    scene = bench.scene("small_cycles", version)
    assert "LUXCORE is not in this Blender" in refused(bench, scene, overrides={"engine": "LUXCORE"})
    assert "color_depth cannot be '77'" in refused(bench, scene, overrides={"color_depth": "77"})
    assert "FFMPEG is a movie" in refused(bench, scene, overrides={"format": "FFMPEG"})
    assert "GIF is not in this Blender" in refused(bench, scene, format="GIF")
    assert "wishes is not known" in refused(bench, scene, overrides={"wishes": 3})
    assert "finds none on this machine" in refused(bench, scene, overrides={"device": "GPU"})


def test_a_file_of_a_newer_blender_is_refused_before_the_old_one_crashes_on_it(bench: Bench) -> None:
    for saved, used in (("4.5", "3.4"), ("5.0", "4.5"), ("5.0", "3.4")):
        scene = {**bench.scene("workbench", saved), "blender": BLENDERS[used]}
        assert f"was saved by Blender {saved}, and Blender {used} cannot" in refused(bench, scene)


@VERSIONS
def test_broken_files_fail_clearly_and_the_next_one_renders(bench: Bench, version: str) -> None:
    scene = bench.scene("small_cycles", version)
    good = Path(scene["blend"]).read_bytes()
    for name, content in {
        "junk": b"hello, I am no blend file" * 100,
        "empty": b"",
        "cut": good[: len(good) // 2],
        "hole": good[:4000] + bytes(len(good) - 8000) + good[-4000:],
    }.items():
        broken = bench.job / f"{name}.blend"
        broken.write_bytes(content)
        reason = refused(bench, {**scene, "blend": str(broken)})
        assert broken.name in reason
    assert "No such file" in refused(bench, {**scene, "blend": str(bench.job / "gone.blend")})
    assert len(bench.run(BlenderRender(**scene, frames="1", output=bench.frames())).made) == 1


def test_a_renderer_that_is_not_built_in_says_so(bench: Bench) -> None:
    """Debian's 3.4 has no denoiser: the reason is its own line."""
    assert "OpenImageDenois" in refused(bench, bench.scene("denoised", "3.4"), output=bench.frames("x####"))
