"""Copying and moving files, and programs that the owner allows."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from flamenco_common.commands import CopyFiles, Exec, FileSet, MoveFiles
from flamenco_worker.commands.files import copy_files, move_files, run_program
from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import CommandFailed, MachineFault
from worker_parts import Bench, told


def tree(bench: Bench, *names: str) -> FileSet:
    """Files of the job, each with its name in it."""
    paths = []
    for name in names:
        file = bench.tree / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
        paths.append(str(file))
    return FileSet(paths=paths)


def test_files_are_copied_and_the_old_ones_stay(bench: Bench) -> None:
    context = bench.context()
    copy_files(CopyFiles(inputs=tree(bench, "a/x.txt", "y.txt"), target=str(bench.output / "all")), context)
    made = {each.path: each.file.read_text() for each in told(context).made}
    assert made == {"all/x.txt": "a/x.txt", "all/y.txt": "y.txt"}
    assert (bench.tree / "y.txt").exists()


def test_two_copies_of_one_task_do_not_get_into_each_others_way(bench: Bench) -> None:
    context = bench.context()
    for folder in ("one", "two"):
        copy_files(CopyFiles(inputs=tree(bench, f"{folder}/x.txt"), target=str(bench.output / folder)), context)
    assert [each.file.read_text() for each in told(context).made] == ["one/x.txt", "two/x.txt"]


def test_the_root_of_the_outputs_may_be_the_target(bench: Bench) -> None:
    context = bench.context()
    copy_files(CopyFiles(inputs=tree(bench, "x.txt"), target=str(bench.output)), context)
    assert told(context).made[0].path == "x.txt"


def test_two_files_of_one_name_cannot_be_in_one_folder(bench: Bench) -> None:
    inputs = tree(bench, "a/x.txt", "b/x.txt")
    with pytest.raises(CommandFailed, match=r"two of the files are named x\.txt"):
        copy_files(CopyFiles(inputs=inputs, target=str(bench.output / "all")), bench.context())


@pytest.mark.parametrize("target", ["/elsewhere", "relative"])
def test_a_target_outside_of_the_job_is_refused(bench: Bench, target: str) -> None:
    with pytest.raises(CommandFailed, match="neither among the job's files nor among its outputs"):
        copy_files(CopyFiles(inputs=tree(bench, "x.txt"), target=target), bench.context())


def test_inputs_that_are_not_there_are_told_and_counted(bench: Bench) -> None:
    inputs = FileSet(paths=[str(bench.tree / name) for name in ("a", "b", "c")])
    with pytest.raises(CommandFailed, match=r"the input .*/tree/a is not there, nor are 2 more"):
        copy_files(CopyFiles(inputs=inputs, target=str(bench.output)), bench.context())


def test_moving_with_shared_storage_hands_over_the_file_itself(bench: Bench) -> None:
    context = bench.context("shared")
    move_files(MoveFiles(inputs=tree(bench, "x.txt"), target=str(bench.output / "all")), context)
    (made,) = told(context).made
    assert (made.file, made.path) == (bench.tree / "x.txt", "all/x.txt")
    assert made.file.exists(), "it is the finisher that renames it"


def test_moving_without_shared_storage_copies(bench: Bench) -> None:
    context = bench.context()
    move_files(MoveFiles(inputs=tree(bench, "x.txt"), target=str(bench.output)), context)
    assert told(context).made[0].file.read_text() == "x.txt"
    assert (bench.tree / "x.txt").exists()


def allowed(bench: Bench) -> Bench:
    """A bench whose owner allows this Python."""
    bench.config = WorkerConfig(
        data_dir=bench.scratch, exec_allowed=[sys.executable, "/no/such/program"], stop_seconds=1.0
    )
    return bench


def run(bench: Bench, source: str) -> list[str]:
    """Run a Python program; returns what it printed."""
    context = bench.context()
    run_program(Exec(program=sys.executable, arguments=["-c", source, "$HOME; true"]), context)
    return told(context).lines


@pytest.mark.real
def test_an_allowed_program_runs_without_a_shell_in_its_own_folder(bench: Bench) -> None:
    said = run(allowed(bench), "import sys, os; print(sys.argv[1]); print(os.getcwd())")
    assert said == ["$HOME; true", str(Path(bench.scratch).resolve())]


@pytest.mark.real
def test_a_program_that_fails_is_told_with_its_last_line(bench: Bench) -> None:
    with pytest.raises(CommandFailed, match="ended with exit code 3: no disk in drive A"):
        run(allowed(bench), "print('no disk in drive A'); raise SystemExit(3)")


def test_a_program_that_nobody_allowed_is_refused_however_it_is_written(bench: Bench) -> None:
    allowed(bench)
    for program in ("/bin/sh", sys.executable + " ", "python3", f"{sys.executable}/../sh"):
        with pytest.raises(CommandFailed, match="this worker is not configured to run"):
            run_program(Exec(program=program), bench.context())


def test_an_allowed_program_that_is_not_there_is_the_machines_fault(bench: Bench) -> None:
    with pytest.raises(MachineFault, match="there is no such program"):
        run_program(Exec(program="/no/such/program"), allowed(bench).context())
