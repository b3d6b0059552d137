"""What people wish of a worker on the server reaches it, once where once is meant."""

from __future__ import annotations

import itertools
from datetime import datetime
from typing import Any

import pytest
from flamenco_common.documents import ManagerOrders, WorkerWish
from played_server import Played, PlayedWorker

_revisions = itertools.count(1)


def wish(manager: Played, worker: PlayedWorker, **more: Any) -> None:
    """Somebody orders on the server; the manager hears of it with its next call."""
    revision = next(_revisions)
    manager.server.orders = ManagerOrders(revision, [WorkerWish(worker.id, revision, **more)])
    worker.generate()


def test_a_sleeping_worker_gets_no_task_until_it_is_woken(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, state="sleep")
    manager.server.add_task()
    assert worker.generate() is None
    assert worker.orders.state == "sleep"
    manager.deliver()
    assert manager.server.workers[worker.id].state.value == "asleep"
    manager.server.orders = ManagerOrders(99, [WorkerWish(worker.id, 99, state="run")])
    manager.pass_time(3)
    worker.generate()  # nobody else calls: this brings the manager to ask
    assert manager.site.bell.rung.is_set()
    manager.deliver()
    assert worker.generate() is not None
    assert worker.orders.state == "run"


def test_a_disabled_worker_sleeps_and_the_server_is_told(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, enabled=False, when="now")
    manager.server.add_task()
    assert worker.generate() is None
    assert (worker.orders.enabled, worker.orders.state, worker.orders.when) == (False, "sleep", "now")
    manager.deliver()
    assert manager.server.workers[worker.id].enabled is False


@pytest.mark.parametrize("state", ["restart", "shutdown"])
def test_a_restart_is_done_once(manager: Played, state: str) -> None:
    worker = manager.worker()
    wish(manager, worker, state=state, when="now")
    assert worker.generate() is None
    assert (worker.orders.state, worker.orders.when) == (state, "now")
    worker("POST", "/offline")
    worker.sign_in()
    assert worker.orders.state == "run"
    manager.deliver()
    assert manager.server.workers[worker.id].done == state
    manager.restart()
    worker.generate()
    assert worker.orders.state == "run"


def test_a_restart_that_was_done_still_stands_in_later_wishes_and_is_not_done_again(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, state="restart")
    worker("POST", "/offline")
    worker.sign_in()
    manager.restart()
    wish(manager, worker, state="restart", tags=["fast"])
    worker.generate()
    assert worker.orders.state == "run"
    wish(manager, worker, state="restart", tags=["fast"])  # nothing but the restart: it is wished once more
    worker.generate()
    assert worker.orders.state == "restart"
    wish(manager, worker, state="restart", tags=["slow"])  # that one is still to be done
    worker.generate()
    assert worker.orders.state == "restart"


def test_a_worker_that_was_killed_instead_of_restarting_is_not_restarted_again(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, state="restart")
    worker.sign_in()
    assert worker.orders.state == "run"


def test_orders_outlive_a_restart_of_the_manager(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, state="sleep", tags=["fast"])
    revision = manager.site.fleet.revision
    manager.restart()
    assert worker.generate() is None
    assert worker.orders.state == "sleep"
    assert manager.site.fleet.revision == revision
    manager.deliver()
    assert manager.server.workers[worker.id].tags == ["fast"]


@pytest.mark.parametrize(
    ("moment", "state"),
    [
        ("2026-06-05 23:30", "sleep"),
        ("2026-06-06 05:59", "sleep"),
        ("2026-06-06 06:00", "run"),
        ("2026-06-05 21:59", "run"),
    ],
)
def test_a_schedule_may_cross_midnight(manager: Played, moment: str, state: str) -> None:
    worker = manager.worker()
    wish(manager, worker, schedule="fr 22:00-06:00")
    manager.clock.now = datetime.fromisoformat(moment).timestamp()
    worker.generate()
    assert worker.orders.state == state


def test_an_old_revision_changes_nothing(manager: Played) -> None:
    worker = manager.worker()
    wish(manager, worker, state="sleep")
    manager.server.orders = ManagerOrders(0, [WorkerWish(worker.id, 0, state="run")])
    manager.worker("another").generate()
    worker.generate()
    assert worker.orders.state == "sleep"


def test_the_wait_grows_with_the_number_of_idle_workers(manager: Played) -> None:
    workers = [manager.worker(f"w{number}") for number in range(120)]
    workers[0].generate()
    assert workers[0].orders.wait == 1.0
    for worker in workers:
        worker.generate()
    manager.pass_time(1)
    workers[0].generate()
    assert workers[0].orders.wait == pytest.approx(120 / 50)
