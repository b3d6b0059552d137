"""What a process logs of itself, kept with a bound and over its death."""

from __future__ import annotations

import logging
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flamenco_common.journal import Journal, JournalHandler, journaled, tidied
from hypothesis import given, settings
from hypothesis import strategies as st

LIFE = """
import faulthandler, logging, os, signal, sys
from pathlib import Path
from flamenco_common.journal import journaled
logging.basicConfig(level=logging.INFO)
with journaled(Path(sys.argv[1]), "the worker"):
    logging.info("it begins")
    exec(sys.argv[2])
"""


def whole(journal: Journal) -> str:
    """All that is kept, read in small bits."""
    offset, text = journal.start, ""
    while offset < journal.size:
        at, part = journal.read(offset, 7)
        assert at == offset and part
        text += part
        offset += len(part.encode())
    return text


def test_the_end_is_kept_and_the_beginning_forgotten_over_a_restart(tmp_path: Path) -> None:
    journal = Journal(tmp_path, 100)
    for number in range(50):
        journal.append(f"line {number}: äöü 🎬\n")
    again = Journal(tmp_path, 100)
    assert (again.start, again.size) == (journal.start, journal.size) == (journal.start, 50 * 21 - 10)
    again.append("after\n")
    lines = whole(again).splitlines()
    assert lines[-2:] == ["line 49: äöü 🎬", "after"]
    assert 100 <= len(whole(again).encode()) <= 250
    assert len(list(tmp_path.iterdir())) == 2
    assert again.read(0, 10)[0] == again.start, "what is gone is not made up"


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=12), st.integers(4, 90))
def test_a_copy_is_the_same_whatever_it_missed(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str], most: int
) -> None:
    folder = tmp_path_factory.mktemp("journal")
    journal, copy, wanted = Journal(folder / "a", 100), Journal(folder / "b", 100_000), 0
    for number, text in enumerate(texts):
        journal.append(text)
        for _ in range(number % 3):  # twice the same, as after an answer that got lost
            offset, part = journal.read(wanted, most)
            wanted = copy.take(offset, part, journal.size)
            assert copy.take(offset, part, journal.size) == wanted
    while wanted < journal.size:
        wanted = copy.take(*journal.read(wanted, most), journal.size)
    assert whole(journal).endswith(whole(copy)) or whole(copy).endswith(whole(journal))
    assert (copy.size, Journal(folder / "b").size) == (journal.size, journal.size)


def test_a_copy_follows_a_journal_that_began_anew(tmp_path: Path) -> None:
    copy = Journal(tmp_path)
    assert copy.take(0, "a long story\n", 13) == 13
    assert copy.take(4, "", 4) == 0
    assert copy.take(0, "new\n", 4) == 4
    assert whole(copy) == "new\n"
    assert copy.take(900, "much later\n", 911) == 911
    assert (copy.start, whole(copy)) == (900, "much later\n")


def test_it_tells_no_secrets_and_nothing_that_harms_a_terminal_or_a_database() -> None:
    token = "worker_7_" + "aB3-_" * 9
    told = tidied(f"sent Bearer {token} to http://me:hunter2@farm\x00\x1b[31m\u202e, {'x' * 3000}\njoin_{'k' * 30}")
    assert token not in told and "hunter2" not in told and "kkk" not in told
    assert "worker_7_…" in told and "http://…@farm" in told
    assert not set(told) & {"\x00", "\x1b", "\u202e"}
    assert max(map(len, told.splitlines())) == 2001
    assert tidied("the worker_01_render_scene.blend") == "the worker_01_render_scene.blend\n"
    trace = tidied("\n".join(f"line {number}" for number in range(900))).splitlines()
    assert (trace[0], trace[-1], len(trace)) == ("line 0", "line 899", 201)


def test_a_disk_that_takes_nothing_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    handler = JournalHandler(Journal(tmp_path / "file"))
    handler.handle(logging.makeLogRecord({"msg": "lost", "levelname": "INFO"}))


def test_why_it_ended_is_its_last_line(tmp_path: Path) -> None:
    with pytest.raises(ZeroDivisionError), journaled(tmp_path, "the worker"):
        raise ZeroDivisionError("by nothing")
    text = whole(Journal(tmp_path))
    assert "ERROR the worker ends: by nothing" in text
    assert "Traceback" in text and text.endswith("ZeroDivisionError: by nothing\n")
    assert not (tmp_path / "running").exists()


@pytest.mark.real
@pytest.mark.parametrize(
    ("death", "number", "left"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", signal.SIGKILL, "the machine went down"),
        ("faulthandler._sigsegv()", signal.SIGSEGV, "Fatal Python error: Segmentation fault"),
    ],
)
def test_a_process_that_was_killed_or_crashed_says_so_in_its_next_life(
    tmp_path: Path, death: str, number: int, left: str
) -> None:
    def live(end: str) -> int:
        command = [sys.executable, "-c", LIFE, str(tmp_path), end]
        return subprocess.run(command, capture_output=True, check=False).returncode

    assert live(death) == -number
    assert live("pass") == 0
    text = whole(Journal(tmp_path))
    assert text.count("it begins") == 2
    assert "the worker did not end by itself last time" in text and left in text
    assert live("pass") == 0
    assert whole(Journal(tmp_path)).count("did not end by itself") == 1
