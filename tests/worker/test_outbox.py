"""The outbox: in order, over kills, over a full disk, for one worker only."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from flamenco_common.documents import RunUpdate
from flamenco_common.states import RunStatus
from flamenco_worker.errors import BadConfig
from flamenco_worker.outbox import Outbox, Parcel
from processes import until


def update(seq: int, run: str = "r1", status: RunStatus | None = None) -> RunUpdate:
    """A small update."""
    return RunUpdate(run, 1, seq, status)


def seqs(outbox: Outbox) -> list[int]:
    """The numbers of what waits."""
    return [entry.update.seq for entry in outbox.first(100)]


def test_updates_come_out_in_the_order_in_which_they_went_in(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    for seq in (1, 2, 3):
        outbox.add(update(seq), [Parcel("f" * 64, "/x")])
    outbox.remove(outbox.first(1)[0].number)
    assert seqs(outbox) == [2, 3]
    assert outbox.first(1)[0].parcels == [Parcel("f" * 64, "/x")]


def test_the_last_number_of_a_run_is_known_until_it_is_over(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    outbox.add(update(7), [])
    outbox.add(update(9, "r2"), [])
    outbox.remove(outbox.first(1)[0].number)
    outbox.close()
    outbox = Outbox(tmp_path / "o")
    assert (outbox.last_seq("r1"), outbox.last_seq("r2"), outbox.last_seq("r3")) == (7, 9, 0)
    outbox.drop_run("r2")
    assert outbox.last_seq("r2") == 0
    assert seqs(outbox) == []


@pytest.mark.real
def test_what_was_added_survives_a_kill(tmp_path: Path) -> None:
    program = (
        "import sys, time\nfrom pathlib import Path\nfrom flamenco_common.documents import RunUpdate\n"
        "from flamenco_worker.outbox import Outbox\noutbox = Outbox(Path(sys.argv[1]))\n"
        "for seq in range(1, 6): outbox.add(RunUpdate('r', 1, seq), [])\n"
        "Path(sys.argv[2]).touch()\ntime.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", program, str(tmp_path / "o"), str(tmp_path / "done")])
    until(lambda: (tmp_path / "done").exists(), 20, "the updates were added")
    with pytest.raises(BadConfig, match="another worker"):
        Outbox(tmp_path / "o")
    child.send_signal(signal.SIGKILL)
    child.wait(10)
    assert seqs(Outbox(tmp_path / "o")) == [1, 2, 3, 4, 5]


def test_while_the_disk_is_full_updates_are_kept_in_memory_and_in_order(tmp_path: Path) -> None:
    outbox = Outbox(tmp_path / "o")
    outbox.add(update(1), [])
    outbox._database.execute("PRAGMA max_page_count = 1")  # SQLite then says that the disk is full
    big = RunUpdate("r1", 1, 2, log="x" * 100_000)
    outbox.add(big, [])
    outbox.add(update(3), [])
    assert seqs(outbox) == [1, 2, 3]
    for _ in range(3):
        outbox.remove(outbox.first(1)[0].number)
    assert seqs(outbox) == []
    outbox._database.execute("PRAGMA max_page_count = 100000")
    outbox.add(update(4), [])
    outbox.close()
    assert seqs(Outbox(tmp_path / "o")) == [4]


def test_a_damaged_outbox_is_set_aside(tmp_path: Path) -> None:
    (tmp_path / "o").write_bytes(os.urandom(5000))
    outbox = Outbox(tmp_path / "o")
    outbox.add(update(1), [])
    assert seqs(outbox) == [1]
    assert (tmp_path / "o.damaged").stat().st_size == 5000


def test_a_parcel_is_where_it_was_put_or_where_it_was_cached(tmp_path: Path) -> None:
    (tmp_path / "b").touch()
    assert Parcel("0", str(tmp_path / "a"), str(tmp_path / "b")).file() == tmp_path / "b"
    (tmp_path / "a").touch()
    assert Parcel("0", str(tmp_path / "a"), str(tmp_path / "b")).file() == tmp_path / "a"
    assert Parcel("0", str(tmp_path / "c")).file() is None
