"""Add-ons, scripts and drivers."""

from __future__ import annotations

import math

import bpy

from .stage import OwnNode, add_object, case, choose, farm, fine, forget_all, fresh, listening, textured


def plain_node() -> None:
    fresh()
    textured(None)


@case("addons", plain_node)
def node_of_addon() -> None:
    fresh()
    bpy.utils.register_class(OwnNode)
    textured(None)
    bpy.data.materials["Paint"].node_tree.nodes.new("OwnNode")


@case("addons", plain_node)
def node_unknown() -> None:
    node_of_addon()
    bpy.ops.wm.save_mainfile()
    file = bpy.data.filepath
    forget_all()
    bpy.ops.wm.open_mainfile(filepath=file)


@case("addons", fine)
def addon_listens() -> None:
    fresh()
    bpy.app.handlers.frame_change_pre.append(listening)


def script(register: bool) -> None:
    fresh()
    text = bpy.data.texts.new("rig.py")
    text.write("import bpy\ndef wave(x): return x\nbpy.app.driver_namespace['wave'] = wave\n")
    text.use_module = register


def script_of_trusted_project() -> None:
    script(True)
    farm(projects=("film",), scripts_allowed=frozenset({"film"}))
    choose(project="film")


@case("scripts", script_of_trusted_project)
def script_registers() -> None:
    script(True)


def driven(expression: str) -> None:
    thing = add_object("Driven")
    driver = thing.driver_add("location", 0).driver
    driver.expression = expression


def plain_driver() -> None:
    fresh()
    driven("sin(frame / 10) + max([1, 2])")


@case("drivers", plain_driver)
def driver_with_function() -> None:
    fresh()
    bpy.app.driver_namespace["wave"] = math.sin
    driven("wave(frame)")


def trusted_driver() -> None:
    script_of_trusted_project()
    driven("wave(frame)")


@case("drivers", trusted_driver)
def driver_with_attribute() -> None:
    fresh()
    driven("bpy.context.scene.frame_current")
