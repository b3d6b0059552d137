"""What the scenes of the matrix are built of: a board before a camera that shows whatever the row is about, and small files."""

from __future__ import annotations

import contextlib
import struct
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

with contextlib.suppress(ImportError):  # the rows are read without Blender, too
    import bpy

WIDTH, HEIGHT = 32, 24
Color = tuple[float, float, float]


class Stage:
    """A scene in the making: its project's folder, and the common parts of scenes."""

    def __init__(self, folder: Path, media: Path) -> None:
        self.folder = folder
        self.media = media  # a movie and a sound, made once
        self.blend = folder / "shot.blend"
        self.kept = False  # saved and opened again
        self.before_rendering: Callable[[], None] = lambda: None  # what the artist does here, after it was sent
        self.alone: int | None = None  # the one frame that the artist renders here, if not all
        self.five = bpy.app.version >= (5, 0)

    # ---- the file ----

    def fresh(self) -> Any:
        """An empty scene of tiny pictures."""
        bpy.ops.wm.read_homefile(use_factory_startup=True, use_empty=True)
        scene = bpy.context.scene
        scene.frame_start = scene.frame_end = scene.frame_current = 1
        render = scene.render
        render.resolution_x, render.resolution_y, render.resolution_percentage = WIDTH, HEIGHT, 100
        render.filepath = "//renders/"
        scene.world = bpy.data.worlds.new("World")
        self.cycles(scene)
        return scene

    def save(self, path: Path | None = None) -> Path:
        """Save what is open, as the shot or as a library."""
        path = path or self.blend
        path.parent.mkdir(parents=True, exist_ok=True)
        bpy.ops.wm.save_as_mainfile(filepath=str(path))
        return path

    def keep(self) -> Any:
        """Save the shot and open it again: the scene as the artist finds it in the morning."""
        self.save()
        bpy.ops.wm.open_mainfile(filepath=str(self.blend))
        self.kept = True
        return bpy.context.scene

    def never_saved(self) -> None:
        """The artist has not saved this scene at all."""
        self.kept = True

    def mend(self, check: str) -> None:
        """Press the add-on's button at what a check of it found."""
        bpy.ops.flamenco.check()
        runtime = next(module for name, module in sys.modules.items() if name.endswith("flamenco_addon.runtime"))
        index = [finding.check for finding in runtime.current().findings].index(check)
        bpy.ops.flamenco.fix_finding(index=index)

    # ---- the scene ----

    def cycles(self, scene: Any, samples: int = 1) -> None:
        """The cheapest engine that shows what a file says."""
        scene.render.engine = "CYCLES"
        cycles = scene.cycles
        cycles.samples, cycles.max_bounces = samples, 2
        cycles.use_denoising = cycles.use_adaptive_sampling = False

    def camera(self, scene: Any, name: str = "Camera", x: float = 0.0, size: float = 2.0) -> Any:
        """Look down on the ground, orthographically, and make this the scene's camera."""
        camera = bpy.data.objects.new(name, bpy.data.cameras.new(name))
        camera.data.type, camera.data.ortho_scale = "ORTHO", size
        camera.location = (x, 0, 8)
        scene.collection.objects.link(camera)
        scene.camera = scene.camera or camera
        return camera

    def material(self, image: Any = None, color: Color = (0.8, 0.3, 0.1), name: str = "Paint") -> Any:
        """A material that shines with a picture, or in a color."""
        material = bpy.data.materials.new(name)
        if not self.five:
            material.use_nodes = True
        nodes, links = material.node_tree.nodes, material.node_tree.links
        nodes.clear()
        shine, out = nodes.new("ShaderNodeEmission"), nodes.new("ShaderNodeOutputMaterial")
        links.new(shine.outputs[0], out.inputs["Surface"])
        shine.inputs["Color"].default_value = (*color, 1)
        if image is not None:
            texture = nodes.new("ShaderNodeTexImage")
            texture.image, texture.interpolation = image, "Closest"
            links.new(texture.outputs["Color"], shine.inputs["Color"])
        return material

    def board(self, image: Any = None, name: str = "Board", **more: Any) -> Any:
        """A board that fills the picture, with an image on it, or in a color."""
        bpy.ops.mesh.primitive_plane_add(size=1)
        board = bpy.context.object
        board.name, board.scale = name, (2, 1.5, 1)
        board.data.materials.append(self.material(image, **more))
        return board

    def cube(self, name: str = "Cube", size: float = 0.6, at: Iterable[float] = (0, 0, 0), **more: Any) -> Any:
        """A small shining cube."""
        bpy.ops.mesh.primitive_cube_add(size=size, location=tuple(at))
        cube = bpy.context.object
        cube.name = name
        cube.data.materials.append(self.material(**more))
        return cube

    def sun(self, scene: Any) -> None:
        """A light for materials that do not shine."""
        light = bpy.data.objects.new("Sun", bpy.data.lights.new("Sun", "SUN"))
        light.data.energy, light.rotation_euler = 3, (0.6, 0.3, 0)
        scene.collection.objects.link(light)

    def simple(self) -> Any:
        """A board in steps of color and a cube on it: something in every pixel."""
        scene = self.fresh()
        self.camera(scene)
        self.board(self.packed("steps"))
        self.cube(at=(0.2, 0.1, 1), color=(0.1, 0.2, 0.9))
        return scene

    def moving(self) -> Any:
        """The same; the cube moves in frames 1 to 4."""
        scene = self.simple()
        cube = scene.objects["Cube"]
        for frame, x in ((1, -0.7), (4, 0.7)):
            cube.location.x = x
            cube.keyframe_insert("location", frame=frame)
        scene.frame_end = 3
        return scene

    def format(self, scene: Any, name: str, depth: str = "", mode: str = "") -> None:
        """Choose what pictures are written."""
        image = scene.render.image_settings
        if hasattr(image, "media_type"):
            image.media_type = {"OPEN_EXR_MULTILAYER": "MULTI_LAYER_IMAGE", "FFMPEG": "VIDEO"}.get(name, "IMAGE")
        image.file_format = name
        if mode:
            image.color_mode = mode
        if depth:
            image.color_depth = depth

    def compositor(self, scene: Any) -> tuple[Any, Any, Any]:
        """An own compositor: its tree, the socket of the rendered picture and that of the result."""
        if self.five:
            tree = scene.compositing_node_group = bpy.data.node_groups.new("Comp", "CompositorNodeTree")
            tree.interface.new_socket("Image", in_out="OUTPUT", socket_type="NodeSocketColor")
            result = tree.nodes.new("NodeGroupOutput")
        else:
            scene.use_nodes = True
            tree = scene.node_tree
            tree.nodes.clear()
            result = tree.nodes.new("CompositorNodeComposite")
        layers = tree.nodes.new("CompositorNodeRLayers")
        layers.scene = scene
        return tree, layers.outputs["Image"], result.inputs[0]

    # ---- files ----

    def picture(self, path: Path, turn: int = 0) -> Path:
        """A PNG of steps of color, another one for each `turn`."""
        return png(path, lambda x, y: steps(x, y, turn))

    def image(self, path: Path, turn: int = 0) -> Any:
        """Load such a picture, by its path relative to the file that is open, or else by its absolute path."""
        return self.load(self.picture(path, turn))

    def load(self, path: Path) -> Any:
        """Load a picture."""
        return bpy.data.images.load(str(path))

    def packed(self, name: str, turn: int = 0) -> Any:
        """A picture inside of the .blend."""
        image = bpy.data.images.new(name, 8, 6)
        image.pixels = [value / 255 for y in range(6) for x in range(8) for value in (*steps(x, 5 - y, turn), 255)]
        image.pack()
        return image


def steps(x: int, y: int, turn: int = 0) -> tuple[int, int, int]:
    """Color of a pixel of the test picture: no two of its 8 by 6 are the same, and no turn is like another."""
    return (30 * x + 10, 40 * y + 15, (90 * turn + 13 * (x + y)) % 256)


def png(path: Path, color: Callable[[int, int], tuple[int, int, int]], width: int = 8, height: int = 6) -> Path:
    """Write a PNG, without leaving a data-block in the file that is open."""

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    lines = b"".join(b"\0" + bytes(v for x in range(width) for v in color(x, y)) for y in range(height))
    path.parent.mkdir(parents=True, exist_ok=True)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    path.write_bytes(
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")
    )
    return path
