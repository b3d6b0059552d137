"""Logs: the whole of them here, pieces upward for whoever reads."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flamenco_common.documents import LogChunk, LogWish, ManagerOrders
from flamenco_manager.errors import NotFound
from flamenco_manager.logs.store import LogStore
from hypothesis import given, settings
from hypothesis import strategies as st
from played_server import Played, update

RUN = "1-2-abcdef"


@pytest.fixture
def store(tmp_path: Path) -> LogStore:
    return LogStore(tmp_path, piece_bytes=100, most_bytes=10_000)


def test_what_is_written_is_read_over_pieces_and_compression(store: LogStore, tmp_path: Path) -> None:
    size, whole = 0, ""
    for number in range(60):
        line = f"line {number}: äöü\n"
        size, whole = store.append(RUN, size, line), whole + line
    assert size == len(whole.encode())
    assert len(list(tmp_path.rglob("*.log.gz"))) >= 8
    assert len(list(tmp_path.rglob("*.log"))) == 1
    assert store.read(RUN, 0, 100_000, size) == whole
    store.finish(RUN)
    assert list(tmp_path.rglob("*.log")) == []
    assert store.read(RUN, 0, 100_000, size) == whole
    assert store.tail(RUN, size).splitlines() == whole.splitlines()[-20:]


def test_what_never_counted_is_written_over(store: LogStore) -> None:
    size = store.append(RUN, 0, "counted\n")
    store.append(RUN, size, "x" * 250)
    store.append(RUN, size + 250, "y" * 250)
    fresh = store.append(RUN, size, "again\n")
    assert store.read(RUN, 0, 1000, fresh) == "counted\nagain\n"
    other = LogStore(store._folder, 100, 10_000)
    assert other.append(RUN, size, "once more\n") == size + 10
    assert other.read(RUN, 0, 1000, size + 10) == "counted\nonce more\n"


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300), st.integers(1, 50))
def test_reading_in_small_bits_cuts_between_characters(
    tmp_path_factory: pytest.TempPathFactory, text: str, most: int
) -> None:
    store = LogStore(tmp_path_factory.mktemp("log"), 100, 10_000)
    text = text.encode(errors="replace").decode()
    size = store.append(RUN, 0, text)
    offset, parts = 0, []
    while offset < size:
        part = store.read(RUN, offset, most + 4, size)
        assert part
        parts.append(part)
        offset += len(part.encode())
    assert "".join(parts) == text


def test_a_log_has_a_bound(store: LogStore) -> None:
    size = store.append(RUN, 0, "x" * 9_990)
    size = store.append(RUN, size, "y" * 100)
    assert store.append(RUN, size, "z" * 100) == size
    text = store.read(RUN, 0, 20_000, size)
    assert text.count("y") == 10
    assert text.endswith("the rest is not kept]\n")


def test_old_logs_go(store: LogStore, tmp_path: Path) -> None:
    store.append("1-1-old", 0, "x")
    store.append("1-1-new", 0, "x")
    os.utime(store._of("1-1-old"), (1000, 1000))
    store.delete_before(2000)
    assert store.read("1-1-old", 0, 10, 1) == ""
    assert store.read("1-1-new", 0, 10, 1) == "x"


@pytest.mark.parametrize("run", ["../../etc", "", "a/b", "x" * 65])
def test_a_run_s_name_leads_nowhere_else(store: LogStore, run: str) -> None:
    with pytest.raises(NotFound):
        store.append(run, 0, "x")


def wish(manager: Played, *wishes: LogWish) -> None:
    manager.server.orders = ManagerOrders(0, [], list(wishes))
    manager.site.delivery.obey_orders(manager.server.orders)


def chunks(manager: Played) -> list[LogChunk]:
    return [chunk for report in manager.server.reports for chunk in report.logs]


def test_a_log_that_is_read_is_brought_from_its_offset_and_on_until_it_is_over(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1, log="one\ntwo\n"))
    assert chunks(manager) == []
    wish(manager, LogWish(task.run_id, 4))
    assert worker.report(update(task, 2, log="three\n"))[0].accepted
    assert worker.orders.log_wanted == [task.run_id]
    manager.deliver()
    assert chunks(manager)[-1] == LogChunk(task.run_id, 4, "two\nthree\n", 14)
    wish(manager, LogWish(task.run_id, 14))
    before = len(chunks(manager))
    manager.deliver()
    assert len(chunks(manager)) == before
    worker.report(update(task, 3, "completed", log="end\n"))
    manager.deliver()
    assert chunks(manager)[-1] == LogChunk(task.run_id, 14, "end\n", 18, finished=True)


def test_the_log_of_an_old_run_can_be_read_after_a_restart(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1, "failed", log="it broke\n"))
    manager.deliver()
    manager.restart()
    wish(manager, LogWish(task.run_id, 0), LogWish("9-9-unknown", 7))
    manager.deliver()
    assert chunks(manager) == [
        LogChunk(task.run_id, 0, "it broke\n", 9, finished=True),
        LogChunk("9-9-unknown", 7, "", 7, finished=True),
    ]


def test_what_the_server_did_not_take_is_not_hurried_again(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1, log="text\n"))
    wish(manager, LogWish(task.run_id, 0))
    manager.deliver()
    assert not manager.site.delivery.has_more()
    assert manager.site.watch is not None
    worker.report(update(task, 2, log="more\n"))
    assert manager.site.delivery.has_more() or chunks(manager)[-1].size == 10


def test_old_logs_and_runs_are_forgotten_after_their_time(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1, "completed", log="x\n"))
    folder = next((manager.config.data_dir / "logs").glob(f"??/{task.run_id}"))
    os.utime(folder, (manager.clock.now, manager.clock.now))
    manager.pass_time(31 * 86_400)
    worker.generate()
    assert not folder.exists()
    assert manager.site.book.old(task.run_id) is None
