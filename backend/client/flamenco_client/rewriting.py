"""A copy of a .blend with some of its paths written anew; all other bytes are the same, and so is its compression."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from flamenco_client.errors import LocalFault
from flamenco_client.listing import Change
from flamenco_client.progress import Progress
from flamenco_client.usages import NamesUsage, StringUsage

try:
    import zstandard
except ImportError:  # the copy is then not compressed, which every Blender reads as well
    zstandard = None  # type: ignore[assignment]

BLOCK = 1024 * 1024
LEVEL = 3  # of compression, as Blender's own


@dataclass(frozen=True)
class Splice:
    """Bytes that replace others."""

    start: int
    length: int
    data: bytes


def rewrite(bfile: Any, changes: Iterable[Change], target: Path, progress: Progress) -> None:
    """Write a copy of an open file with its paths changed. Raises `LocalFault` for a path that has no room."""
    splices = {splice.start: splice for change in changes for splice in splices_of(bfile, change)}
    with _output(target, compressed=bfile.is_compressed) as out:
        for block in spliced(bfile.fileobj, [splices[start] for start in sorted(splices)]):
            progress.check()
            out.write(block)


def splices_of(bfile: Any, change: Change) -> Iterator[Splice]:
    """What has to be written for a change."""
    usage = change.usage
    if isinstance(usage, StringUsage):
        yield from _string_splices(bfile, usage.string, change.path + b"\0")
        return
    field: Any = usage.path_dir_field if isinstance(usage, NamesUsage) else usage.path_full_field
    if len(change.path) >= field.size:
        raise LocalFault(
            f"{bfile.filepath} has no room for the path {change.path.decode('utf-8', 'replace')}: "
            f"it may have {field.size - 1} bytes; move the file into the project, or shorten its folders' names"
        )
    yield Splice(usage.block.file_offset + field.offset, field.size, change.path.ljust(field.size, b"\0"))


def _string_splices(bfile: Any, string: Any, data: bytes) -> Iterator[Splice]:
    """A block of its own grows as it has to: its header tells the size."""
    data += b"\0" * max(0, string.size - len(data))
    data += b"\0" * (-len(data) % 4)  # blocks are whole words
    header = bfile.block_header_struct
    start = string.file_offset - header.size
    bfile.fileobj.seek(start)
    was = bfile.block_header_fields(*header.unpack(bfile.fileobj.read(header.size)))
    grown = dataclasses.replace(was, len=len(data), nr=len(data) if was.nr == was.len else was.nr)
    yield Splice(start, header.size, header.pack(*dataclasses.astuple(grown)))
    yield Splice(string.file_offset, string.size, data)


def spliced(source: IO[bytes], splices: Iterable[Splice]) -> Iterator[bytes]:
    """The bytes of a file with some replaced; the splices are in order and do not overlap."""
    at = 0
    for splice in splices:
        yield from _span(source, at, splice.start)
        yield splice.data
        at = splice.start + splice.length
    yield from _span(source, at, None)


def _span(source: IO[bytes], start: int, end: int | None) -> Iterator[bytes]:
    source.seek(start)
    while end is None or start < end:
        block = source.read(BLOCK if end is None else min(BLOCK, end - start))
        if not block:
            return
        start += len(block)
        yield block


@contextlib.contextmanager
def _output(target: Path, *, compressed: bool) -> Iterator[Any]:
    with target.open("wb") as file:
        if not compressed or zstandard is None:
            yield file
            return
        with zstandard.ZstdCompressor(level=LEVEL).stream_writer(file, closefd=False) as packed:
            yield packed
