"""What nobody reports is found by whoever calls next: silent workers, silent runs, leases to keep."""

from __future__ import annotations

from played_server import Played, update


def test_a_silent_worker_is_offline_and_its_runs_are_given_back(manager: Played) -> None:
    manager.server.add_task()
    silent, other = manager.worker("silent"), manager.worker("other")
    task = silent.work()
    manager.pass_time(59)
    other.generate()
    assert manager.server.updates == []
    manager.pass_time(2)
    other.generate()
    last = manager.server.updates[-1]
    assert (last.run_id, last.status and last.status.value) == (task.run_id, "lost")
    assert last.reason == "the worker was not heard of for 60 s"
    manager.deliver()
    assert manager.server.workers[silent.id].state.value == "offline"
    assert manager.server.workers[other.id].state.value == "awake"
    result = silent.report(update(task, 5))[0]
    assert not result.accepted
    assert "not heard of" in result.error


def test_nobody_counts_as_silent_because_the_manager_was_down(manager: Played) -> None:
    manager.server.add_task()
    worker, other = manager.worker("w1"), manager.worker("w2")
    task = worker.work()
    manager.pass_time(3600)
    manager.restart()
    other.generate()
    assert worker.report(update(task, 1))[0].accepted


def test_a_begun_run_that_is_told_of_no_more_is_lost_and_one_fetched_ahead_is_not(manager: Played) -> None:
    manager.server.add_task()
    manager.server.add_task()
    worker = manager.worker()
    first = worker.work()
    ahead = worker.generate(first.run_id)
    assert ahead is not None
    worker.report(update(first, 1, progress=0.1))
    for _ in range(13):
        manager.pass_time(10)
        worker.generate(first.run_id, ahead.run_id)
    assert [sent.run_id for sent in manager.server.updates if sent.status] == [first.run_id]
    assert manager.server.updates[-1].reason == "the worker said nothing of this run for 120 s"
    assert worker.report(update(ahead, 1))[0].accepted


def test_the_server_hears_once_a_minute_which_runs_live(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    for _ in range(10):
        manager.pass_time(30)
        worker.generate(task.run_id)
        manager.deliver()
    alive = [report.alive for report in manager.server.reports if report.alive]
    assert alive == [[task.run_id]] * 5


def test_the_server_is_asked_for_its_wishes_though_there_is_nothing_to_tell(manager: Played) -> None:
    manager.worker()
    manager.deliver()
    before = len(manager.server.reports)
    manager.deliver()
    assert len(manager.server.reports) == before
    manager.pass_time(2)
    manager.deliver()
    assert len(manager.server.reports) == before + 1
