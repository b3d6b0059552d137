"""The loop: one request after the other, each answered with a result or with the reason why there is none."""

from __future__ import annotations

import contextlib
import os
import sys
import traceback
from collections.abc import Callable
from typing import Any

import bpy

from . import baking, frames, images, opening, sounds
from .channel import Channel, flush
from .problems import Problem

Action = Callable[..., dict[str, Any]]
ACTIONS: dict[str, Action] = {
    "open": opening.open_file,
    "setup": frames.setup,
    "frame": frames.frame,
    "stretch": frames.stretch,
    "bake": baking.bake,
    "write_image": images.write_image,
    "mixdown": sounds.mixdown,
}


def serve(embedded: bool) -> None:
    """Serve the worker until it closes the channel, then end this process."""
    _as_from_the_factory(embedded)
    channel = Channel({"version": list(bpy.app.version)})
    frames.listen(
        lambda text: channel.send({"event": "progress", "text": text}),
        lambda frame: channel.send({"event": "frame", **frame}),
    )
    with contextlib.suppress(OSError):  # the worker is gone
        for request in channel.requests():
            channel.answer(int(request.pop("id")), _done(request))
    flush()
    os._exit(0)  # Blender's own way out takes long on large scenes, and some wheels crash on it


def _done(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"ok": True, **ACTIONS[request.pop("do")](**request)}
    except Problem as error:
        return {"ok": False, "kind": "problem", "error": str(error)}
    except RuntimeError as error:  # what an operator of Blender reports
        return {"ok": False, "kind": "blender", "error": _sentence(str(error))}
    except Exception as error:
        traceback.print_exc(file=sys.stderr)
        return {"ok": False, "kind": "mistake", "error": f"{type(error).__name__}: {error}"}


def _sentence(report: str) -> str:
    lines = [line.strip().removeprefix("Error: ") for line in report.splitlines() if line.strip()]
    return "; ".join(dict.fromkeys(lines)) or "Blender reported an error without a text"


def _as_from_the_factory(embedded: bool) -> None:
    """A wheel reads the user's preferences when it is imported; `blender` got --factory-startup."""
    if embedded:
        bpy.ops.wm.read_factory_settings(use_empty=True)
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.context.preferences.filepaths.save_version = 0  # a bake saves twice under one name
