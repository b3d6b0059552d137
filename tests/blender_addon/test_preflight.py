"""Preflight without Blender: findings, the order they come in, and what is asked of the disk."""

from __future__ import annotations

import importlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_addon import preflight
from flamenco_addon.core.background import Background
from flamenco_addon.core.catalogue import Catalogue, FarmWorker
from flamenco_addon.preflight import (
    Finding,
    Here,
    Place,
    Severity,
    Subject,
    Wanted,
    bakes,
    checks,
    frame_lists,
    paths,
    running,
    search,
    versions,
)
from flamenco_addon.preflight.checks import drivers
from flamenco_addon.preflight.disk import Disk
from flamenco_addon.preflight.search import Search
from flamenco_addon.preflight.subject import FileUse, Later, SimulationUse, sliced
from flamenco_client.errors import Canceled
from flamenco_client.progress import Progress
from flamenco_common.abilities import BlenderFound, blender_fits, choose_blender
from flamenco_common.frames import Frames
from flamenco_server.modules.jobs import schemas
from hypothesis import given
from hypothesis import strategies as st
from processes import until

NOTHING: Any = None


def subject(**more: Any) -> Subject:
    """A subject for checks that do not look at the scene."""
    return Subject(NOTHING, "Scene", **more)


def found(check: str, about: Subject) -> list[Finding]:
    """What one check finds at once."""
    module = importlib.import_module(f"flamenco_addon.preflight.checks.{check}")
    return [each for each in module.check(about) if isinstance(each, Finding)]


def only(monkeypatch: pytest.MonkeyPatch, *listed: tuple[str, Any]) -> None:
    """Let there be these checks only."""
    monkeypatch.setattr(checks, "survey", lambda _subject: iter(()))
    monkeypatch.setattr(checks, "every", lambda: iter(listed))


# ---- running ----


def test_the_gravest_come_first_and_in_the_order_of_the_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    told = [
        Finding("size", Severity.NOTE, "much"),
        Finding("output", Severity.WARNING, "movie"),
        Finding("camera", Severity.ERROR, "none"),
        Finding("farm", Severity.WARNING, "no worker"),
    ]
    only(monkeypatch, ("any", lambda _: iter(told)))
    ordered = preflight.run(subject())
    assert [each.check for each in ordered] == ["camera", "farm", "output", "size"]
    assert preflight.blocking(ordered) == [told[2]]
    assert preflight.asking(ordered) == [told[3], told[1]]


def test_a_broken_check_is_a_note_and_the_others_still_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: Subject) -> Iterator[Finding]:
        yield Finding("camera", Severity.ERROR, "found before it broke")
        raise KeyError("x")

    def broken_later(_: Subject) -> Iterator[Later]:
        def answer(_disk: Disk) -> Iterator[Finding]:
            raise ValueError("y")
            yield

        yield Later(answer)

    only(monkeypatch, ("a", broken), ("b", broken_later), ("c", lambda _: iter([Finding("c", Severity.NOTE, "fine")])))
    told = [(each.severity, each.text) for each in preflight.run(subject())]
    assert told[0] == (Severity.ERROR, "found before it broke")
    assert (Severity.NOTE, "The check 'a' could not be made: KeyError: 'x'") in told
    assert (Severity.NOTE, "The check 'b' could not be made: ValueError: y") in told
    assert (Severity.NOTE, "fine") in told


def test_reading_stops_where_its_time_is_over_and_goes_on_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(_: Subject) -> Iterator[Finding | None]:
        for number in range(3):
            yield Finding("slow", Severity.NOTE, str(number))
            yield None

    only(monkeypatch, ("slow", slow))
    collecting, seen = preflight.Collecting(subject()), []
    while not collecting.step(0.0):
        seen.append(len(collecting.collected.findings))
    assert {1, 2, 3} <= set(seen)
    assert len(collecting.collected.findings) == 3


def test_in_a_window_the_disk_is_asked_in_a_thread_and_the_findings_are_told_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    threads, told = [], []

    def asks(_: Subject) -> Iterator[Later]:
        import threading

        def answer(_disk: Disk) -> Iterator[Finding]:
            threads.append(threading.current_thread())
            yield Finding("asks", Severity.NOTE, "answered")

        yield Later(answer)

    only(monkeypatch, ("asks", asks))
    background = Background()
    checking = preflight.Checking(subject(), background, told.append)
    until(checking.step, 10, "the scene is read")
    until(lambda: bool(background.pump()), 10, "the disk has answered")
    assert [[each.text for each in findings] for findings in told] == [["answered"]]
    assert threads != [threading.main_thread()]


def test_a_canceled_check_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[Any] = []
    only(monkeypatch, ("one", lambda _: iter([Finding("one", Severity.NOTE, "x")])))
    background = Background()
    checking = preflight.Checking(subject(), background, told.append)
    until(checking.step, 10, "the scene is read")
    checking.cancel()
    until(lambda: bool(background.pump()), 10, "the disk has answered")
    assert not told
    assert checking.step()


def test_the_questions_to_the_disk_end_when_they_are_canceled(tmp_path: Path) -> None:
    def answer(disk: Disk) -> Iterator[Finding]:
        yield Finding("asks", Severity.NOTE, str(disk.exists(str(tmp_path / "a"))))

    collected = preflight.Collected(questions=[("asks", Later(answer))])
    with pytest.raises(Canceled):
        preflight.judge(collected, Progress(lambda *_: None, lambda: True))


def test_every_listed_check_is_a_file_and_every_file_is_listed() -> None:
    folder = Path(checks.__file__).parent
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(checks.NAMES)


def test_a_fix_is_that_of_the_check() -> None:
    finding = Finding("version", Severity.WARNING, "x", fix="Only 4.5", value="4.5")
    assert running.mend(finding, subject()) == {"blender": "4.5"}
    assert running.mend(Finding("version", Severity.WARNING, "x"), subject()) == {}
    assert checks.fix_of("../evil") is None


def test_findings_alike_stand_together_with_their_numbers() -> None:
    one, other = Finding("a", Severity.NOTE, "1", fix="F"), Finding("b", Severity.NOTE, "2")
    assert preflight.grouped([one, other, one]) == [[(0, one), (2, one)], [(1, other)]]


def test_collections_are_read_in_pieces_even_if_they_shrink() -> None:
    items = list(range(10))
    pieces = sliced(lambda: items, 4)
    assert next(pieces) == [0, 1, 2, 3]
    del items[6:]
    assert list(pieces) == [[4, 5]]


# ---- the disk ----


def use(path: Path | str, **more: Any) -> FileUse:
    """A file that the image "Wood" names."""
    return FileUse("image", str(path), str(path), Place("images", "Wood"), **more)


def missing(*uses: FileUse, grave: Severity = Severity.ERROR) -> list[str]:
    """The sentences about what is missing."""
    from flamenco_addon.preflight.checks import missing_files

    return [each.text for each in missing_files.missing(uses, Disk(), grave)]


def test_each_missing_file_is_told_once(tmp_path: Path) -> None:
    gone, there = tmp_path / "gone.png", tmp_path / "there.png"
    there.write_bytes(b"x")
    assert missing(use(gone), use(there), use(gone)) == [f"The image Wood is missing: {gone}"]


def test_a_path_of_another_platform_is_said_to_be_one() -> None:
    foreign = r"D:\textures\wood.png" if os.name != "nt" else "/mnt/wood.png"
    assert missing(use(foreign)) == [f"The image Wood has a path of another platform: {foreign}"]


def test_tiles_are_looked_for_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "skin.1001.png").write_bytes(b"x")
    tiled = use(tmp_path / "skin.<UDIM>.png", source="TILED", tiles=(1001, 1012))
    assert missing(tiled) == [f"The image Wood is missing: {tmp_path / 'skin.1012.png'}"]
    (tmp_path / "skin.u1_v1.png").write_bytes(b"x")
    tiled = use(tmp_path / "skin.<UVTILE>.png", source="TILED", tiles=(1001, 1012))
    assert missing(tiled) == [f"The image Wood is missing: {tmp_path / 'skin.u2_v2.png'}"]


def test_a_sequence_is_there_if_any_of_its_pictures_is(tmp_path: Path) -> None:
    sequence = use(tmp_path / "fire.0001.png", source="SEQUENCE")
    assert missing(sequence)
    (tmp_path / "fire.0007.png").write_bytes(b"x")
    assert not missing(sequence)


def test_a_folder_of_many_files_is_listed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(50):
        (tmp_path / f"{number}.png").write_bytes(b"x")
    looks: list[str] = []
    listdir, stat = os.listdir, os.stat
    monkeypatch.setattr(os, "listdir", lambda folder: looks.append(folder) or listdir(folder))
    monkeypatch.setattr(os, "stat", lambda path, **more: looks.append(path) or stat(path, **more))
    assert not missing(*(use(tmp_path / f"{number}.png") for number in range(50)))
    assert looks == [str(tmp_path)]


def test_what_a_list_does_not_show_is_asked_for_by_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a file system that ignores case, or in a folder that may be entered and not read."""
    (tmp_path / "wood.png").write_bytes(b"x")
    monkeypatch.setattr(os, "listdir", lambda _: ["WOOD.PNG"])
    assert not missing(use(tmp_path / "wood.png"))


def test_names_with_no_meaning_to_the_disk_are_missing() -> None:
    assert missing(use("/a\0b.png"))


@pytest.mark.parametrize(
    ("packed", "sure", "told"),
    [
        (frozenset([("Sim", "Nodes", 7)]), False, True),
        (frozenset([("Sim", "Nodes", 8)]), True, False),
        (frozenset(), True, False),
        (frozenset(), False, None),  # it may have been baked since the file was saved
        (None, True, None),  # the file cannot be read
    ],
)
def test_what_is_packed_is_known_of_the_saved_file_only(
    packed: Any, sure: bool, told: bool | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bakes, "packed_in", lambda _: packed)
    zone = SimulationUse("nodes", "", Place("objects", "Sim", part="Nodes"), packed=True, zone=7, sure=sure)
    assert bakes.Bakes(Disk()).made(zone) is told


def test_much_to_send_is_told(tmp_path: Path) -> None:
    from flamenco_addon.preflight.checks import size

    big = tmp_path / "big.abc"
    with big.open("wb") as file:
        file.truncate(3_000_000_000)
    (told,) = size.total([use(big), use(big)], "", Disk())
    assert told.text.startswith("The job has about 3.0 GB in 1 file;")
    assert not list(size.total([use(tmp_path / "gone")], "", Disk()))


def test_a_file_that_moved_is_found_if_there_is_but_one_of_its_name(tmp_path: Path) -> None:
    for folder in ("a", "b", ".git"):
        (tmp_path / folder).mkdir()
    for name in ("a/wood.png", "a/stone.png", "b/stone.png", ".git/sand.png"):
        (tmp_path / name).write_bytes(b"x")
    looked = Search(lambda: str(tmp_path))
    assert looked.only("wood.png") == str(tmp_path / "a" / "wood.png")
    assert [looked.only(name) for name in ("stone.png", "sand.png", "gone.png")] == ["", "", ""]
    assert Search(lambda: "").only("wood.png") == ""


def test_a_project_that_is_too_large_is_not_searched_by_halves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "MOST_FILES", 1)
    for name in ("wood.png", "stone.png"):
        (tmp_path / name).write_bytes(b"x")
    assert Search(lambda: str(tmp_path)).only("wood.png") == ""


# ---- paths, frames, versions ----


def test_paths_follow_the_blend_that_names_them() -> None:
    assert paths.absolute("//tex/../wood.png", "/film/shot") == os.path.normpath("/film/shot/wood.png")
    assert paths.absolute("//..\\tex\\wood.png", "/film/shot") == os.path.normpath("/film/tex/wood.png")
    assert paths.relative("/film/tex/wood.png", "/film/shot") == "//../tex/wood.png"
    assert paths.inside("/film/tex/wood.png", "/film")
    assert not paths.inside("/filmed/wood.png", "/film")


@given(st.lists(st.integers(-50, 500), min_size=1, max_size=30))
def test_frames_are_read_and_written_as_the_farm_does(numbers: list[int]) -> None:
    frames = Frames.of(numbers)
    assert frame_lists.numbers(str(frames)) == list(frames.numbers)
    assert frame_lists.numbers(frame_lists.text(sorted(set(numbers)))) == sorted(set(numbers))


@pytest.mark.parametrize("expression", ["sum(x * var for x in [1, 2])", "max([1], key=lambda y: -y)"])
def test_names_that_an_expression_defines_itself_are_no_fault_of_a_trusted_project(expression: str) -> None:
    assert drivers.held_back(expression, ["var"], scripts_allowed=True) == ""
    assert drivers.held_back(expression, ["var"], scripts_allowed=False) in ("x", "y")  # Blender holds these back
    assert drivers.held_back(f"{expression} + wave(1)", ["var"], scripts_allowed=True) == "wave"


@pytest.mark.parametrize("text", ["1 - 100", "1-100 x 2", " 1 -3 , 5 ", "-5 - -2", "0-0", "-3-0"])
def test_frames_may_be_written_with_spaces(text: str) -> None:
    assert frame_lists.numbers(text) == list(Frames.parse(text))


def test_frames_without_end_take_no_memory() -> None:
    text = ",".join(f"{start}-{start + 999_998}" for start in range(0, 50_000_000, 1_000_000))
    assert len(frame_lists.numbers(text)) == 999_999


def test_frames_that_make_no_sense_are_none() -> None:
    for text in ("", "many", "9-3", "1-9x0", "1-99999999999"):
        assert frame_lists.numbers(text) == []


@given(
    st.sampled_from(["", "4.5", "4.5.3", ">=4.2", ">=3.4", "5.0", ">=5.0.1", "9"]),
    st.lists(
        st.sampled_from(["3.4.1", "4.2.0", "4.2.10", "4.5.3", "4.5.15", "5.0.0", "5.0.1"]), max_size=5, unique=True
    ),
)
def test_the_blender_is_chosen_as_the_farm_chooses_it(wanted: str, installed: list[str]) -> None:
    by_farm = choose_blender(wanted, [BlenderFound(version, "x") for version in installed])
    assert versions.chosen(wanted, installed) == (by_farm.version if by_farm else "")
    for version in installed:
        assert versions.fits(wanted, version) == blender_fits(wanted, version)


# ---- checks that look at no scene ----


def test_the_limits_of_a_job_are_the_servers() -> None:
    from flamenco_addon.preflight.checks import job

    (priority,), (name,) = schemas.Priority.__metadata__, schemas.Name.__metadata__
    assert (priority.le, name.max_length) == (job.HIGHEST_PRIORITY, job.LONGEST_NAME)


def farm(*blenders: str, **more: Any) -> Catalogue:
    """A farm with a worker for each Blender."""
    return Catalogue(workers=tuple(FarmWorker(f"w{each}", blenders=(each,)) for each in blenders), **more)


@pytest.mark.parametrize(
    ("installed", "wanted", "severity", "fix"),
    [
        (("4.5.1",), "", None, ""),
        (("4.5.1", "4.5.15"), "", None, ""),
        (("4.2.1",), "", Severity.ERROR, ""),
        (("5.0.1",), "", Severity.WARNING, ""),
        (("4.5.1", "5.0.1"), "", Severity.WARNING, "Only 4.5"),
        (("5.0.1", "5.1.0"), "", Severity.WARNING, "Only 5.0"),
        (("4.5.1", "5.0.1"), "4.5", None, ""),
        (("4.5.1",), "4.2", Severity.ERROR, "Use 4.5 or newer"),
        (("4.5.1",), "5.0", Severity.ERROR, "Any worker"),
        (("4.2.1", "4.5.1"), "", None, ""),
    ],
)
def test_the_versions_of_the_workers(
    installed: tuple[str, ...], wanted: str, severity: Severity | None, fix: str
) -> None:
    about = subject(
        job=Wanted(blender=wanted), here=Here(version=(4, 5, 3), blend="/a.blend"), catalogue=farm(*installed)
    )
    told = [(each.severity, each.fix) for each in found("version", about)]
    assert told == ([(severity, fix)] if severity is not None else [])


def test_an_unreleased_blender_is_told() -> None:
    about = subject(here=Here(version=(5, 1, 0), cycle="alpha"), catalogue=farm("5.1.0"))
    (told,) = found("version", about)
    assert told.text.startswith("This is a Blender 5.1 alpha")


def test_only_workers_with_the_jobs_tags_count() -> None:
    workers = (FarmWorker("a", blenders=("4.5.1",)), FarmWorker("b", blenders=("5.0.1",), tags=("rtx",)))
    here = Here(version=(4, 5, 0))
    about = subject(job=Wanted(tags=("rtx",)), here=here, catalogue=Catalogue(workers=workers))
    (told,) = found("version", about)
    assert "would render with Blender 5.0" in told.text


def test_a_farm_that_is_not_known_is_a_note_and_refuses_nothing() -> None:
    about = subject(job=Wanted(name="shot"), here=Here(version=(4, 5, 0)))
    assert [each.severity for check in ("farm", "job", "version") for each in found(check, about)] == [Severity.NOTE]
