"""What workers and the manager log of themselves: kept here, brought to the server while somebody reads."""

from __future__ import annotations

import os
from typing import Any

import pytest
from flamenco_common.documents import MANAGER_LOG, WORKER_LOG, LogChunk, LogWish, ManagerOrders
from played_server import Played, PlayedWorker


def told(worker: PlayedWorker, offset: int, text: str, size: int | None = None) -> int:
    """The worker tells what it logs; which byte is wanted next."""
    length = offset + len(text.encode()) if size is None else size
    answer = worker("POST", "/log", json={"offset": offset, "text": text, "size": length})
    assert answer.status_code == 200, answer.text
    return int(answer.json["next"])


def wish(manager: Played, *wishes: LogWish) -> None:
    manager.server.orders = ManagerOrders(0, [], list(wishes))
    manager.site.delivery.obey_orders(manager.server.orders)


def chunks(manager: Played) -> list[LogChunk]:
    return [chunk for report in manager.server.reports for chunk in report.logs]


def test_what_a_worker_logs_stays_here_until_somebody_reads_it_and_outlives_both(manager: Played) -> None:
    worker = manager.worker()
    assert told(worker, 0, "") == 0
    assert told(worker, 0, "signed in\n") == 10
    assert told(worker, 0, "signed in\n") == 10, "told twice, kept once"
    worker("POST", "/offline")
    manager.deliver()
    assert chunks(manager) == []
    manager.restart()
    name = WORKER_LOG + worker.id
    wish(manager, LogWish(name, 0), LogWish(f"{WORKER_LOG}M9-nobody", 0))
    manager.deliver()
    assert chunks(manager) == [
        LogChunk(name, 0, "signed in\n", 10), LogChunk(f"{WORKER_LOG}M9-nobody", 0, "", 0, finished=True)
    ]  # fmt: skip


def test_it_is_brought_on_while_it_is_watched_and_the_worker_knows_that_it_is(manager: Played) -> None:
    worker, other = manager.worker(), manager.worker("w2")
    told(worker, 0, "one\n")
    name = WORKER_LOG + worker.id
    wish(manager, LogWish(name, 4))
    worker.generate()
    other.generate()
    assert (worker.orders.own_log, other.orders.own_log) == (True, False)
    manager.deliver()
    assert chunks(manager) == []
    assert not manager.site.delivery.has_more()
    told(worker, 4, "two\n")
    assert manager.site.delivery.has_more()
    manager.deliver()
    assert chunks(manager) == [LogChunk(name, 4, "two\n", 8)]
    wish(manager)
    worker.generate()
    assert not worker.orders.own_log


def test_an_empty_log_says_so_once_and_one_that_began_anew_comes_whole(manager: Played) -> None:
    worker = manager.worker()
    name = WORKER_LOG + worker.id
    wish(manager, LogWish(name, 0))
    manager.deliver()
    assert chunks(manager) == [LogChunk(name, 0, "", 0)]
    assert not manager.site.delivery.has_more()
    told(worker, 0, "a long story\n")
    assert told(worker, 4, "", 4) == 0
    told(worker, 0, "new\n")
    wish(manager, LogWish(name, 13))
    manager.deliver()
    assert chunks(manager)[-1] == LogChunk(name, 0, "new\n", 4)


def test_the_managers_own_log_is_brought_too(manager: Played) -> None:
    manager.worker()
    manager.site.machines.named(f"{MANAGER_LOG}1").append("the server is away\n")  # type: ignore[union-attr]
    wish(manager, LogWish(f"{MANAGER_LOG}1", 0))
    manager.deliver()
    assert chunks(manager) == [LogChunk(f"{MANAGER_LOG}1", 0, "the server is away\n", 19)]


def test_copies_go_with_the_time(manager: Played) -> None:
    worker = manager.worker()
    told(worker, 0, "old\n")
    folder = manager.config.data_dir / "machines" / worker.id
    for each in (folder, *folder.iterdir()):
        os.utime(each, (manager.clock.now, manager.clock.now))
    manager.pass_time(31 * 86_400)
    worker.generate()
    assert not folder.exists()
    assert told(worker, 4, "new\n") == 8


@pytest.mark.parametrize(
    "body", [{"offset": -1, "text": "", "size": 0}, {"offset": 0, "text": "x" * (2 << 20), "size": 2 << 20}, {}]
)
def test_a_piece_that_cannot_be_is_refused(manager: Played, body: Any) -> None:
    assert manager.worker()("POST", "/log", json=body).status_code == 422
