"""Run in a Blender with the add-on: the files that preflight looks for in each .blend, and those that Blender lists."""

import importlib
import json
import os
import sys
from pathlib import Path

import bpy

MODULE, FOLDER, TARGET = sys.argv[-3:]
preflight = importlib.import_module(MODULE + ".preflight")
here = importlib.import_module(MODULE + ".preflight.here")
seen = {}
for blend in sorted(Path(FOLDER).rglob("*.blend")):
    told = blend.with_suffix(".json")
    if not told.exists():
        continue
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    subject = here.subject(bpy.context.scene)
    preflight.collect(subject)
    named = {use.path for use in subject.files} | {use.folder for use in subject.simulations}
    listed = {os.path.normpath(path) for path in json.loads(told.read_text(encoding="utf-8"))}
    seen[blend.stem] = (sorted(named), sorted(listed))
Path(TARGET).write_text(json.dumps(seen), encoding="utf-8")
