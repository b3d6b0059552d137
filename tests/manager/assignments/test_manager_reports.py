"""Reports: told upward at once, kept while the server is away, each exactly once and in order."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import Assignment, OutputFile
from flamenco_common.states import RunStatus
from flamenco_manager.assignments.reports import Letter
from manager_parts import sha
from played_server import Played, PlayedWorker, update

PICTURE = b"a picture"


def task_of(manager: Played) -> tuple[PlayedWorker, Assignment]:
    manager.server.add_task()
    worker = manager.worker()
    return worker, worker.work()


def output(data: bytes = PICTURE) -> OutputFile:
    return OutputFile("a.png", sha(data), len(data))


def test_an_update_goes_up_at_once_without_its_log_but_with_its_tail_and_first_with_the_commands(
    manager: Played,
) -> None:
    worker, task = task_of(manager)
    lines = "".join(f"line {number}\n" for number in range(50))
    assert worker.report(update(task, 1, log=lines, progress=0.5))[0].accepted
    worker.report(update(task, 2, log="more\n"))
    first, second = manager.server.updates
    assert (first.log, first.progress) == ("", 0.5)
    assert first.log_tail.splitlines() == [f"line {number}" for number in range(30, 50)]
    assert first.commands == msgspec.to_builtins(task.commands)
    assert second.log_tail.splitlines()[-2:] == ["line 49", "more"]
    assert second.commands == []


def test_a_repeated_update_is_accepted_and_changes_nothing(manager: Played) -> None:
    worker, task = task_of(manager)
    for _ in range(3):
        assert worker.report(update(task, 1, log="once\n"))[0].accepted
    assert worker.report(update(task, 2, "completed"))[0].accepted
    assert worker.report(update(task, 2, "completed"))[0].accepted
    assert [sent.seq for sent in manager.server.updates] == [1, 2]
    assert worker.report(update(task, 3))[0].error == f"the run {task.run_id} no longer owns its task: it is completed"


def test_a_refusal_comes_back_and_ends_the_run(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.lost.add(task.run_id)
    result = worker.report(update(task, 1))[0]
    assert (result.accepted, result.error) == (False, "the run no longer owns its task")
    assert worker.generate() is None
    answer = worker("PATCH", f"/tasks/{task.task_id}", data=msgspec.json.encode(update(task, 2)))
    assert (answer.status_code, answer.content_type) == (409, "application/problem+json")


def test_nobody_reports_on_another_worker_s_run(manager: Played) -> None:
    worker, task = task_of(manager)
    other = manager.worker("other")
    for sent in (update(task, 1), update(task, 1, "completed")):
        assert not other.report(sent)[0].accepted
    worker.report(update(task, 1, "completed"))
    assert not other.report(update(task, 9))[0].accepted
    assert [sent.seq for sent in manager.server.updates] == [1]


def test_while_the_server_is_away_updates_are_kept_and_go_up_in_order(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.away = True
    for seq in range(1, 6):
        assert worker.report(update(task, seq, log=f"{seq}\n", progress=seq / 10))[0].accepted
    assert worker.report(update(task, 6, "completed"))[0].accepted
    manager.restart()
    manager.deliver()
    assert manager.server.updates == []
    manager.server.away = False
    manager.deliver()
    assert [sent.seq for sent in manager.server.updates] == [1, 2, 3, 4, 5, 6]
    assert len(manager.site.outbox) == 0
    manager.restart()
    manager.deliver()
    assert len(manager.server.updates) == 6


def test_an_answer_that_got_lost_is_told_again_and_counts_once(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.loses_answers = True
    assert worker.report(update(task, 1, progress=0.5))[0].accepted
    assert worker.report(update(task, 2, "completed"))[0].accepted
    manager.server.loses_answers = False
    manager.deliver()
    assert [sent.seq for sent in manager.server.updates] == [1, 2]


def test_an_update_never_overtakes_one_of_its_run_that_waits(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.away = True
    worker.report(update(task, 1, progress=0.1))
    manager.server.away = False
    worker.report(update(task, 2, progress=0.2))
    manager.deliver()
    assert [sent.seq for sent in manager.server.updates] == [1, 2]


def test_a_refusal_of_what_was_kept_is_told_with_the_next_update(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.away = True
    assert worker.report(update(task, 1), update(task, 2))[1].accepted
    manager.server.away = False
    manager.server.lost.add(task.run_id)
    manager.deliver()
    assert len(manager.site.outbox) == 0
    result = worker.report(update(task, 3))[0]
    assert (result.accepted, result.missing) == (False, [])


def test_missing_files_are_told_to_the_worker_and_the_update_can_be_repeated(manager: Played) -> None:
    worker, task = task_of(manager)
    done = update(task, 2, "completed", progress=1.0)
    named = update(task, 1, outputs=[output()], log="saved\n")
    results = worker.report(named, done)
    assert [(result.accepted, result.missing) for result in results] == [(False, [sha(PICTURE)])] * 2
    assert manager.server.updates == []
    assert worker("PUT", f"/files/{sha(PICTURE)}", data=PICTURE).status_code == 201
    assert all(result.accepted for result in worker.report(named, done))
    assert [sent.seq for sent in manager.server.updates] == [1, 2]
    assert manager.server.updates[0].log_tail == "saved"


def test_an_update_that_is_handed_in_twice_at_once_is_missing_its_files_for_both(manager: Played) -> None:
    """A worker that gave up waiting repeats itself; "accepted" for the second would lose the output."""
    worker, task = task_of(manager)
    named = update(task, 1, outputs=[output()])
    letters = [Letter(worker.id, [named]), Letter(worker.id, [named])]
    (first,), (second,) = manager.site.reports._handle(letters)
    assert first == second
    assert (first.accepted, first.missing) == (False, [sha(PICTURE)])


def test_files_go_up_before_the_update_that_names_them_when_the_server_was_away(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.away = True
    assert worker("PUT", f"/files/{sha(PICTURE)}", data=PICTURE).status_code == 201
    assert worker.report(update(task, 1, outputs=[output()]), update(task, 2, "completed"))[1].accepted
    manager.restart()
    manager.server.away = False
    manager.deliver()
    manager.deliver()
    assert manager.server.files[sha(PICTURE)] == PICTURE
    assert [sent.seq for sent in manager.server.updates] == [1, 2]


def test_a_file_that_the_server_lost_goes_up_again_from_the_cache(manager: Played) -> None:
    worker, task = task_of(manager)
    worker("PUT", f"/files/{sha(PICTURE)}", data=PICTURE)
    manager.server.files.clear()
    assert worker.report(update(task, 1, "completed", outputs=[output()]))[0].accepted
    manager.deliver()
    assert sha(PICTURE) in manager.server.files
    assert [sent.seq for sent in manager.server.updates] == [1]


def test_outputs_that_are_lost_everywhere_cost_the_run_and_not_the_farm(manager: Played) -> None:
    worker, task = task_of(manager)
    manager.server.away = True
    worker("PUT", f"/files/{sha(PICTURE)}", data=PICTURE)
    assert worker.report(update(task, 1, outputs=[output()]), update(task, 2, "completed"))[1].accepted
    manager.site.cache.path(sha(PICTURE)).unlink()
    manager.server.away = False
    manager.deliver()
    manager.deliver()
    assert [sent.status for sent in manager.server.updates] == [RunStatus.LOST]
    assert len(manager.site.outbox) == 0


def test_one_update_that_the_server_rejects_stops_no_other(manager: Played) -> None:
    tasks = [manager.server.add_task() for _ in range(3)]
    worker = manager.worker()
    held: list[str] = []
    for _ in tasks:
        found = worker.generate(*held)
        assert found is not None
        held.append(found.run_id)
    manager.server.reject = tasks[1].run_id
    results = worker.report(*(update(task, 1) for task in tasks))
    assert [result.accepted for result in results] == [True, False, True]
    assert results[1].error == "nonsense"


def test_a_body_that_is_wrong_is_told_by_its_field(manager: Played) -> None:
    worker = manager.worker()
    cases = [
        (b"[{", 400, None),
        (b"", 400, None),
        (b"\xff", 400, None),
        (b'[{"run_id": 1}]', 422, "run_id"),
        (b"{}", 422, None),
    ]
    for body, status, field in cases:
        answer = worker("PATCH", "/tasks", data=body)
        assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
        assert answer.json.get("field") == (field if field is None else f"[0].{field}")


def test_a_body_that_is_too_large_is_refused(tmp_path_factory: object, manager: Played) -> None:
    worker = manager.worker()
    answer = worker("PATCH", "/tasks", data=b"[" + b" " * (64 << 20) + b"]")
    assert answer.status_code == 413
