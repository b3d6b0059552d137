"""Find again what a place names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .findings import Editor, Place

if TYPE_CHECKING:
    import bpy


def block_of(data: bpy.types.BlendData, place: Place) -> Any:
    """The data-block of a place; None if it is gone, or the place is none in the .blend."""
    if not place.collection or not place.name:
        return None
    blocks: Any = getattr(data, place.collection)
    if place.collection == "libraries":
        return blocks.get(place.name)
    try:
        return blocks[place.name, place.library or None]
    except KeyError:
        return None


def part_of(data: bpy.types.BlendData, place: Place) -> Any:
    """The node, modifier or strip of a place, else its data-block; None if it is gone."""
    block = block_of(data, place)
    if block is None or not place.part:
        return block
    if place.editor == Editor.SEQUENCER:
        from ..scene.values import strips  # needs bpy

        return next((strip for strip in strips(block) if strip.name == place.part), None)
    if place.editor in (Editor.SHADER, Editor.GEOMETRY, Editor.COMPOSITOR, Editor.TEXTURE):
        tree = tree_of(block)
        return tree.nodes.get(place.part) if tree is not None else None
    if place.collection == "objects" and place.editor in (Editor.PHYSICS, Editor.MODIFIER):
        return block.modifiers.get(place.part)
    return block


def tree_of(block: Any) -> Any:
    """The node tree of a data-block, or the block itself if it is one."""
    if hasattr(block, "nodes"):
        return block
    if getattr(block, "compositing_node_group", None) is not None:
        return block.compositing_node_group
    return getattr(block, "node_tree", None)


def set_path(owner: Any, path: str) -> None:
    """Give a data-block, modifier, node or strip another path."""
    if hasattr(owner, "elements"):  # an image strip
        owner.directory = path + "/"
    elif hasattr(owner, "filepath"):
        owner.filepath = path
    else:  # a node that imports
        owner.inputs[0].default_value = path
