"""What scripts do with the add-on in a real Blender; `-- MODULE GIVEN.json`. It tells what happened in `told`, as JSON.

GIVEN has `scenes` (files whose values are told), `shot` (a textured scene that is changed), and `folder` to work in.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
import sys
from pathlib import Path

import bmesh
import bpy

MODULE, GIVEN = sys.argv[-2], json.loads(Path(sys.argv[-1]).read_text(encoding="utf-8"))
FOLDER = Path(GIVEN["folder"])
told = {}


def part(name):
    """A module of the add-on."""
    return importlib.import_module(f"{MODULE}.{name}")


def ours(folder):
    """What the add-on and the packer might have left in a folder of temporary files."""
    return sorted(path.name for path in folder.iterdir() if path.name.startswith(("flamenco", "bat", "blendfile")))


def facts():
    """All that a submission must leave as it is."""
    blend = Path(bpy.data.filepath)
    preferences = bpy.context.preferences
    recent = Path(bpy.utils.user_resource("CONFIG")) / "recent-files.txt"
    return {
        "file": hashlib.sha256(blend.read_bytes()).hexdigest() if blend.is_file() else None,
        "time": blend.stat().st_mtime_ns if blend.is_file() else None,
        "beside": sorted(path.name for path in blend.parent.iterdir()) if blend.is_file() else None,
        "path": bpy.data.filepath,
        "dirty": bpy.data.is_dirty,
        "mode": bpy.context.mode,
        "preferences": [preferences.is_dirty, preferences.filepaths.file_preview_type],
        "autopack": bpy.data.use_autopack,
        "packed": [image.name for image in bpy.data.images if image.packed_file],
        "recent": recent.read_text(encoding="utf-8") if recent.is_file() else "",
        "temporary": ours(Path(os.environ["TMPDIR"])),
        "thumbnails": [path.name for path in Path(os.environ["XDG_CACHE_HOME"]).rglob("*.png")],
        "compressed": not blend.read_bytes().startswith(b"BLENDER") if blend.is_file() else None,
    }


def submit(**given):
    """The job's number, or the error's sentence."""
    try:
        assert bpy.ops.flamenco.submit_job(**given) == {"FINISHED"}
    except RuntimeError as error:
        return str(error)
    return bpy.context.window_manager.flamenco_last_job


def mesh_of(blend):
    """The places of the vertices of the mesh of the cube in a file."""
    bpy.ops.wm.open_mainfile(filepath=str(blend))
    return sorted(round(vertex.co.x, 3) for vertex in bpy.data.meshes["Cube"].vertices)


def values():
    """What each scene says."""
    read = part("scene.values").scene_values
    found = {}
    for name in GIVEN["scenes"]:
        bpy.ops.wm.open_mainfile(filepath=name)
        found[name] = read(bpy.context.scene)
    return found


def in_edit_mode():
    """A file that was changed and not saved, in the middle of editing."""
    bpy.ops.wm.open_mainfile(filepath=GIVEN["shot"])
    bpy.data.use_autopack = True
    bpy.context.scene.frame_end = 7
    cube = bpy.data.objects["Cube"]
    bpy.context.view_layer.objects.active = cube
    bpy.ops.object.mode_set(mode="EDIT")
    mesh = bmesh.from_edit_mesh(cube.data)
    mesh.verts.ensure_lookup_table()
    mesh.verts[0].co.x = 42
    bmesh.update_edit_mesh(cube.data)
    before = facts()
    told["dirty"] = {"job": submit(name="dirty"), "before": before, "after": facts()}
    saving = part("scene.saving")
    snapshot = saving.capture(bpy.context.scene, always_copy=True)
    copy = FOLDER / "edited.blend"
    copy.write_bytes(snapshot.content.read_bytes())
    snapshot.discard()
    told["edited"] = {"copy": mesh_of(copy), "file": mesh_of(GIVEN["shot"])}


def never_saved():
    """No file at all."""
    bpy.ops.wm.read_homefile(use_empty=True)
    camera = bpy.data.objects.new("Camera", bpy.data.cameras.new("Camera"))
    bpy.context.scene.collection.objects.link(camera)
    bpy.context.scene.camera = camera
    bpy.context.scene.frame_end = 2
    before = facts()
    told["untitled"] = {"job": submit(), "before": before, "after": facts()}


def everything():
    """All properties that there are."""
    bpy.ops.wm.open_mainfile(filepath=GIVEN["shot"])
    extra = FOLDER / "extra.txt"
    extra.write_text("more", encoding="utf-8")
    told["everything"] = submit(
        name="all of it", job_type="render", project="film", settings='{"frames": "1,3"}', priority=77,
        blender="{}.{}".format(*bpy.app.version), preset="", overrides='{"samples": 3}', paused=True, max_workers=2, tags="gpu, big",
        comment="for the dailies", files=json.dumps([str(extra)]), root=str(Path(GIVEN["shot"]).parent.parent),
        allow_missing=True, ignore_warnings=True,
    )  # fmt: skip


def errors():
    """What people do wrong."""
    wrong = {
        "settings": {"settings": "{"},
        "list": {"settings": "[1]"},
        "type": {"job_type": "nope"},
        "setting": {"settings": '{"framez": 1}'},
        "frames": {"settings": '{"frames": "a-b"}'},
        "root": {"root": str(FOLDER / "nowhere")},
        "file": {"files": '["/nowhere.wav"]'},
        "priority": {"priority": -5},
    }
    told["errors"] = {name: submit(**given) for name, given in wrong.items()}
    bpy.data.images["green"].filepath = "//gone.png"
    told["errors"]["missing"] = submit()
    bpy.ops.wm.read_homefile(use_empty=True)
    told["errors"]["camera"] = submit()
    told["errors"]["shared"] = submit(shared=True)


def button():
    """The button without a window: what is chosen in the panel is sent, and it is over at the return."""
    bpy.ops.wm.open_mainfile(filepath=GIVEN["shot"])
    state = part("runtime").current()
    for name, value in {"name": "from the panel", "priority": 33, "comment": "chosen", "render/frames": "2"}.items():
        state.choose(name, value)
    assert bpy.ops.flamenco.send() == {"FINISHED"}
    told["button"] = {"job": bpy.context.window_manager.flamenco_last_job, "temporary": facts()["temporary"]}


def canceled():
    """Canceled while it is on its way; and a second one meanwhile is refused."""
    sending = part("operators.sending")
    before = bpy.context.window_manager.flamenco_last_job
    begun = sending.begin(bpy.context)
    try:
        bpy.ops.flamenco.send()
        refused = ""
    except RuntimeError as error:
        refused = str(error)
    cancel = bpy.ops.flamenco.cancel_sending()
    phase = begun.phase.name
    begun.close()
    told["canceled"] = {
        "refused": refused, "cancel": sorted(cancel), "phase": phase, "temporary": facts()["temporary"],
        "last": [before, bpy.context.window_manager.flamenco_last_job], "poll": bpy.ops.flamenco.cancel_sending.poll(),
    }  # fmt: skip


if __name__ == "__main__":
    told["values"] = values()
    in_edit_mode()
    never_saved()
    everything()
    errors()
    button()
    canceled()
    (FOLDER / "told.json").write_text(json.dumps(told), encoding="utf-8")
