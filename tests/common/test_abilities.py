"""Which worker can take which step, and with which Blender."""

from __future__ import annotations

import pytest
from flamenco_common.abilities import (
    Abilities,
    BlenderFound,
    Gpu,
    Requirements,
    blender_fits,
    choose_blender,
    mismatch,
    version_key,
)

FOUND = [BlenderFound(version, f"/b/{version}") for version in ("4.5.15", "3.4.1", "5.0.1", "4.5.9", "4.2.0")]
ABLE = Abilities(platform="linux", cores=4, memory_mb=8000, blenders=FOUND, ffmpeg="/usr/bin/ffmpeg")


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ("", "5.0.1"),
        ("4.5", "4.5.15"),
        ("4.5.9", "4.5.9"),
        (">=4.2", "4.2.0"),
        (">=4.3", "4.5.15"),
        (">=3.0", "3.4.1"),
        ("5", "5.0.1"),
        (">=5.1", None),
        ("4.4", None),
        ("4.5.1", None),
    ],
)
def test_the_blender_that_is_used(wanted: str, version: str | None) -> None:
    chosen = choose_blender(wanted, FOUND)
    assert (chosen.version if chosen else None) == version


@pytest.mark.parametrize(
    ("wanted", "version", "fits"),
    [
        (">=4.5", "4.5.0", True),
        (">=4.5", "4.5.0-beta", True),
        (">=4.10", "4.9.9", False),
        (">=4.9", "4.10", True),
        ("4.1", "4.10.2", False),
        ("4.5.1", "4.5.15", False),
        ("3.4", "3.4", True),
    ],
)
def test_versions_are_numbers_and_not_texts(wanted: str, version: str, fits: bool) -> None:
    assert blender_fits(wanted, version) is fits


def test_a_version_is_cut_where_its_numbers_end() -> None:
    assert version_key("4.5.15") == (4, 5, 15)
    assert version_key("5.0.1-rc2") == (5, 0, 12)
    assert version_key("unknown") == ()


@pytest.mark.parametrize(
    ("needs", "why"),
    [
        (Requirements(kinds=["blender"]), None),
        (Requirements(kinds=["blender"], blender=">=4.2"), None),
        (Requirements(kinds=["blender"], blender="2.93"), "has no Blender 2.93"),
        (Requirements(kinds=["ffmpeg"]), None),
        (Requirements(kinds=["image"]), None),
        (Requirements(memory_mb=8000), None),
        (Requirements(memory_mb=8001), "has 8000 MB of memory, 8001 MB are needed"),
        (Requirements(gpu=True), "has no GPU"),
        (Requirements(platform="linux"), None),
        (Requirements(platform="windows"), "runs linux, windows is needed"),
        (Requirements(tags=["fast"]), None),
        (Requirements(tags=["fast", "big"]), "lacks the tag big"),
    ],
)
def test_why_a_worker_cannot_take_a_step(needs: Requirements, why: str | None) -> None:
    assert mismatch(needs, ABLE, ["fast"]) == why


def test_a_worker_without_tools_takes_what_needs_none() -> None:
    bare = Abilities(platform="darwin", cores=1, memory_mb=0)
    assert mismatch(Requirements(kinds=["blender"]), bare, []) == "has no Blender"
    assert mismatch(Requirements(kinds=["ffmpeg"]), bare, []) == "has no ffmpeg"
    assert mismatch(Requirements(kinds=["files", "image"]), bare, []) is None


def test_a_worker_may_take_some_kinds_only() -> None:
    picky = Abilities(platform="linux", cores=1, memory_mb=1, kinds=["ffmpeg", "image"], ffmpeg="f", blenders=FOUND)
    assert mismatch(Requirements(kinds=["blender"]), picky, []) == "takes no blender tasks"
    assert mismatch(Requirements(kinds=["ffmpeg"]), picky, []) is None
    assert mismatch(Requirements(), picky, []) is None


def test_a_gpu_is_one() -> None:
    with_gpu = Abilities(platform="linux", cores=1, memory_mb=1, gpus=[Gpu("A card", "CUDA")])
    assert mismatch(Requirements(gpu=True), with_gpu, []) is None
