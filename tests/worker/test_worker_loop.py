"""The worker's loop against a manager that is a real HTTP server: what it promises in docs/protocol.md."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import msgspec
import pytest
from fake_manager import ENROLMENT, FakeManager
from flamenco_common.commands import Exec
from flamenco_common.documents import WorkerOrders
from flamenco_common.states import RunStatus
from flamenco_worker import own_log
from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.registry import HANDLERS
from PIL import Image
from processes import until
from worker_parts import COPY, WAIT_AT_GATE, Gate, Workers


def test_it_signs_in_runs_a_task_and_delivers_what_it_made(manager: FakeManager, start_worker: Workers) -> None:
    run = manager.give(COPY, files={"a.txt": b"hello", "deep/b.txt": b"there"})
    start_worker()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"copies/a.txt": b"hello"}
    assert manager.calls[:2] == ["POST /register", "POST /available"]
    assert manager.registered[0].name == "W"


def test_updates_come_in_order_with_growing_numbers_and_end_with_the_status(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"x"})
    start_worker()
    gate.wait_entered()
    until(lambda: len(manager.of(run)) >= 2, 10, "signs of life")
    gate.open.set()
    manager.wait_for(run)
    updates = manager.of(run)
    assert [each.seq for each in updates] == sorted({each.seq for each in updates})
    assert [each.status for each in updates[:-1]] == [None] * (len(updates) - 1)
    assert "at the gate" in manager.log(run)


def test_its_identity_is_kept_for_nobody_else_to_read_and_known_after_a_restart(
    tmp_path: Path, manager: FakeManager, start_worker: Workers
) -> None:
    for life in (1, 2):
        worker = start_worker()
        until(lambda life=life: manager.calls.count("POST /available") == life, 10, "it signed in")
        worker.stop()
    first, second = manager.registered
    assert first.identity == second.identity
    file = tmp_path / "worker" / "identity.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert manager.tokens[-1] in file.read_text()


def test_a_token_that_no_longer_counts_is_renewed_with_the_sites_secret(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE)
    start_worker()
    gate.wait_entered()
    manager.faults.refuse_tokens = True
    until(lambda: len(manager.registered) == 2, 10, "the worker registered again")
    gate.open.set()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.registered[0].identity == manager.registered[1].identity


def test_a_wrong_secret_ends_the_worker_with_the_managers_reason(manager: FakeManager, start_worker: Workers) -> None:
    worker = start_worker(enrolment="wrong")
    worker.wait()
    assert "neither the site's secret" in str(worker.error)


def test_it_waits_for_a_manager_that_is_not_there_yet(manager: FakeManager, start_worker: Workers) -> None:
    run = manager.give(COPY, files={"a.txt": b"x"})
    manager.stop()
    start_worker()
    manager.start()
    assert manager.wait_for(run).status is RunStatus.COMPLETED


def test_the_next_task_and_its_files_come_while_this_one_runs(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    first = manager.give(COPY, files={"a.txt": b"1"})
    start_worker()
    manager.wait_for(first)
    second = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"2"})
    gate.wait_entered()
    third = manager.give(COPY, files={"a.txt": b"3"}, job=2)
    until(lambda: f"GET /tasks/{third[4:]}/files" in manager.calls, 10, "a task is fetched ahead")
    assert manager.asked[-1] == [second]
    assert not manager.of(third), "a run that only waits says nothing"
    gate.open.set()
    assert manager.wait_for(second).status is manager.wait_for(third).status is RunStatus.COMPLETED


def test_a_refused_run_is_stopped_and_its_work_dropped(manager: FakeManager, start_worker: Workers, gate: Gate) -> None:
    run = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"x"})
    start_worker()
    gate.wait_entered()
    manager.refused.add(run)
    until(lambda: gate.stopped == [run], 10, "the run was stopped")
    after = manager.give(COPY, files={"a.txt": b"y"})
    assert manager.wait_for(after).status is RunStatus.COMPLETED
    assert not manager.ended(run)
    assert not manager.outputs(run)


def test_files_that_the_farm_lost_are_put_again(manager: FakeManager, start_worker: Workers) -> None:
    manager.faults.forget_files = 2
    run = manager.give(COPY, files={"a.txt": b"precious"})
    start_worker()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"copies/a.txt": b"precious"}
    assert len(manager.received) >= 2


def test_an_output_that_nobody_takes_gives_the_run_back(manager: FakeManager, start_worker: Workers) -> None:
    manager.faults.forget_files, manager.faults.status_of_puts = 1, 413
    run = manager.give(COPY, files={"a.txt": b"large"})
    start_worker()
    ended = manager.wait_for(run)
    assert (ended.status, ended.reason) == (RunStatus.LOST, "an output could not be delivered: files are missing")
    manager.faults.status_of_puts = 0
    after = manager.give(COPY, files={"a.txt": b"small"})
    assert manager.wait_for(after).status is RunStatus.COMPLETED


def test_while_the_manager_is_away_work_goes_on_and_is_told_in_order_later(
    tmp_path: Path, manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"x"})
    start_worker()
    gate.wait_entered()
    manager.stop()
    gate.open.set()
    final = tmp_path / "worker" / "work" / "jobs" / "1" / "output" / "copies" / "a.txt"
    until(final.exists, 10, "the work went on")
    manager.start()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"copies/a.txt": b"x"}
    numbers = [each.seq for each in manager.of(run)]
    assert numbers == sorted(set(numbers))


def test_a_run_that_takes_too_long_fails_with_its_limit(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE, timeout_seconds=1)
    start_worker()
    ended = manager.wait_for(run)
    assert (ended.status, ended.reason) == (RunStatus.FAILED, "the task took longer than its 1 seconds")
    until(lambda: gate.stopped == [run], 10, "its command was stopped")


def test_a_program_that_the_owner_does_not_allow_is_not_run(manager: FakeManager, start_worker: Workers) -> None:
    run = manager.give({"command": "exec", "program": "/bin/sh", "arguments": ["-c", "true"]})
    start_worker(exec_allowed=["/bin/true"])
    ended = manager.wait_for(run)
    assert (ended.status, ended.reason) == (RunStatus.FAILED, "this worker is not configured to run /bin/sh")


def test_a_path_that_leaves_its_job_is_refused(tmp_path: Path, manager: FakeManager, start_worker: Workers) -> None:
    run = manager.give(COPY, files={"../../../../outside.txt": b"x"})
    start_worker()
    ended = manager.wait_for(run)
    assert ended.status is RunStatus.FAILED
    assert "outside.txt" in ended.reason
    assert not list(tmp_path.rglob("outside.txt"))


def test_a_stray_entry_in_a_zip_is_not_written_anywhere(
    tmp_path: Path, manager: FakeManager, start_worker: Workers
) -> None:
    manager.faults.stray = "../../../stray.txt"
    run = manager.give(COPY, files={"a.txt": b"x"})
    start_worker()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert not list(tmp_path.rglob("stray.txt*"))


def test_told_to_sleep_it_finishes_its_task_asks_for_none_and_wakes_up(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE)
    start_worker()
    gate.wait_entered()
    manager.orders = WorkerOrders(state="sleep", wait=0.05)
    until(lambda: manager.of(run), 10, "the order rode down on an update")
    gate.open.set()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    asked = len(manager.asked)
    later = manager.give(COPY, files={"a.txt": b"x"})
    until(lambda: len(manager.asked) > asked + 2, 10, "it asks whether to wake up")
    assert not manager.of(later)
    manager.orders = WorkerOrders(wait=0.05)
    assert manager.wait_for(later).status is RunStatus.COMPLETED


def test_told_to_sleep_now_it_gives_its_task_back(manager: FakeManager, start_worker: Workers, gate: Gate) -> None:
    run = manager.give(WAIT_AT_GATE)
    start_worker()
    gate.wait_entered()
    manager.orders = WorkerOrders(state="sleep", when="now", wait=0.05)
    ended = manager.wait_for(run)
    assert (ended.status, ended.reason) == (RunStatus.LOST, "the worker was told to sleep now")


def test_told_to_shut_down_it_finishes_its_task_and_signs_off(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"x"})
    worker = start_worker()
    gate.wait_entered()
    manager.orders = WorkerOrders(state="shutdown", wait=0.05)
    manager.give(COPY, files={"a.txt": b"never"})
    until(lambda: len(manager.of(run)) > 1, 10, "the order rode down on an update")
    gate.open.set()
    assert worker.wait() == "shutdown"
    assert manager.ended(run) is not None
    assert manager.outputs(run) == {"copies/a.txt": b"x"}
    assert manager.calls[-1] == "POST /offline"


def test_a_restart_that_was_called_off_is_forgotten(manager: FakeManager, start_worker: Workers, gate: Gate) -> None:
    run = manager.give(WAIT_AT_GATE)
    worker = start_worker()
    gate.wait_entered()
    manager.orders = WorkerOrders(state="restart", wait=0.05)
    seen = len(manager.of(run))
    until(lambda: len(manager.of(run)) > seen + 1, 10, "the order rode down on an update")
    manager.orders = WorkerOrders(wait=0.05)
    gate.open.set()
    manager.wait_for(run)
    worker.stop()
    assert worker.ending == "shutdown"


def test_stopped_it_stops_what_runs_and_gives_it_back_by_signing_off(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE)
    worker = start_worker()
    gate.wait_entered()
    worker.stop()
    assert gate.stopped == [run]
    assert manager.calls[-1] == "POST /offline"
    assert not manager.ended(run)


def test_the_same_run_comes_again_after_a_restart_and_its_numbers_go_on(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    run = manager.give(WAIT_AT_GATE, COPY, files={"a.txt": b"x"})
    worker = start_worker()
    gate.wait_entered()
    until(lambda: manager.of(run), 10, "it was told of")
    worker.stop()
    before = manager.of(run)[-1].seq
    gate.open.set()
    start_worker()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.of(run)[-1].seq > before


def test_a_worker_on_a_folder_that_another_one_uses_is_told_so(
    manager: FakeManager, start_worker: Workers, gate: Gate
) -> None:
    manager.give(WAIT_AT_GATE)
    start_worker()
    gate.wait_entered()
    try:
        start_worker()
    except Exception as error:
        assert "does another worker use this folder?" in str(error)
    else:
        raise AssertionError("two workers share one identity")


def test_a_mistake_of_the_managers_does_not_end_the_worker(manager: FakeManager, start_worker: Workers) -> None:
    start_worker()
    until(lambda: manager.asked, 10, "it asks for work")
    manager.faults.status = 500
    asked = len(manager.calls)
    until(lambda: len(manager.calls) > asked + 1, 10, "it asks again")
    manager.faults.status = 0
    run = manager.give(COPY, files={"a.txt": b"x"})
    assert manager.wait_for(run).status is RunStatus.COMPLETED


def test_a_file_that_the_manager_does_not_have_fails_the_run_and_not_the_worker(
    manager: FakeManager, start_worker: Workers
) -> None:
    run = manager.give({**COPY, "inputs": {"paths": ["{job}/absent.txt"]}}, files={"a.txt": b"x"})
    start_worker()
    ended = manager.wait_for(run)
    assert ended.status is RunStatus.FAILED
    assert "absent.txt is not there" in ended.reason


def test_shared_storage_writes_in_place_and_sends_no_bytes(
    tmp_path: Path, manager: FakeManager, start_worker: Workers
) -> None:
    job, output = tmp_path / "share" / "job", tmp_path / "share" / "output"
    job.mkdir(parents=True)
    (job / "a.txt").write_bytes(b"shared")
    forgotten = output / ".flamenco-scratch" / "run-of-a-dead-worker"
    forgotten.mkdir(parents=True)
    os.utime(forgotten, (1.6e9, 1.6e9))
    run = manager.give(COPY, storage="shared", job_root=str(job), output_root=str(output))
    start_worker()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert (output / "copies" / "a.txt").read_bytes() == b"shared"
    assert not manager.received
    until(lambda: not (output / ".flamenco-scratch").exists(), 5, "no scratch folder is left")


def test_shared_storage_that_is_not_mounted_is_the_machines_fault(
    tmp_path: Path, manager: FakeManager, start_worker: Workers
) -> None:
    run = manager.give(COPY, storage="shared", job_root=str(tmp_path / "no"), output_root=str(tmp_path / "out"))
    start_worker()
    ended = manager.wait_for(run)
    assert ended.status is RunStatus.LOST
    assert "is the shared storage mounted?" in ended.reason


def test_the_whole_log_arrives_however_long_it_is(manager: FakeManager, start_worker: Workers, gate: Gate) -> None:
    run = manager.give({"command": "exec", "program": "long " * 100_000})
    start_worker()
    gate.open.set()
    manager.wait_for(run)
    assert manager.log(run).count("long") == 100_000
    assert all(len(msgspec.json.encode(each)) < 300_000 for each in manager.of(run))


def test_thumbnails_go_up_with_their_frames_and_are_not_kept(
    tmp_path: Path, manager: FakeManager, start_worker: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(command: Exec, context: CommandContext) -> None:
        file = context.scratch / "f.png"
        Image.new("RGB", (64, 48), "red").save(file)
        context.reporter.output(Made(file, "0001.png", frame=1))

    monkeypatch.setitem(HANDLERS, Exec, draw)  # type: ignore[arg-type]
    run = manager.give(WAIT_AT_GATE)
    start_worker()
    manager.wait_for(run)
    (output,) = [each for update in manager.of(run) for each in update.outputs]
    assert manager.blobs[output.thumbnail].startswith(b"\xff\xd8")
    assert list(manager.outputs(run)) == ["0001.png"]
    until(lambda: not list((tmp_path / "worker/work/thumbnails").iterdir()), 5, "the thumbnail is gone here")


def test_a_large_output_on_its_way_does_not_silence_the_worker(
    manager: FakeManager, start_worker: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def write(command: Exec, context: CommandContext) -> None:
        file = context.scratch / "large"
        file.write_bytes(b"large")
        context.reporter.output(Made(file, "large", kind="file"))

    monkeypatch.setitem(HANDLERS, Exec, write)  # type: ignore[arg-type]
    manager.faults.slow_puts = threading.Event()
    run = manager.give(WAIT_AT_GATE)
    start_worker()
    until(lambda: "POST /files/missing" in manager.calls, 10, "the output is on its way")
    before = len(manager.of(run))
    until(lambda: len(manager.of(run)) >= before + 2, 10, "signs of life come meanwhile")
    assert not manager.ended(run)
    manager.faults.slow_puts.set()
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.outputs(run) == {"large": b"large"}


def test_a_log_that_somebody_reads_comes_sooner(manager: FakeManager, start_worker: Workers, gate: Gate) -> None:
    run = manager.give(WAIT_AT_GATE)
    worker = start_worker(sign_of_life_seconds=0.6)
    gate.wait_entered()
    manager.orders = WorkerOrders(wait=0.05, log_wanted=[run])
    (held,) = worker.worker._board.held()
    until(lambda: held.watched, 10, "the wish rode down on an update")
    manager.orders = WorkerOrders(wait=0.05)
    until(lambda: not held.watched, 10, "nobody reads any more")


def test_the_enrolment_secret_may_stand_in_a_file(tmp_path: Path, manager: FakeManager, start_worker: Workers) -> None:
    file = tmp_path / "secret"
    file.write_text(f"{ENROLMENT}\n")
    start_worker(enrolment="", enrolment_file=file)
    until(lambda: manager.registered, 10, "it registered")


def test_what_it_logs_is_told_at_once_while_somebody_reads(
    manager: FakeManager, start_worker: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    manager.orders = WorkerOrders(wait=0.05, own_log=True)
    monkeypatch.setattr(own_log, "_PAUSE", 3600.0)
    worker = start_worker()
    until(lambda: "POST /log" in manager.calls, 20, "it asked what is wanted")
    for line in ("one\n", "two\n"):
        worker.journal.append(line)
        until(lambda line=line: manager.own_log.endswith(line.encode()), 20, "it is told")


def test_a_manager_that_knows_no_such_call_is_not_asked_again(
    manager: FakeManager, start_worker: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_log, "_PAUSE", 0.0)
    manager.faults.no_log = True
    worker = start_worker()
    worker.journal.append("in vain\n")
    until(lambda: "POST /log" in manager.calls, 20, "it tried")
    run = manager.give(COPY, files={"a.txt": b"x"})
    assert manager.wait_for(run).status is RunStatus.COMPLETED
    assert manager.calls.count("POST /log") == 1
