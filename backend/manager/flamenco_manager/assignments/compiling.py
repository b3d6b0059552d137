"""From a task document to the concrete commands for one worker's machine."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath, PureWindowsPath
from typing import Any

from flamenco_common.abilities import Abilities, choose_blender
from flamenco_common.documents import Assignment, TaskDocument
from flamenco_common.templates import BadTemplate, fill
from flamenco_common.variables import Variable, one_way, translate

SHARED = "shared"


class WrongMachine(Exception):
    """This worker cannot run the task, though another may; its text is one sentence."""


def assignment(document: TaskDocument, has: Abilities, own: Sequence[Variable]) -> Assignment:
    """Return the task made concrete. Raises `BadTemplate`, and `WrongMachine` where another worker could run it."""
    job_root, output_root = _roots(document, has, own)
    values = {**_tools(document, has), **one_way(own, has.platform), "job": job_root, "output": output_root}
    turned = _Turned(own, has.platform)
    commands = fill(turned(document.template), turned(document.params), values)
    return Assignment(
        task_id=document.task_id,
        run_id=document.run_id,
        job_id=document.job_id,
        step=document.step,
        job_name=document.job_name,
        job_type=document.job_type,
        commands=commands,
        job_root=job_root,
        output_root=output_root,
        storage=document.storage,
        timeout_seconds=document.timeout_seconds,
        attempt=document.attempt,
    )


def _roots(document: TaskDocument, has: Abilities, own: Sequence[Variable]) -> tuple[str, str]:
    if document.storage == SHARED:
        if not document.job_root or not document.output_root:
            raise BadTemplate("the job is on shared storage, and does not say in which folders")
        return translate(document.job_root, own, has.platform), translate(document.output_root, own, has.platform)
    if not has.work_dir:
        raise WrongMachine("this worker did not say where it keeps its files")
    kind = PureWindowsPath if has.platform == "windows" else PurePosixPath
    folder = kind(has.work_dir) / "jobs" / str(document.job_id)
    return str(folder / "tree"), str(folder / "output")


def _tools(document: TaskDocument, has: Abilities) -> dict[str, str]:
    """The programs of this machine; only what the task needs must be there."""
    kinds = document.requirements.kinds
    blender = choose_blender(document.requirements.blender, has.blenders)
    if blender is None and "blender" in kinds:
        raise WrongMachine(f"this worker has no Blender {document.requirements.blender}".rstrip())
    if not has.ffmpeg and "ffmpeg" in kinds:
        raise WrongMachine("this worker has no ffmpeg")
    return {"blender": blender.executable if blender else "", "ffmpeg": has.ffmpeg}


class _Turned:
    """Turns every path in plain JSON values that begins with a two-way variable's value."""

    def __init__(self, own: Sequence[Variable], platform: str) -> None:
        self._two_way = [variable for variable in own if variable.two_way]
        self._platform = platform

    def __call__(self, value: Any) -> Any:
        return self._turned(value) if self._two_way else value

    def _turned(self, value: Any) -> Any:
        if isinstance(value, str):
            return translate(value, self._two_way, self._platform)
        if isinstance(value, list):
            return [self._turned(item) for item in value]
        if isinstance(value, dict):
            return {key: self._turned(item) for key, item in value.items()}
        return value
