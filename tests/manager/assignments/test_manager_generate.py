"""Asking for work: the same answer as long as it is not held, at most three runs, nothing lost on the way."""

from __future__ import annotations

import pytest
from flamenco_common.abilities import Requirements
from flamenco_common.commands import BlenderRender, CopyFiles
from flamenco_manager.errors import Rejected
from played_server import Played, update

RENDER = [
    {"command": "blender.render", "blend": "{job}/a.blend", "frames": {"$task": "frames"}, "output": "{output}/#"}
]


def test_asking_twice_gives_the_same_run_until_it_is_held(manager: Played) -> None:
    manager.server.add_task()
    manager.server.add_task()
    worker = manager.worker()
    first = worker.work()
    assert worker.work().run_id == first.run_id
    second = worker.generate(first.run_id)
    assert second is not None
    assert second.run_id != first.run_id


def test_a_worker_owns_three_runs_at_most(manager: Played) -> None:
    for _ in range(5):
        manager.server.add_task()
    worker = manager.worker()
    held: list[str] = []
    while (task := worker.generate(*held)) is not None:
        held.append(task.run_id)
    assert len(held) == 3
    assert len(manager.server.queue) == 2


def test_nothing_to_do_is_told_with_orders(manager: Played) -> None:
    answer = manager.worker()("GET", "/generate")
    assert (answer.status_code, answer.data) == (204, b"")
    assert answer.headers["Flamenco-Orders"] == '{"wait":1.0}'


def test_a_claim_goes_up_after_the_report_of_that_worker(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker(memory_mb=12345)
    assert worker.generate() is not None
    assert manager.server.workers[worker.id].abilities.memory_mb == 12345


def test_a_run_outlives_a_restart_of_the_manager(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    manager.restart()
    assert worker.work() == task
    assert manager.server.claims[1:] == []


def test_a_claim_whose_answer_was_lost_is_repeated_under_its_lease(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    manager.deliver()
    manager.server.loses_answers = True
    assert worker.generate() is None
    assert manager.server.queue == []  # the server gave it away
    manager.server.loses_answers = False
    task = worker.work()
    leases = [lease for lease, _ in manager.server.claims]
    assert leases[0] == leases[1]
    assert task.run_id == "run-1"


def test_a_lease_is_repeated_after_the_manager_died_too(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    manager.deliver()
    manager.server.loses_answers = True
    assert worker.generate() is None
    manager.restart()
    manager.server.loses_answers = False
    assert worker.work().run_id == "run-1"
    assert len({lease for lease, _ in manager.server.claims}) == 1


def test_only_those_that_asked_under_an_unanswered_lease_ask_under_it_again(manager: Played) -> None:
    """A worker that does not ask now must get no task that it would let lie."""
    manager.server.add_task()
    first, second = manager.worker("w1"), manager.worker("w2")
    manager.deliver()
    manager.server.loses_answers = True
    assert first.generate() is None
    manager.restart()
    manager.server.loses_answers = False
    assert second.generate() is None
    manager.server.add_task()
    assert second.work().run_id == "run-2"
    assert first.work().run_id == "run-1"
    assert manager.server.claims[0][0] == manager.server.claims[-1][0]
    assert all(len(workers) == 1 for _, workers in manager.server.claims)


def test_a_task_claimed_before_the_kill_is_found_while_its_worker_has_another(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    first = worker.work()
    manager.server.add_task()
    manager.server.loses_answers = True
    assert worker.generate(first.run_id) is None
    manager.restart()
    manager.server.loses_answers = False
    second = worker.generate(first.run_id)
    assert second is not None
    assert second.run_id == "run-2"
    manager.server.add_task()
    third = worker.generate(first.run_id, second.run_id)
    assert third is not None


def test_a_new_claim_has_a_new_lease_and_an_idle_farm_keeps_the_old_one(manager: Played) -> None:
    worker = manager.worker()
    for _ in range(3):
        worker.generate()
    manager.server.add_task()
    task = worker.work()
    worker.report(update(task, 1, "completed"))
    worker.generate()
    leases = [lease for lease, _ in manager.server.claims]
    assert len(set(leases[:4])) == 1
    assert leases[4] not in leases[:4]


def test_while_the_server_is_away_there_is_nothing_to_do(manager: Played) -> None:
    worker = manager.worker()
    manager.server.add_task()
    manager.server.away = True
    assert worker.generate() is None
    manager.server.away = False
    assert worker.generate() is not None


def test_a_rejected_claim_harms_nothing(manager: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = manager.worker()

    def reject(*arguments: object) -> None:
        raise Rejected("nonsense", 422)

    with monkeypatch.context() as patched:
        patched.setattr(manager.server, "claim", reject)
        assert worker.generate() is None
    manager.server.add_task()
    assert worker.generate() is not None


def test_a_restarted_worker_gets_its_run_again_and_the_fourth_start_is_lost(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    for _ in range(2):
        worker.sign_in()
        assert worker.work().run_id == task.run_id
        assert worker.work().run_id == task.run_id  # asking again is no start
        manager.restart()
    worker.sign_in()
    assert worker.generate() is None
    last = manager.server.updates[-1]
    assert (last.run_id, last.status and last.status.value) == (task.run_id, "lost")
    assert last.reason == "the worker died 3 times on this task"


def test_a_run_that_the_server_no_longer_counts_is_not_handed_out(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    manager.server.lost.add(task.run_id)
    manager.pass_time(61)
    worker("POST", "/files/missing", json={"sha256": []})  # it lives
    manager.deliver()
    assert manager.server.reports[-1].alive == [task.run_id]
    assert worker.generate() is None
    result = worker.report(update(task, 1, progress=0.1))[0]
    assert (result.accepted, result.missing) == (False, [])
    assert "gave its task away" in result.error


def test_commands_are_made_for_the_worker_s_machine(manager: Played) -> None:
    manager.server.add_task(
        template=RENDER, params={"frames": "1-3"}, requirements=Requirements(kinds=["blender"], blender="4.5")
    )
    command = manager.worker().work().commands[0]
    assert isinstance(command, BlenderRender)
    assert command.blend == "/work-dir/jobs/1/tree/a.blend"
    assert command.output == "/work-dir/jobs/1/output/#"
    assert (command.frames, command.blender) == ("1-3", "/opt/blender")


def test_a_template_that_gives_no_commands_fails_the_run_with_the_sentence(manager: Played) -> None:
    manager.server.add_task(template=[{"command": "files.copy", "inputs": {"paths": []}, "target": {"$task": "where"}}])
    assert manager.worker().generate() is None
    last = manager.server.updates[-1]
    assert last.status is not None
    assert last.status.value == "failed"
    assert last.reason == "the step's template asks for the task parameter 'where', which its tasks do not have"
    assert last.log_tail == f"manager: {last.reason}"


def test_a_machine_without_the_right_blender_loses_the_run_and_fails_nothing(manager: Played) -> None:
    manager.server.add_task(template=RENDER, requirements=Requirements(kinds=["blender"], blender="5.0"))
    assert manager.worker().generate() is None
    last = manager.server.updates[-1]
    assert (last.status and last.status.value, last.reason) == ("lost", "this worker has no Blender 5.0")


def test_windows_paths_and_shared_storage(manager: Played) -> None:
    windows = manager.worker("win", platform="windows", work_dir="C:\\farm")
    manager.server.add_task()
    task = windows.work()
    assert (task.job_root, task.output_root) == ("C:\\farm\\jobs\\1\\tree", "C:\\farm\\jobs\\1\\output")


def test_own_variables_and_two_way_paths(tmp_path_factory: pytest.TempPathFactory) -> None:
    variables: dict[str, dict[str, str | bool]] = {
        "shots": {"linux": "/mnt/shots", "windows": "S:/shots", "two_way": True},
        "tools": {"all": "/opt/tools"},
    }
    manager = Played(tmp_path_factory.mktemp("own"), variables=variables)
    copy = [{"command": "files.copy", "inputs": {"paths": ["{tools}/x", "S:\\shots\\b"]}, "target": {"$task": "to"}}]
    manager.server.add_task(
        template=copy,
        params={"to": "{output}/c"},
        storage="shared",
        job_root="S:\\shots\\a",
        output_root="/mnt/shots/out",
    )
    task = manager.worker().work()
    command = task.commands[0]
    assert isinstance(command, CopyFiles)
    assert (task.job_root, task.output_root) == ("/mnt/shots/a", "/mnt/shots/out")
    assert command.inputs.paths == ["/opt/tools/x", "/mnt/shots/b"]
    assert command.target == "/mnt/shots/out/c"
    manager.database.close()
