"""Copying and moving files, and running programs that the worker's owner allows."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from flamenco_common.commands import CopyFiles, Exec, FileSet, MoveFiles

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.process import Process


def copy_files(command: CopyFiles, context: CommandContext) -> None:
    """Copy files into a folder; they are outputs of this task too."""
    for made in _made_of(command.inputs, command.target, context):
        context.check_cancelled()
        copy = context.fresh(made.path)
        shutil.copyfile(made.file, copy)
        context.reporter.output(replace(made, file=copy))


def move_files(command: MoveFiles, context: CommandContext) -> None:
    """Move files into a folder: with shared storage the old ones go, else only the record of the new ones counts."""
    if context.assignment.storage != "shared":
        copy_files(CopyFiles(inputs=command.inputs, target=command.target), context)
        return
    for made in _made_of(command.inputs, command.target, context):
        context.reporter.output(made)  # the file itself: it is renamed once it is checked, and never lost between


def _made_of(inputs: FileSet, target: str, context: CommandContext) -> list[Made]:
    """Each file and what it becomes. Raises `CommandFailed`."""
    root, folder = context.relative(target)
    made: dict[str, Made] = {}
    for file, source in context.resolve(inputs):
        name = Path(file.path).name
        path = f"{folder}/{name}".removeprefix("./")
        if path in made:
            raise CommandFailed(f"two of the files are named {name}: they cannot both be in {target}")
        made[path] = Made(source, path, root, kind="file", frame=file.frame)
    return list(made.values())


def run_program(command: Exec, context: CommandContext) -> None:
    """Run a program if the worker's own configuration names it."""
    if command.program not in context.config.exec_allowed:
        raise CommandFailed(f"this worker is not configured to run {command.program}")
    last: list[str] = [""]

    def line(text: str) -> None:
        context.reporter.log(text)
        last[0] = text or last[0]

    process = Process([command.program, *command.arguments], line, folder=context.scratch)
    outcome = process.wait(context.cancelled, context.config.stop_seconds)
    context.reporter.memory(outcome.peak_memory_mb)
    if outcome.exit_code != 0:
        raise CommandFailed(f"{command.program} ended with {outcome.said}: {last[0]}".rstrip(": "))
