# SPDX-License-Identifier: GPL-3.0-or-later
"""The subject of a check, taken from the Blender that runs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from typing import Any

import bpy
from flamenco_client.submit import Submission

from .. import runtime
from ..core.choices import Chosen, chosen
from ..scene.saving import is_saved
from .subject import Here, Subject, Wanted

OWN = __package__.rsplit(".", 1)[0]
HANDLERS = ("frame_change_pre", "frame_change_post", "render_init", "render_pre", "render_write")


def subject(scene: bpy.types.Scene, job: Wanted | None = None) -> Subject:
    """What is to be checked of a scene for a job; without one, for what is chosen in the panel."""
    state = runtime.current()
    if job is None:
        job = wanted(chosen(state.choices, state.blend, state.catalogue))
    return Subject(bpy.data, scene.name, job, here(), state.catalogue)


def wanted(choice: Chosen) -> Wanted:
    """The job as it is chosen in the panel."""
    return from_submission(choice.submission(), output=choice.output)


def from_submission(submission: Submission, output: str = "") -> Wanted:
    """The job as a script asks for it."""
    return Wanted(
        type=submission.type or "render",
        name=submission.name,
        project=submission.project,
        settings=submission.settings,
        priority=submission.priority,
        blender=submission.blender,
        preset=submission.preset,
        overrides=submission.overrides,
        tags=submission.tags,
        max_workers=submission.max_workers,
        allow_missing=submission.allow_missing,
        shared=submission.shared,
        root=submission.root,
        output=output,
    )


def here() -> Here:
    """This Blender and the file that is open."""
    state = runtime.current()
    return Here(
        version=tuple(bpy.app.version),
        cycle=str(bpy.app.version_cycle),
        blend=state.blend,
        saved=is_saved(),
        memory=state.memory,
        compute_device=compute_device(),
        color_config=os.environ.get("OCIO", ""),
        listeners=tuple(sorted(set(listeners()))),
    )


def compute_device() -> str:
    """What Cycles renders on by the user's preferences; empty if that is not known."""
    with contextlib.suppress(AttributeError, KeyError):
        preferences: Any = bpy.context.preferences
        return str(preferences.addons["cycles"].preferences.compute_device_type)
    return ""


def listeners() -> Iterator[str]:
    """The add-ons whose functions are called as frames change or render, but for those that come with Blender."""
    shipped = tuple(filter(None, (bpy.utils.resource_path(kind) for kind in ("SYSTEM", "LOCAL"))))
    for name in HANDLERS:
        for function in getattr(bpy.app.handlers, name):
            file = getattr(getattr(function, "__code__", None), "co_filename", "")
            module = str(getattr(function, "__module__", None) or "")
            if module in ("", "__main__") or module.startswith(OWN) or file.startswith(shipped):
                continue
            yield module_of(module)


def module_of(name: str) -> str:
    """The add-on of a module, without the repository of an extension."""
    parts = name.split(".")
    return parts[2] if parts[0] == "bl_ext" and len(parts) > 2 else parts[0]
