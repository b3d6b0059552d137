"""Which picture is which frame of a video."""

from __future__ import annotations

from pathlib import Path

import pytest
from flamenco_common.documents import TaskFile
from flamenco_worker.commands.ffmpeg_frames import by_frame, in_order, say_missing
from flamenco_worker.errors import CommandFailed
from hypothesis import given
from hypothesis import strategies as st


def found(*names: str, frame: int | None = None) -> list[tuple[TaskFile, Path]]:
    """Files as a context resolves them."""
    return [(TaskFile(name, "", 1, "output", "render", frame), Path("/out") / name) for name in names]


@pytest.mark.parametrize(
    ("name", "frame"),
    [
        ("0001.png", 1), ("shot_010_0042.exr", 42), ("shot-0042.png", 42), ("-0005.png", -5), ("take_-12.png", -12),
        ("a/v2/7.png", 7), ("frame10left.png", 10),
    ],
)  # fmt: skip
def test_the_last_number_of_a_name_is_its_frame(name: str, frame: int) -> None:
    assert list(by_frame(found(name))) == [frame]


def test_what_the_manifest_says_counts_more_than_the_name() -> None:
    assert list(by_frame(found("0007.png", frame=3))) == [3]


def test_several_pictures_for_one_frame_are_told() -> None:
    with pytest.raises(CommandFailed, match=r"frame 3 has several pictures, 0003_a\.png and 0003_b\.png"):
        by_frame(found("0003_a.png", "0003_b.png", frame=3))


@pytest.mark.parametrize(("name", "says"), [("sound.flac", "is not a picture"), ("cover.png", "no frame number")])
def test_what_is_no_frame_is_told(name: str, says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        by_frame(found(name))


def order(present: str, wanted: str = "", hold: bool = False) -> list[int]:
    """The frames whose pictures stand one after the other."""
    pictures = {int(number): Path(number) for number in present.split()}
    return [int(str(path)) for _, path in in_order(pictures, wanted, hold)]


def test_pictures_come_in_the_order_of_their_frames() -> None:
    assert order("10 9 8") == [8, 9, 10]
    assert order("1 2 3 4 5", "2-4") == [2, 3, 4]
    assert order("1 3 5", "1-5x2") == [1, 3, 5]


def test_a_gap_is_an_error_that_names_the_frames() -> None:
    with pytest.raises(CommandFailed, match=r"^frames 4-6 and 9 are missing$"):
        order("1 2 3 7 8 10")
    with pytest.raises(CommandFailed, match=r"^frame 5 is missing$"):
        order("1 2 3 4", "1-5")


def test_a_gap_is_held_if_that_is_wanted_and_a_leading_one_shows_the_first() -> None:
    assert order("3 5", "1-6", hold=True) == [3, 3, 3, 3, 5, 5]


@pytest.mark.parametrize(("present", "wanted", "says"), [("", "", "no picture"), ("1", "5-6", "none of the wanted")])
def test_nothing_at_all_is_an_error_even_if_gaps_are_held(present: str, wanted: str, says: str) -> None:
    with pytest.raises(CommandFailed, match=says):
        order(present, wanted, hold=True)


def test_frames_that_cannot_be_read_are_told() -> None:
    with pytest.raises(CommandFailed, match="cannot be read"):
        order("1", "one to ten")


def test_a_long_list_of_missing_frames_is_cut_short() -> None:
    assert say_missing(range(1, 101)) == "frames 1-100 are missing"
    assert say_missing([n * n for n in range(40)]).startswith("40 frames are missing, among them 0-1, 4, 9, ")


@given(st.sets(st.integers(-50, 200), min_size=1), st.integers(-60, 210), st.integers(0, 80))
def test_held_pictures_are_one_a_frame_and_never_from_the_future_after_the_first(
    present: set[int], first: int, length: int
) -> None:
    wanted = range(first, first + length + 1)
    pictures = {number: Path(str(number)) for number in present}
    inside = [number for number in wanted if number in present]
    if not inside:
        return
    shown = in_order(pictures, f"{first}-{first + length}" if length else str(first), hold_missing=True)
    assert [number for number, _ in shown] == list(wanted)
    assert all(int(str(path)) == max([n for n in inside if n <= number], default=inside[0]) for number, path in shown)
