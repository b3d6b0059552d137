"""A frame of the farm becomes the file that the scene itself would have written; nothing goes anywhere else."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flamenco_addon.core.destination import Destination, Output, destination_from, output_from, place
from flamenco_client.errors import ServerFault
from hypothesis import given
from hypothesis import strategies as st

PLAIN = Destination("/p/render", before="shot_", digits=4, after=".png", extension=".png")


def frame(path: str, number: int | None, kind: str = "frame", root: str = "output") -> Output:
    return Output(1, path, "a" * 64, 10, kind, number, root)


@pytest.mark.parametrize(
    ("where", "path", "number", "wanted"),
    [
        (PLAIN, "frames/0007.png", 7, "/p/render/shot_0007.png"),
        (PLAIN, "frames/12345.png", 12345, "/p/render/shot_12345.png"),
        (PLAIN, "frames/-0005.png", -5, "/p/render/shot_-0005.png"),
        (replace(PLAIN, digits=2, after="_final.png"), "frames/0007.png", 7, "/p/render/shot_07_final.png"),
        (PLAIN, "frames/0007.exr", 7, "/p/render/shot_0007.exr"),
        (replace(PLAIN, after="_v1.png"), "frames/0007.exr", 7, "/p/render/shot_0007_v1.exr"),
        (replace(PLAIN, after="", before="x"), "frames/0007.png", 7, "/p/render/x0007"),
        (replace(PLAIN, after="", before="x"), "frames/0007.exr", 7, "/p/render/x0007.exr"),
        (replace(PLAIN, after=".jpeg", extension=".jpg"), "frames/0007.jpg", 7, "/p/render/shot_0007.jpeg"),
        (PLAIN, "frames/0007_L.png", 7, "/p/render/shot_0007_L.png"),
        (replace(PLAIN, after="_v1.png"), "frames/0007_R.png", 7, "/p/render/shot_0007_v1_R.png"),
        (PLAIN, "frames/Back_Layer/0007.png", 7, "/p/render/Back_Layer/shot_0007.png"),
    ],
)
def test_frames_are_named_as_the_scene_names_them(where: Destination, path: str, number: int, wanted: str) -> None:
    assert place(frame(path, number), where) == Path(wanted)


@pytest.mark.parametrize(
    ("where", "output", "wanted"),
    [
        (PLAIN, frame("preview.mp4", None, "video"), "/p/render/shot_preview.mp4"),
        (replace(PLAIN, before="shot"), frame("preview.mp4", None, "video"), "/p/render/shot_preview.mp4"),
        (replace(PLAIN, before=""), frame("preview.mp4", None, "video"), "/p/render/preview.mp4"),
        (replace(PLAIN, movie="/p/cut0001-0009.mp4"), frame("preview.mp4", None, "video"), "/p/cut0001-0009.mp4"),
        (replace(PLAIN, movie="/p/cut0001-0009.mkv"), frame("cut.mp4", None, "video"), "/p/render/cut.mp4"),
        (PLAIN, frame("poster_0003.png", 3, "image"), "/p/render/shot_0003.png"),
        (PLAIN, frame("merged/poster_0003.exr", None, "image"), "/p/render/merged/poster_0003.exr"),
        (PLAIN, frame("sound.flac", None, "audio"), "/p/render/sound.flac"),
        (PLAIN, frame("compositor/Out/Image0003.png", 3, "image"), "/p/render/compositor/Out/Image0003.png"),
        (
            replace(PLAIN, nodes={"Out": "/p/passes"}),
            frame("compositor/Out/z/Image0003.exr", 3, "image"),
            "/p/passes/z/Image0003.exr",
        ),
        (PLAIN, frame("a/shot-baked.blend", None, "blend", "job"), "/p/render/baked/a/shot-baked.blend"),
        (replace(PLAIN, root="/p"), frame("a/blendcache_x/1.bphys", None, "cache", "job"), "/p/a/blendcache_x/1.bphys"),
    ],
)
def test_all_else_lies_beside_or_where_the_scene_says(where: Destination, output: Output, wanted: str) -> None:
    assert place(output, where) == Path(wanted)


@pytest.mark.parametrize(
    "path",
    [
        "../0001.png", "/etc/0001.png", "frames/../../0001.png", "C:0001.png", "frames\\0001.png", "frames/0001.py",
        "frames/.0001.png", ".config/autostart/a.png", "frames/0001", "frames/0001.desktop", "frames/00\n01.png", "",
        "frames/0001_$(id).png"
    ],
)  # fmt: skip
def test_what_is_no_result_does_not_come(path: str) -> None:
    with pytest.raises(ServerFault, match="the server named"):
        place(frame(path, 1), PLAIN)


@given(
    st.text(max_size=60),
    st.one_of(st.none(), st.integers(-(2**31), 2**31)),
    st.sampled_from(["frame", "image", "video", "audio", "cache", "file", ""]),
    st.sampled_from(["output", "job"]),
)
def test_no_path_leads_out_of_the_folders(path: str, number: int | None, kind: str, root: str) -> None:
    try:
        found = place(frame(path, number, kind, root), replace(PLAIN, root="/p/project"))
    except ServerFault:
        return
    below = Path("/p/project") if root == "job" else Path("/p/render")
    assert below in found.parents
    assert ".." not in found.parts


def test_a_destination_is_kept_and_found_again() -> None:
    where = replace(PLAIN, blend="/p/a.blend", movie="/p/m.mp4", nodes={"Out": "/p/passes"})
    assert destination_from(where.document()) == where
    assert destination_from({"folder": "/p", "digits": "x", "nodes": 3}) == Destination("/p")
    for broken in (None, [], {}, {"folder": ""}, {"folder": 7}):
        assert destination_from(broken) is None


def test_a_folder_of_its_own_takes_everything_along() -> None:
    where = replace(PLAIN, movie="/q/m.mp4", nodes={"Out": "/p/passes"}).below("job-3")
    assert place(frame("frames/0001.png", 1), where) == Path("/p/render/job-3/shot_0001.png")
    assert place(frame("a.mp4", None, "video"), where) == Path("/p/render/job-3/m.mp4")
    found = place(frame("compositor/Out/I0001.png", 1, "image"), where)
    assert found == Path("/p/render/job-3/compositor/Out/I0001.png")


@pytest.mark.parametrize("item", [{}, {"id": "1"}, {"id": 1, "size": 3}, {"id": 1, "size": "3", "path": "a"}])
def test_an_output_that_makes_no_sense_is_refused(item: dict[str, object]) -> None:
    with pytest.raises(ServerFault, match="cannot be understood"):
        output_from(item)
