"""Copying and moving files, and running programs that the worker's owner allows."""

from __future__ import annotations

import shutil
from pathlib import Path

from flamenco_common.commands import CopyFiles, Exec, MoveFiles

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.process import Process


def copy_files(command: CopyFiles, context: CommandContext) -> None:
    """Copy files into a folder; they are outputs of this task too."""
    root, folder = context.relative(command.target)
    for file, path in context.resolve(command.inputs):
        context.check_cancelled()
        name = Path(file.path).name
        temporary = context.scratch / name
        shutil.copyfile(path, temporary)
        context.reporter.output(
            Made(temporary, f"{folder}/{name}".removeprefix("./"), root, kind="file", frame=file.frame)
        )


def move_files(command: MoveFiles, context: CommandContext) -> None:
    """Move files into a folder: with shared storage the old ones go, else only the record of the new ones counts."""
    copy_files(CopyFiles(inputs=command.inputs, target=command.target), context)
    if context.assignment.storage == "shared":
        for _, path in context.resolve(command.inputs):
            path.unlink()


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
