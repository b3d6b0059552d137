"""Runs in a Blender with a window: how long does its event loop stand still while a job is sent?

`-- OUT.json CHANGED`: ticks for some seconds, sends what is open (after a change, if CHANGED is 1), ticks until that is over.
The panels and the status bar are not drawn meanwhile: without a graphics card one drawing takes longer than all else.
"""

import importlib
import json
import os
import sys
import time
import traceback
from pathlib import Path

import bpy

OUT, CHANGED = sys.argv[-2], sys.argv[-1] == "1"
TICK, SETTLE, IDLE = 0.002, 3.0, 4.0
runtime = importlib.import_module("flamenco_addon.runtime")
sending = importlib.import_module("flamenco_addon.operators.sending")
runtime.Runtime.redraw = sending.watch = lambda *_: None

told = {"idle": 0.0, "sending": 0.0, "copy": 0.0, "seconds": 0.0, "problem": ""}
state = {"phase": "start", "since": time.perf_counter(), "last": None}


def enter(phase):
    state.update(phase=phase, since=time.perf_counter(), last=None)


def end(problem=""):
    told["problem"] = problem
    Path(OUT).write_text(json.dumps(told), encoding="utf-8")
    os._exit(0)


def send():
    if CHANGED:
        bpy.ops.ed.undo_push(message="change")
    begun = time.perf_counter()
    with bpy.context.temp_override(window=bpy.context.window_manager.windows[0]):
        bpy.ops.flamenco.send("EXEC_DEFAULT", sure=True)
    told["copy"] = time.perf_counter() - begun


def step():
    passed = time.perf_counter() - state["since"]
    current = runtime.current()
    if state["phase"] == "start" and current.catalogue is not None and passed > SETTLE:
        enter("idle")
    elif state["phase"] == "idle" and passed > IDLE:
        send()
        enter("sending")
    elif state["phase"] == "sending" and not current.sending.active:
        told["seconds"] = passed
        end(current.sending.problem)


def tick():
    now = time.perf_counter()
    if state["last"] is not None and state["phase"] in told:
        told[state["phase"]] = max(told[state["phase"]], now - state["last"])
    state["last"] = now
    try:
        step()
    except Exception:
        end(traceback.format_exc())
    return TICK


bpy.app.timers.register(tick, first_interval=0.5, persistent=True)
