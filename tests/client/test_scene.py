"""What is read of a .blend without Blender is what Blender itself says of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from client_files import VERSIONS, files_of
from flamenco_client.errors import BadBlend
from flamenco_client.scene import read_blend
from flamenco_common.authoring import Scene
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

pytestmark = pytest.mark.real

SIMULATED = {
    "cloth": ["cloth:Sheet:Cloth"],
    "softbody": ["softbody:Jelly:Softbody"],
    "particles": ["particles:Emitter:Dust"],
    "rigidbody": ["rigidbody:Scene:World"],
    "fluid": ["fluid:Domain:Fluid"],
    "nodes": ["nodes:Cube:Sim"],
}


def truth_of(blend: Path) -> dict[str, Any]:
    """What Blender said when it saved the file."""
    told: dict[str, Any] = json.loads(blend.with_suffix(".json").read_text())
    told["fps"] = round(told["fps"], 6)
    return {key: value for key, value in told.items() if value is not None}


def test_every_value_of_every_scene_is_blenders(built: tuple[str, Path]) -> None:
    version, folder = built
    blends = [path.with_suffix(".blend") for path in sorted((folder / "scenes").glob("*.json"))]
    assert len(blends) == 14
    for blend in blends:
        info = read_blend(blend)
        simulations = info.scene.pop("simulations")
        assert {**info.scene, "cameras": sorted(info.scene["cameras"])} == truth_of(blend), blend.stem
        assert simulations == SIMULATED.get(blend.stem, []), blend.stem
        assert info.version == version


def test_the_unusual_scene_is_unusual(built: tuple[str, Path]) -> None:
    for name in ("unusual", "compressed"):
        scene = read_blend(built[1] / "scenes" / f"{name}.blend").scene
        assert scene["scene"] == "Zweite Szene ü"
        assert scene["frame_range"] == "0-101x3"
        assert (scene["width"], scene["height"]) == (659, 330)
        assert scene["fps"] == 29.97003
        assert scene["format"] == "OPEN_EXR_MULTILAYER"
        assert scene["samples"] == 77
        assert "Unused" not in scene["view_layers"]
        assert scene["has_sound"]
        assert not scene["has_sequencer"]


def test_an_active_scene_that_was_not_saved_gives_way_to_the_first(built: tuple[str, Path]) -> None:
    assert read_blend(built[1] / "scenes" / "unsaved_scene.blend").scene["scene"] == "Scene"


def test_the_values_have_the_names_that_compilers_know(built: tuple[str, Path]) -> None:
    found = read_blend(built[1] / "scenes" / "small_cycles.blend").scene
    assert set(found) == {source.value for source in Scene}


def test_a_file_of_a_newer_blender_tells_its_version(built: tuple[str, Path], tmp_path: Path) -> None:
    data = (built[1] / "scenes" / "small_cycles.blend").read_bytes()
    data = raw(data)
    newer = tmp_path / "newer.blend"
    newer.write_bytes(re.sub(rb"v(\d+)", lambda match: b"v" + b"9" * len(match[1]), data[:32], count=1) + data[32:])
    assert read_blend(newer).version in ("9.99", "99.99")


def raw(data: bytes) -> bytes:
    """A .blend without its compression."""
    if data.startswith(b"BLENDER"):
        return data
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj(read_across_frames=True).decompress(data)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("empty", b"", "is not a .blend file that can be read"),
        ("junk", b"PNG is no blend" * 100, "is not a .blend file that can be read"),
        ("header", b"BLENDER-v304", "cut short or damaged"),
        ("format", b"BLENDER99-99v9999" + b"\0" * 64, "read"),
        ("gzip", b"\x1f\x8b\x08\x00junk", "damaged"),
        ("zstd", b"\x28\xb5\x2f\xfdjunkjunk", "damaged"),
    ],
)
def test_what_is_no_blend_is_told_in_one_sentence(name: str, data: bytes, says: str, tmp_path: Path) -> None:
    blend = tmp_path / f"{name}.blend"
    blend.write_bytes(data)
    with pytest.raises(BadBlend, match=says) as caught:
        read_blend(blend)
    assert str(blend) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_or_not_a_file(tmp_path: Path) -> None:
    with pytest.raises(BadBlend, match=r"there is no file .*gone\.blend"):
        read_blend(tmp_path / "gone.blend")
    with pytest.raises(BadBlend, match="cannot be read"):
        read_blend(tmp_path)


@pytest.mark.parametrize("name", ["unusual", "compressed"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.7, 0.98])
def test_a_file_that_is_cut_short_is_told(built: tuple[str, Path], name: str, part: float, tmp_path: Path) -> None:
    data = (built[1] / "scenes" / f"{name}.blend").read_bytes()
    blend = tmp_path / "cut.blend"
    blend.write_bytes(data[: int(len(data) * part)])
    with pytest.raises(BadBlend, match=r"cut short or damaged|cannot be read|damaged") as caught:
        read_blend(blend)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("version", VERSIONS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=16)), min_size=1, max_size=5))
def test_damaged_bytes_are_read_or_told_but_never_a_crash(
    version: str, tmp_path_factory: pytest.TempPathFactory, damage: list[tuple[float, bytes]]
) -> None:
    data = bytearray(raw((files_of(version) / "scenes" / "small_cycles.blend").read_bytes()))
    for place, junk in damage:
        at = int(place * (len(data) - 1))
        data[at : at + len(junk)] = junk
    blend = tmp_path_factory.mktemp("damaged") / "damaged.blend"
    blend.write_bytes(data)
    try:
        assert set(read_blend(blend).scene) <= {source.value for source in Scene}
    except BadBlend as error:
        assert "\n" not in str(error)
    finally:
        blend.unlink()
