"""Runs in a Blender where the add-on is enabled: the panel in all its states, choices, presets, accounts, hostile servers.

Arguments: the module, a farm's address, an artist's token, a hostile server's address, a folder. Prints one line of
JSON after `PANEL`; each key is a question of a test.
"""

import importlib
import json
import logging
import os
import sys
import time
from pathlib import Path

import bpy

sys.path.insert(0, str(Path(__file__).parent))
from recording_layout import draw, panels

MODULE, FARM, TOKEN, HOSTILE, FOLDER = sys.argv[sys.argv.index("--") + 1 :]
FOLDER = Path(FOLDER)
runtime = importlib.import_module(f"{MODULE}.runtime")
form_props = importlib.import_module(f"{MODULE}.ui.form_props")
connection = importlib.import_module(f"{MODULE}.core.session").Connection
signing = importlib.import_module(f"{MODULE}.core.signing")
discovery = importlib.import_module(f"{MODULE}.core.discovery")
state = runtime.current()
manager = bpy.context.window_manager
told = {"version": bpy.app.version_string}
faults = []


class Faults(logging.Handler):
    """What the add-on logs as a fault."""

    def emit(self, record):
        faults.append(self.format(record))


logging.getLogger(MODULE).addHandler(Faults(logging.ERROR))


def settle():
    """Wait until nothing goes on in the background."""
    end = time.monotonic() + 60
    while state.background.busy:
        assert time.monotonic() < end, "the background does not end"
        state.background.pump()
        time.sleep(0.01)


def shown():
    """All that all panels draw now."""
    return {name: draw(kind) for name, kind in panels().items()}


def texts(drawn):
    """As one text."""
    return "\n".join(text for lines in drawn.values() for _, text in lines)


def main(drawn):
    """What the main panel draws."""
    return [text for _, text in drawn["FLAMENCO_PT_render"]]


def flamenco_names():
    """The add-on's properties of the window manager."""
    return sorted(name for name in dir(bpy.types.WindowManager) if name.startswith("flamenco_"))


def file_has(path, *words):
    """Those words that are in a file."""
    data = Path(path).read_bytes()
    if data[:4] == b"\x28\xb5\x2f\xfd":
        import zstandard

        data = zstandard.ZstdDecompressor().stream_reader(data).read()
    return [word for word in words if word.encode() in data or word.encode("utf-16-le") in data]


# ---- signed out ----
told["signed out"] = main(shown())
told["signed out names"] = [name for name in flamenco_names() if "_setting_" in name]
state.found = [discovery.Farm("Flamenco on atlas", "http://192.168.1.10:8080")]
told["found"] = main(shown())
bpy.ops.flamenco.choose_farm(address="http://192.168.1.10:8080")
told["chosen"] = manager.flamenco_address
state.browser = signing.Started("x", "KXTW-RZPQ", "http://farm/x?code=KXTW-RZPQ", 2.0)
told["code"] = main(shown())
bpy.ops.flamenco.cancel_sign_in()
told["no code"] = main(shown())

# ---- a wrong token, then the right one ----
manager.flamenco_address, manager.flamenco_token = FARM, "user_1_wrong"
bpy.ops.flamenco.sign_in()
told["token after use"] = manager.flamenco_token
told["asking"] = main(shown())
settle()
told["refused"] = main(shown())
manager.flamenco_token = TOKEN
bpy.ops.flamenco.test_connection()
told["verdict"] = state.verdict.text
bpy.ops.flamenco.sign_in()
settle()
told["connected"] = state.connection.value
told["ready"] = main(shown())
kept = Path(os.environ["XDG_CONFIG_HOME"]) / "flamenco" / "farm.json"
told["kept"] = json.loads(kept.read_text())["token"] == TOKEN
told["kept mode"] = oct(kept.stat().st_mode & 0o777)

# ---- the form ----
told["names"] = flamenco_names()
rna = bpy.types.WindowManager.bl_rna.properties
chunk, fps = rna["flamenco_setting_render_chunk_size"], rna["flamenco_setting_render_fps"]
told["limits"] = [chunk.hard_min, chunk.hard_max, chunk.default, chunk.description]
told["types"] = {name: rna[name].type for name in flamenco_names() if name.startswith("flamenco_setting_render_")}
told["labels"] = [fps.name, rna["flamenco_setting_render_split_view_layers"].name]
told["formats"] = [item.name for item in rna["flamenco_setting_render_format"].enum_items][:3]
scene = bpy.context.scene
scene.frame_start, scene.frame_end, scene.frame_step = 5, 9, 2
told["linked"] = manager.flamenco_setting_render_frames
bpy.ops.flamenco.override_setting(setting="frames")
scene.frame_end = 100
told["own"] = manager.flamenco_setting_render_frames
manager.flamenco_setting_render_frames = " 1-3 "
told["typed"] = manager.flamenco_setting_render_frames
manager.flamenco_setting_render_frames = "3-1"
told["wrong frames"] = [text for _, text in draw(panels()["FLAMENCO_PT_settings"])]
bpy.ops.flamenco.override_setting(setting="frames")
told["linked again"] = manager.flamenco_setting_render_frames
manager.flamenco_setting_render_fps = 23.976
told["fps"] = state.choices.get("", "render/fps")
bpy.ops.flamenco.toggle_item(setting="view_layers", item=bpy.context.view_layer.name)
told["layers"] = [manager.flamenco_setting_render_view_layers, bpy.context.view_layer.name]
bpy.ops.flamenco.toggle_item(setting="view_layers", item=bpy.context.view_layer.name)
told["no layers"] = state.choices.get("", "render/view_layers")
camera = bpy.data.objects.new("Cam ünï", bpy.data.cameras.new("data"))
scene.collection.objects.link(camera)
told["cameras"] = form_props.CANDIDATES["camera"]()
manager.flamenco_setting_render_camera = camera.name
told["camera"] = manager.flamenco_setting_render_camera
manager.flamenco_setting_render_format = "PNG"
told["format"] = state.choices.get("", "render/format")
manager.flamenco_setting_render_format = "scene"
told["usual format"] = state.choices.get("", "render/format")
told["kinds"] = {}
for kind in ("bake", "render", "still", "video"):
    manager.flamenco_job_type = kind
    told["kinds"][kind] = [text for _, text in draw(panels()["FLAMENCO_PT_settings"])]
manager.flamenco_job_type = "render"
manager.flamenco_priority, manager.flamenco_preset, manager.flamenco_blender = 70, "final", "5.0"
manager.flamenco_project = "film"
told["choices"] = [
    manager.flamenco_priority,
    manager.flamenco_preset,
    manager.flamenco_blender,
    manager.flamenco_project,
]
bpy.ops.flamenco.toggle_tag(tag="gpu")
told["tags"] = state.choices.known("", "tags")
told["workers panel"] = [text for _, text in draw(panels()["FLAMENCO_PT_workers"])]
told["name"] = manager.flamenco_name

# ---- files ----
one, two = str(FOLDER / "shot 010.blend"), str(FOLDER / "shot 020.blend")
bpy.ops.wm.save_as_mainfile(filepath=one)
told["followed"] = [manager.flamenco_priority, manager.flamenco_name]
manager.flamenco_name, manager.flamenco_comment = "My job\nname", "SECRET COMMENT"
told["renamed"] = manager.flamenco_name
bpy.ops.wm.save_mainfile()
bpy.ops.wm.save_as_mainfile(filepath=str(FOLDER / "copy.blend"), copy=True)
bpy.ops.wm.save_as_mainfile(filepath=two)
manager.flamenco_priority = 10
bpy.ops.wm.open_mainfile(filepath=one)
manager = bpy.context.window_manager
told["restored"] = [
    manager.flamenco_priority,
    manager.flamenco_name,
    manager.flamenco_comment,
    manager.flamenco_setting_render_fps,
]
bpy.ops.wm.open_mainfile(filepath=two)
manager = bpy.context.window_manager
told["the other"] = [manager.flamenco_priority, manager.flamenco_name]
told["copy"] = state.choices.all(str(FOLDER / "copy.blend"))
words = ("flamenco", "SECRET COMMENT", TOKEN, "My job")
told["in the blends"] = {Path(path).name: file_has(path, *words) for path in (one, two, FOLDER / "copy.blend")}
preferences = Path(bpy.utils.user_resource("CONFIG")) / "userpref.blend"
bpy.ops.wm.save_userpref()
told["in the preferences"] = file_has(preferences, TOKEN, FARM, "SECRET COMMENT")
told["preferences are there"] = file_has(preferences, "flamenco_addon")
state.choices.save()
choices = Path(os.environ["XDG_CONFIG_HOME"]) / "flamenco" / "choices.json"
told["choices file"] = ["SECRET COMMENT" in choices.read_text(), TOKEN in choices.read_text()]

# ---- presets ----
bpy.ops.flamenco.preset_save(label="Mine, quick")
bpy.ops.flamenco.preset_save(label="Ours", share=True)
bpy.ops.flamenco.refresh()
settle()
told["presets"] = [text for _, text in draw(panels()["FLAMENCO_MT_presets"])]
manager.flamenco_priority = 99
bpy.ops.flamenco.preset_apply(name="ours", shared=True)
told["applied"] = [manager.flamenco_priority, manager.flamenco_name]
told["preset shown"] = main(shown())
bpy.ops.flamenco.preset_delete(name="ours", shared=True)
bpy.ops.flamenco.preset_delete(name="mine-quick", shared=False)
bpy.ops.flamenco.refresh()
settle()
told["no presets"] = [text for _, text in draw(panels()["FLAMENCO_MT_presets"])]
try:
    bpy.ops.flamenco.preset_apply(name="ours", shared=True)
except RuntimeError as error:
    told["gone preset"] = str(error)

# ---- jobs and findings ----
state.jobs.refresh()
settle()
told["jobs"] = [text for _, text in draw(panels()["FLAMENCO_PT_jobs"])]
for job in state.jobs.jobs:
    state.jobs.select(job.id)
    state.jobs.ask_anew()
    settle()
    told[f"job {job.state}"] = [text for _, text in draw(panels()["FLAMENCO_PT_jobs"])]
bpy.ops.flamenco.check()
told["findings"] = [text for _, text in draw(panels()["FLAMENCO_PT_findings"])]

# ---- the farm goes away ----
good = state.account
state.account = type(good)("http://127.0.0.1:1", good.token)
bpy.ops.flamenco.refresh()
settle()
told["away"] = main(shown())
state.account = good
bpy.ops.flamenco.refresh()
settle()
told["back"] = state.connection.value

# ---- a hostile server ----
before = set(flamenco_names())
state.account = type(good)(HOSTILE, good.token)
bpy.ops.flamenco.refresh()
settle()
told["hostile"] = state.connection.value
told["hostile types"] = len(state.catalogue.job_types)
hostile_names = [name for name in flamenco_names() if name not in before]
told["hostile names"] = hostile_names
manager = bpy.context.window_manager
drawn = 0
state.jobs.ask_anew()
settle()
told["hostile jobs"] = len(state.jobs.jobs)
for job in state.jobs.jobs:
    state.jobs.select(job.id)
    drawn += len(texts({"jobs": draw(panels()["FLAMENCO_PT_jobs"])}))
for job_type in state.catalogue.job_types:
    state.choose("job_type", job_type.name)
    drawn += len(texts(shown()))
    for field in job_type.fields:
        name = form_props.property_name(job_type, field)
        if name:
            getattr(manager, name)
told["hostile drawn"] = drawn
told["not registered"] = [
    f"{each.name} {field}"
    for each in state.catalogue.job_types
    for field in each.fields
    if not form_props.property_name(each, field)
]
told["declared"] = sum(len(each.fields) for each in state.catalogue.job_types)
state.choose("job_type", "gone type")
told["gone type"] = main(shown())
state.choose("job_type", None)
state.account = good
bpy.ops.flamenco.refresh()
settle()
told["names after"] = sorted(set(flamenco_names()) ^ before)

# ---- a fault of ours ----
drawing = importlib.import_module(f"{MODULE}.ui.drawing")
before = list(faults)


class Broken:
    """A panel that cannot be drawn."""

    draw = drawing.guarded(lambda layout, context: layout.nothing)


told["broken"] = [text for _ in range(3) for _, text in draw(Broken)]
told["told once"] = len(faults) - len(before)
faults[:] = before

# ---- a key that nobody else has ----
told["key"] = []
data = Path(bpy.utils.system_resource("SCRIPTS")) / "presets" / "keyconfig" / "keymap_data"
menus = importlib.import_module(f"{MODULE}.ui.menus")
for name in ("blender_default", "industry_compatible_data"):
    spec = importlib.util.spec_from_file_location(name, data / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parameters = (
        [module.Params()] if name == "industry_compatible_data" else [module.Params(), module.Params(legacy=True)]
    )
    for each in parameters:
        for keymap, _, content in module.generate_keymaps(each):
            for item in content["items"]:
                wanted = {name: value for name, value in menus.KEY.items() if name != "value"}
                if all(item[1].get(key) in (value, -1) for key, value in wanted.items()):
                    told["key"].append([name, keymap, item[0]])

# ---- signing out, and in again through the browser ----
from flamenco_client.api import Client  # noqa: E402

bpy.ops.flamenco.sign_out()
pages = []
importlib.import_module(f"{MODULE}.operators.sign_in").open_page = pages.append
manager = bpy.context.window_manager
manager.flamenco_address = FARM
bpy.ops.flamenco.sign_in_browser()
end = time.monotonic() + 60
while state.browser is None:
    assert time.monotonic() < end, "there is no code"
    state.background.pump()
    time.sleep(0.01)
told["page"] = [page == state.browser.url for page in pages]
told["waiting"] = main(shown())
Client(FARM, TOKEN).approve_sign_in(state.browser.user_code)
settle()
told["signed in by browser"] = [state.connection.value, state.account.token not in ("", TOKEN), kept.exists()]

# ---- signing out ----
bpy.ops.flamenco.sign_out()
told["signed out again"] = main(shown())
told["account is gone"] = not kept.exists()
told["faults"] = faults
told["names at the end"] = [name for name in flamenco_names() if "_setting_" in name]
print("PANEL " + json.dumps(told))
