"""Which handler carries out which command."""

from __future__ import annotations

from flamenco_common import commands as wire

from flamenco_worker.commands import blender, ffmpeg, files, image
from flamenco_worker.commands.base import Handlers

HANDLERS: Handlers = {
    wire.BlenderRender: blender.render,
    wire.BlenderBake: blender.bake,
    wire.BlenderWriteImage: blender.write_image,
    wire.BlenderMixdown: blender.mixdown,
    wire.FfmpegEncode: ffmpeg.encode,
    wire.FfmpegConcat: ffmpeg.concat,
    wire.MergeTiles: image.merge_tiles,
    wire.MergeSamples: image.merge_samples,
    wire.CopyFiles: files.copy_files,
    wire.MoveFiles: files.move_files,
    wire.Exec: files.run_program,
}
