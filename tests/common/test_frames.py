"""Frame lists are read as artists write them, and written so that they are read back to the same."""

from __future__ import annotations

import pytest
from flamenco_common.frames import MOST_FRAMES, BadFrames, Frames
from hypothesis import given
from hypothesis import strategies as st

numbers = st.sets(st.integers(-10_000, 10_000), min_size=1, max_size=80)
parts = st.one_of(
    st.integers(-99, 99).map(str),
    st.tuples(st.integers(-99, 99), st.integers(0, 50)).map(lambda pair: f"{pair[0]}-{pair[0] + pair[1]}"),
    st.tuples(st.integers(-99, 99), st.integers(0, 50), st.integers(1, 9)).map(
        lambda three: f" {three[0]} - {three[0] + three[1]} x {three[2]} "
    ),
)


@given(numbers)
def test_what_is_written_is_read_back(chosen: set[int]) -> None:
    frames = Frames.of(chosen)
    assert Frames.parse(str(frames)) == frames
    assert list(frames) == sorted(chosen)


@given(st.lists(parts, min_size=1, max_size=6).map(",".join))
def test_what_was_read_is_written_the_same_each_time(text: str) -> None:
    frames = Frames.parse(text)
    assert Frames.parse(str(frames)) == frames
    assert str(Frames.parse(str(frames))) == str(frames)


@given(numbers, st.integers(1, 30))
def test_chunks_are_all_frames_in_order(chosen: set[int], size: int) -> None:
    frames = Frames.of(chosen)
    chunks = frames.chunks(size)
    assert [number for chunk in chunks for number in chunk] == list(frames)
    assert all(len(chunk) == size for chunk in chunks[:-1])
    assert 1 <= len(chunks[-1]) <= size


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("7", [7]),
        ("1-3", [1, 2, 3]),
        ("1-9x2,12,20-22", [1, 3, 5, 7, 9, 12, 20, 21, 22]),
        ("1-10x4", [1, 5, 9]),
        ("-5--3", [-5, -4, -3]),
        ("-2-1", [-2, -1, 0, 1]),
        ("3,1,2,2", [1, 2, 3]),
        (" 1 , 4 - 5 ", [1, 4, 5]),
    ],
)
def test_lists_as_artists_write_them(text: str, found: list[int]) -> None:
    assert list(Frames.parse(text)) == found


@pytest.mark.parametrize(
    ("given_numbers", "text"),
    [
        ([1, 2, 3], "1-3"),
        ([1, 3, 5, 7], "1-7x2"),
        ([1, 2], "1-2"),
        ([1, 9], "1,9"),
        ([4], "4"),
        ([1, 3, 4, 5], "1,3-5"),
    ],
)
def test_lists_are_written_short(given_numbers: list[int], text: str) -> None:
    assert str(Frames.of(given_numbers)) == text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "cannot be read"),
        ("abc", "cannot be read"),
        ("1,,2", "cannot be read"),
        ("1-", "cannot be read"),
        ("1.5", "cannot be read"),
        ("1-9x", "cannot be read"),
        ("9-1", "9-1 counts down"),
        ("1-9x0", "a step of 0"),
        ("1-99999999999", "more than"),
        (f"1-{MOST_FRAMES},{MOST_FRAMES + 1}-{MOST_FRAMES + 5}", "more than"),
    ],
)
def test_what_cannot_be_read_is_one_sentence(text: str, says: str) -> None:
    with pytest.raises(BadFrames, match=says) as caught:
        Frames.parse(text)
    assert "\n" not in str(caught.value)
    assert repr(text)[:20] in str(caught.value)


def test_a_chunk_holds_a_frame_at_least() -> None:
    with pytest.raises(BadFrames, match="at least one"):
        Frames.parse("1-5").chunks(0)
