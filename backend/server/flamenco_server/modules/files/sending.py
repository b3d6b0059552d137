"""Bytes going out: one file with ranges, or many as one zip stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from flask import Response, request
from werkzeug.datastructures import Range
from zipstream import ZipStream

from flamenco_server.errors import Problem, problem_response
from flamenco_server.modules.files.store import BlobStore

# The bytes behind a hash never change.
CACHE = "private, max-age=31536000, immutable"


@dataclass(frozen=True)
class Entry:
    """A blob and its name in a zip."""

    name: str
    sha256: str
    size: int


def file_response(
    store: BlobStore, sha256: str, size: int, content_type: str = "application/octet-stream", name: str = ""
) -> Response:
    """Answer a request for one file; understands `Range`, `If-Range` and `If-None-Match`."""
    if request.if_none_match.contains(sha256):
        return _headed(Response(status=304), sha256)
    asked = request.range
    if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or not _range_counts(sha256):
        answer = Response(store.read(sha256), 200, content_type=content_type)
        answer.content_length = size
    elif (part := _part(asked, size)) is None:
        answer = problem_response(Problem("No such range", 416, f"the file has {size} bytes, there is no such range"))
        answer.headers["Content-Range"] = f"bytes */{size}"
        return answer
    else:
        answer = Response(store.read(sha256, *part), 206, content_type=content_type)
        answer.content_length = part[1] - part[0]
        answer.headers["Content-Range"] = f"bytes {part[0]}-{part[1] - 1}/{size}"
    if name:
        answer.headers.set("Content-Disposition", "inline", filename=name)
    return _headed(answer, sha256)


def _part(asked: Range, size: int) -> tuple[int, int] | None:
    """From where to where (outside) the one range goes; None if there is nothing of it."""
    first, stop = asked.ranges[0]
    # "The last N bytes" (a negative start) of a shorter file is the whole of it.
    start = max(0, size + first) if first < 0 else first
    end = size if stop is None else min(stop, size)
    return (start, end) if start < end else None


def _range_counts(sha256: str) -> bool:
    """Whether the client's `If-Range`, if there is one, names these bytes."""
    return not request.if_range.etag or request.if_range.etag == sha256


def _headed(answer: Response, sha256: str) -> Response:
    answer.set_etag(sha256)
    answer.headers["Accept-Ranges"] = "bytes"
    answer.headers["Cache-Control"] = CACHE
    # An artist's file must never run as a page of ours.
    answer.headers["X-Content-Type-Options"] = "nosniff"
    answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def zip_response(store: BlobStore, entries: Iterable[Entry], name: str = "") -> Response:
    """One zip stream of stored (not deflated) entries; its length is known before."""
    stream = ZipStream(sized=True)
    for entry in entries:
        stream.add(_read_late(store, entry.sha256), entry.name, size=entry.size)
    answer = Response(iter(stream), content_type="application/zip")
    answer.content_length = len(stream)
    if name:
        answer.headers.set("Content-Disposition", "attachment", filename=name)
    return answer


def _read_late(store: BlobStore, sha256: str) -> Iterator[bytes]:
    """A blob that is opened when its turn in the stream comes."""
    yield from store.read(sha256)
