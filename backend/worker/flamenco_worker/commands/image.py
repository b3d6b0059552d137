"""Parts of a still to one EXR: tiles put side by side, ranges of samples averaged.

Tiles keep every bit of every channel: where the scene asks for a lossy compression the merged file is compressed with ZIP,
since what is merged here is written in the scene's own format afterwards, once.

Sample ranges become their mean, weighted by their sample counts and computed in double precision, except
- depth and the object and material index, which Cycles takes from the first sample: taken from the range with offset 0;
- the count of samples: added up;
- cryptomatte: coverages added up by id (see `media.cryptomatte`).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import OpenEXR
from flamenco_common.commands import MergeSamples, MergeTiles

from flamenco_worker.commands.base import CommandContext, Made
from flamenco_worker.commands.image_parts import Piece, check_alike, piece
from flamenco_worker.errors import CommandFailed
from flamenco_worker.media import cryptomatte
from flamenco_worker.media.exr import Part, Pixels, write

_LOSSLESS = (
    OpenEXR.NO_COMPRESSION,
    OpenEXR.RLE_COMPRESSION,
    OpenEXR.ZIPS_COMPRESSION,
    OpenEXR.ZIP_COMPRESSION,
    OpenEXR.PIZ_COMPRESSION,
)
_FIRST_SAMPLE = re.compile(r"(^|\.)(Depth|IndexOB|IndexMA)\.[A-Za-z]+$|^Z$")
_SUMMED = re.compile(r"(^|\.)Debug Sample Count\.[A-Za-z]+$")
_SAMPLES_SAID = re.compile(r"^cycles\..*\.samples$")


# ---- tiles ----


def merge_tiles(command: MergeTiles, context: CommandContext) -> None:
    """Put tiles together to a picture of `width` x `height`. Raises `CommandFailed` naming the tile that does not fit."""
    root, path = context.relative(command.output)
    tiles = [piece(file) for _, file in context.resolve(command.inputs)]
    _check_tiles(tiles, command.width, command.height)
    canvas: list[Part] = []
    for number, tile in enumerate(tiles):
        context.check_cancelled()
        context.reporter.progress(number / len(tiles), f"tile {number + 1} of {len(tiles)}")
        parts = tile.read()
        canvas = canvas or [_blank(part, command.width, command.height) for part in parts]
        check_alike(tiles[0], canvas, tile, parts)
        _paste(tile, parts, canvas, command.height)
    _hand_over(canvas, root, path, context)


def _check_tiles(tiles: Sequence[Piece], width: int, height: int) -> None:
    if not tiles:
        raise CommandFailed("there is no tile to merge")
    covered = np.zeros((height, width), dtype=bool)
    for tile in tiles:
        if tile.box is None:
            raise CommandFailed(f"{tile.name} does not say in its name which tile it is")
        if tile.samples is not None:
            raise CommandFailed(f"{tile.name} is a range of samples: those are merged before tiles")
        if tile.base != tiles[0].base:
            raise CommandFailed(f"{tile.name} and {tiles[0].name} are tiles of different pictures")
        x0, x1, y0, y1 = tile.box
        if not (0 <= x0 < x1 <= width and 0 <= y0 < y1 <= height):
            raise CommandFailed(f"the tile {tile.name} is not inside the picture of {width}x{height} pixels")
        if covered[y0:y1, x0:x1].any():
            raise CommandFailed(f"the tile {tile.name} overlaps another")
        covered[y0:y1, x0:x1] = True
    if not covered.all():
        y, x = np.argwhere(~covered)[0]
        raise CommandFailed(f"no tile covers the pixel {x},{y}: {int((~covered).sum())} pixels are missing")


def _blank(part: Part, width: int, height: int) -> Part:
    whole = (np.array([0, 0], np.int32), np.array([width - 1, height - 1], np.int32))
    header = {**part.header, "dataWindow": whole, "displayWindow": whole}
    if header.get("compression") not in _LOSSLESS:
        header["compression"] = OpenEXR.ZIP_COMPRESSION
    return Part(header, {name: np.zeros((height, width), pixels.dtype) for name, pixels in part.channels.items()})


def _paste(tile: Piece, parts: list[Part], canvas: list[Part], height: int) -> None:
    assert tile.box is not None
    x0, x1, y0, y1 = tile.box
    for part, whole in zip(parts, canvas, strict=True):
        for name, pixels in part.channels.items():
            whole.channels[name][height - y1 : height - y0, x0:x1] = pixels


# ---- sample ranges ----


def merge_samples(command: MergeSamples, context: CommandContext) -> None:
    """Average the ranges of each picture or tile; several of them are told apart by their boxes in the outputs' names."""
    root, path = context.relative(command.output)
    pieces = sorted(
        (piece(file) for _, file in context.resolve(command.inputs)), key=lambda each: (each.base, each.suffix)
    )
    groups = [list(group) for _, group in itertools.groupby(pieces, key=lambda each: (each.base, each.suffix))]
    if not groups:
        raise CommandFailed("there is no range of samples to merge")
    targets = _targets(groups, Path(path))
    for number, (group, target) in enumerate(zip(groups, targets, strict=True)):
        context.check_cancelled()
        context.reporter.progress(number / len(groups), f"picture {number + 1} of {len(groups)}")
        _hand_over(_mean(_in_order(group), context), root, target, context)


def _targets(groups: Sequence[Sequence[Piece]], path: Path) -> list[str]:
    """Each group's output: the box of a tile stays in its name."""
    suffixes = [group[0].suffix for group in groups]
    if len(set(suffixes)) < len(groups):
        raise CommandFailed(f"{groups[0][0].name} and {groups[-1][0].name} are ranges of different pictures")
    stems = [path.stem if path.stem.endswith(suffix) else path.stem + suffix for suffix in suffixes]
    return [path.with_name(f"{stem}{path.suffix or '.exr'}").as_posix() for stem in stems]


def _in_order(group: Sequence[Piece]) -> list[tuple[Piece, int]]:
    """The ranges by offset, with their counts. Raises `CommandFailed` unless they are the whole."""
    ranges = []
    for each in group:
        if each.samples is None or each.samples.count < 1:
            raise CommandFailed(f"{each.name} does not say in its name which samples it holds")
        ranges.append((each, each.samples))
    ranges.sort(key=lambda pair: pair[1].offset)
    total, reached = ranges[0][1].total, 0
    for each, samples in ranges:
        if samples.total != total:
            raise CommandFailed(f"{each.name} is of another number of samples than {ranges[0][0].name}")
        if samples.offset < reached:
            raise CommandFailed(f"{each.name} overlaps another range")
        if samples.offset > reached:
            raise CommandFailed(f"samples {reached} to {samples.offset - 1} are missing before {each.name}")
        reached += samples.count
    if reached < total:
        raise CommandFailed(f"samples {reached} to {total - 1} of {group[0].base} are missing")
    return [(each, samples.count) for each, samples in ranges]


def _mean(ranges: Sequence[tuple[Piece, int]], context: CommandContext) -> list[Part]:
    first = ranges[0][0]
    read = []
    for each, _ in ranges:
        context.check_cancelled()
        read.append(each.read())
        check_alike(first, read[0], each, read[-1])
        _check_same_size(first, read[0], each, read[-1])
    counts = [count for _, count in ranges]
    return [_mean_part([parts[number] for parts in read], counts) for number in range(len(read[0]))]


def _check_same_size(first: Piece, one: list[Part], other: Piece, two: list[Part]) -> None:
    for part, match in zip(one, two, strict=True):
        if part.size != match.size:
            raise CommandFailed(
                f"{other.name} is {match.size[0]}x{match.size[1]} pixels, but {first.name} is {part.size[0]}x{part.size[1]}"
            )


def _mean_part(parts: Sequence[Part], counts: Sequence[int]) -> Part:
    total = sum(counts)
    channels = [part.channels for part in parts]
    merged: dict[str, Pixels] = {}
    for ranks in cryptomatte.families(list(channels[0])).values():
        merged.update(cryptomatte.merged(ranks, channels, [count / total for count in counts]))
    for name in channels[0]:
        if name not in merged:
            merged[name] = _mean_channel(name, channels, counts)
    header: dict[str, Any] = {
        name: str(total) if _SAMPLES_SAID.match(name) else value for name, value in parts[0].header.items()
    }
    if header.get("compression") not in _LOSSLESS:
        header["compression"] = OpenEXR.ZIP_COMPRESSION
    return Part(header, {name: merged[name] for name in channels[0]})


def _mean_channel(name: str, parts: Sequence[Mapping[str, Pixels]], counts: Sequence[int]) -> Pixels:
    if _FIRST_SAMPLE.search(name):
        return parts[0][name].astype(np.float32)
    weights = [1.0] * len(counts) if _SUMMED.search(name) else [count / sum(counts) for count in counts]
    mean = np.zeros(parts[0][name].shape, np.float64)
    for part, weight in zip(parts, weights, strict=True):
        mean += part[name].astype(np.float64) * weight
    return mean.astype(np.float32)


def _hand_over(parts: list[Part], root: str, path: str, context: CommandContext) -> None:
    target = context.fresh(path)
    write(target, parts)
    width, height = parts[0].size
    kind = "tile" if piece(target).box else "image"
    context.reporter.output(Made(target, path, root, kind=kind, width=width, height=height))
