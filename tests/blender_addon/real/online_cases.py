"""Run in a Blender with the add-on: what it says and does while the user forbids the network, then while it is allowed.

Arguments: the module, a farm's address, an artist's token, the file that it tells in, as JSON. A door of this script's
own, that never answers, stands in for a farm and shows whether anybody knocked.
"""

from __future__ import annotations

import importlib
import json
import select
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import bpy

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "support" / "addon_scripts"))
from recording_layout import draw, panels

MODULE, FARM, TOKEN, TARGET = sys.argv[-4:]
runtime = importlib.import_module(MODULE + ".runtime")
account = importlib.import_module("flamenco_client.account").Account
state = runtime.current()
system: Any = bpy.context.preferences.system
told: dict[str, Any] = {"has a switch": hasattr(bpy.app, "online_access")}
door = socket.create_server(("127.0.0.1", 0))


def knocked() -> bool:
    """Whether anybody came to the door since it was looked at last."""
    came = False
    while select.select([door], [], [], 0)[0]:
        came = True
        door.accept()[0].close()
    return came


def settle() -> None:
    """Wait until nothing goes on in the background."""
    end = time.monotonic() + 60
    while state.background.busy:
        assert time.monotonic() < end, "the background does not end"
        state.background.pump()
        time.sleep(0.01)


def said(work: Callable[[], Any]) -> str:
    """What an operator says if it does not do its work."""
    try:
        result = work()
    except RuntimeError as error:
        return str(error)
    return f"done: {sorted(result)}"


def shown() -> dict[str, list[str]]:
    """What all panels draw."""
    return {name: [text for _, text in draw(kind)] for name, kind in panels().items()}


def at(address: str) -> None:
    """Somebody is signed in there."""
    state.account = account(address, TOKEN)
    state.typed_address, state.typed_token = address, TOKEN


def operators() -> dict[str, str]:
    """What each operator that talks to the farm says."""
    flamenco: Any = bpy.ops.flamenco
    calls = {
        "submit_job": lambda: flamenco.submit_job(name="forbidden"),
        "job_fetch": lambda: flamenco.job_fetch(job=1, directory="/nowhere"),
        **{
            name: getattr(flamenco, name)
            for name in (
                "send",
                "refresh",
                "test_connection",
                "sign_in",
                "sign_in_browser",
                "find_farm",
                "jobs_refresh",
            )
        },
        **{
            name: lambda name=name: getattr(flamenco, name)(job=1)
            for name in ("job_cancel", "job_pause", "job_resume", "job_requeue")
        },
    }
    return {name: said(call) for name, call in calls.items()}


def forbidden() -> None:
    """The user does not allow the network."""
    at(f"http://127.0.0.1:{door.getsockname()[1]}")
    system.use_online_access = False
    told["panels"] = {name: texts for name, texts in shown().items() if texts}
    told["operators"] = operators()
    state.connect()
    state.look()
    settle()
    told["knocked"] = knocked()


def withdrawn() -> None:
    """The user forbids it while the farm is being asked."""
    system.use_online_access = True
    state.look()
    state.background.pump()
    told["asking"] = state.connection.value
    end = time.monotonic() + 60
    while not knocked():
        assert time.monotonic() < end, "nobody came"
        time.sleep(0.01)
    at(f"http://127.0.0.1:{door.getsockname()[1]}")
    state.connect()
    system.use_online_access = False
    settle()
    told["withdrawn"] = [state.connection.value, state.problem]


def allowed() -> None:
    """The same operators with a farm that answers."""
    at(FARM)
    if told["has a switch"]:
        system.use_online_access = True
    state.look()
    settle()
    told["allowed"] = [state.connection.value, state.problem]
    state.connect()
    settle()
    told["connected"] = [state.connection.value, state.problem]
    told["allowed panel"] = shown()["FLAMENCO_PT_render"]
    told["tested"] = [said(bpy.ops.flamenco.test_connection), state.verdict.text]
    told["submitted"] = [said(lambda: bpy.ops.flamenco.submit_job(name="allowed")), state.last_job]
    told["paused"] = said(lambda: bpy.ops.flamenco.job_pause(job=state.last_job))


told["sentence"] = runtime.BARRED
if told["has a switch"]:
    forbidden()
    withdrawn()
allowed()
Path(TARGET).write_text(json.dumps(told), encoding="utf-8")
