"""Cryptomatte passes of sample ranges, put together.

Each pixel holds ranks of (id, coverage), two a layer: r, g and b, a (Psyop's Cryptomatte specification 1.2). The mean of ids means
nothing: coverages are added up by id, and the greatest stay.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np

from flamenco_worker.media.exr import Pixels

_CHANNEL = re.compile(r"^(.*Crypto(?:Object|Material|Asset))(\d\d)\.([rgba])$", re.IGNORECASE)


def families(channels: Sequence[str]) -> dict[str, list[tuple[str, str]]]:
    """Each cryptomatte's ranks in order, as the names of the id's channel and the coverage's."""
    layers: dict[str, dict[tuple[str, str], str]] = defaultdict(dict)
    for name in channels:
        match = _CHANNEL.match(name)
        if match:
            layers[match[1]][match[2], match[3].lower()] = name
    return {
        family: [
            (named[number, first], named[number, second])
            for number in sorted({number for number, _ in named})
            for first, second in (("r", "g"), ("b", "a"))
            if (number, first) in named and (number, second) in named
        ]
        for family, named in layers.items()
    }


def merged(
    ranks: Sequence[tuple[str, str]], parts: Sequence[Mapping[str, Pixels]], weights: Sequence[float]
) -> dict[str, Pixels]:
    """The merged channels of one cryptomatte; `weights` are the parts' shares, one in all."""
    ids = np.stack([np.ascontiguousarray(part[name]).view(np.uint32) for part in parts for name, _ in ranks], axis=-1)
    cover = np.stack(
        [
            part[name].astype(np.float64) * weight
            for part, weight in zip(parts, weights, strict=True)
            for _, name in ranks
        ],
        axis=-1,
    )
    by_id = np.argsort(ids, axis=-1, kind="stable")
    ids, cover = np.take_along_axis(ids, by_id, -1), np.take_along_axis(cover, by_id, -1)
    for place in range(1, ids.shape[-1]):
        same = ids[..., place] == ids[..., place - 1]
        cover[..., place] += np.where(same, cover[..., place - 1], 0)
        cover[..., place - 1] = np.where(same, 0, cover[..., place - 1])
    by_cover = np.argsort(-cover, axis=-1, kind="stable")[..., : len(ranks)]
    ids, cover = np.take_along_axis(ids, by_cover, -1), np.take_along_axis(cover, by_cover, -1)
    ids = np.where(cover > 0, ids, 0).astype(np.uint32)
    channels: dict[str, Pixels] = {}
    for place, (id_name, cover_name) in enumerate(ranks):
        channels[id_name] = np.ascontiguousarray(ids[..., place]).view(np.float32)
        channels[cover_name] = cover[..., place].astype(np.float32)
    return channels
