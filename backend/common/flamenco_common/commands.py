"""The typed commands that a worker carries out, as they stand in a step's template and in an assignment.

In a template a value may be a placeholder (see `templates`), and a path may begin with a variable such as
`{job}` or `{output}`; in an assignment everything is concrete for one worker's machine.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import msgspec


class FileSet(msgspec.Struct, frozen=True, omit_defaults=True):
    """Files that a command reads: explicit paths, or the outputs of an earlier step.

    The worker resolves `step` against the manifest of the task's files; `pattern` (fnmatch, on the path below
    the output folder) narrows it.
    """

    step: str = ""
    pattern: str = ""
    paths: list[str] = []

    def names(self, step: str, path: str) -> bool:
        """Whether that output of that step is among them."""
        if not step or step != self.step:
            return False
        return not self.pattern or any(fnmatchcase(each, self.pattern) for each in (path, path.rsplit("/", 1)[-1]))


class Tile(msgspec.Struct, frozen=True):
    """A part of a picture in whole pixels, x to the right, y up from the bottom; `x1`, `y1` are outside it."""

    x0: int
    y0: int
    x1: int
    y1: int
    width: int
    height: int


class SampleRange(msgspec.Struct, frozen=True):
    """`count` of the `total` Cycles samples of a picture, from `offset` on."""

    offset: int
    count: int
    total: int


class BlenderOpen(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """What every Blender command needs to bring the kept-open Blender to the right file and settings."""

    blend: str  # path of the .blend, below {job}
    blender: str = "{blender}"  # the executable, or the name of an embedded one
    scene: str = ""
    overrides: dict[str, Any] = {}  # named render settings, see `overrides`
    allow_missing: bool = False  # render although files are missing
    allow_scripts: bool = False  # run the scripts in the .blend


class BlenderRender(
    BlenderOpen, frozen=True, omit_defaults=True, kw_only=True, tag="blender.render", tag_field="command"
):
    """Render frames to `output` (#### stands for the frame number, no suffix: the format gives it)."""

    frames: str
    output: str
    format: str = ""  # Blender's file_format name; empty: the scene's own
    view_layers: list[str] = []  # empty: all that the scene renders
    split_view_layers: bool = False  # one file a view layer: #### and {layer} in `output`
    camera: str = ""
    tile: Tile | None = None
    samples: SampleRange | None = None
    skip_existing: bool = False
    sequencer: bool | None = None  # None: as the scene says


class BlenderBake(BlenderOpen, frozen=True, omit_defaults=True, kw_only=True, tag="blender.bake", tag_field="command"):
    """Bake one simulation and save the file with its cache as `output_blend`; the cache goes to `cache`."""

    simulation: str  # key "kind:object:name", e.g. "cloth:Flag:Cloth"; see scene source SIMULATIONS
    frames: str
    output_blend: str
    cache: str


class BlenderWriteImage(
    BlenderOpen, frozen=True, omit_defaults=True, kw_only=True, tag="blender.write_image", tag_field="command"
):
    """Write `image` (a scene-linear EXR) in the scene's own format and colour management to `output`."""

    image: FileSet
    output: str  # no suffix: the format gives it
    frame: int = 1


class BlenderMixdown(
    BlenderOpen, frozen=True, omit_defaults=True, kw_only=True, tag="blender.mixdown", tag_field="command"
):
    """Write the scene's sound for `frames` as one lossless audio file (FLAC or WAV by `output`'s suffix).

    A scene without sound writes nothing, and the command succeeds.
    """

    frames: str
    output: str


class FfmpegEncode(
    msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="ffmpeg.encode", tag_field="command"
):
    """Encode one picture a frame to a video; `frames` says which there must be."""

    inputs: FileSet
    output: str
    fps: float
    frames: str = ""  # empty: whatever is there, without a gap
    codec: str = "h264"  # h264, prores, vp9, av1
    hold_missing: bool = False  # repeat the last picture for a missing one
    sound: FileSet | None = None
    quality: str = "high"  # low, medium, high, lossless


class FfmpegConcat(
    msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="ffmpeg.concat", tag_field="command"
):
    """Join video chunks in path order without encoding again, and lay `sound` beneath."""

    inputs: FileSet
    output: str
    frame_count: int
    fps: float
    sound: FileSet | None = None


class MergeTiles(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag="image.merge_tiles",
    tag_field="command",
):
    """Put tile EXRs (their coordinates are in their outputs' names) together to one EXR with all passes."""

    inputs: FileSet
    output: str
    width: int
    height: int


class MergeSamples(
    msgspec.Struct,
    frozen=True,
    omit_defaults=True,
    kw_only=True,
    tag="image.merge_samples",
    tag_field="command",
):
    """Average EXRs of sample ranges, weighted by their sample counts, to one EXR with all passes."""

    inputs: FileSet
    output: str


class CopyFiles(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="files.copy", tag_field="command"):
    """Copy files into a folder."""

    inputs: FileSet
    target: str


class MoveFiles(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="files.move", tag_field="command"):
    """Move files into a folder."""

    inputs: FileSet
    target: str


class Exec(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True, tag="exec", tag_field="command"):
    """Run a program; refused unless the worker's own configuration allows that program."""

    program: str
    arguments: list[str] = []


Command = (
    BlenderRender
    | BlenderBake
    | BlenderWriteImage
    | BlenderMixdown
    | FfmpegEncode
    | FfmpegConcat
    | MergeTiles
    | MergeSamples
    | CopyFiles
    | MoveFiles
    | Exec
)

OVERRIDE_NAMES = (
    "engine", "samples", "resolution_x", "resolution_y", "resolution_percentage", "device", "denoise",
    "adaptive_sampling", "format", "color_depth", "color_mode", "quality", "exr_codec", "film_transparent",
    "motion_blur", "simplify", "simplify_subdivision", "persistent_data", "threads", "max_bounces",
    "fps", "use_compositing",
)  # fmt: skip
"""What a render-settings preset may override; the session driver knows how to apply each."""
