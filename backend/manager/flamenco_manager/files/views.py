"""Files for workers, and from them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from contextlib import ExitStack

import msgspec
from flamenco_common.documents import HashList, TaskDocument, TaskFiles
from flask import Blueprint, Response, request, send_file
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from zipstream import ZipStream

from flamenco_manager.endpoints import answer, decoded, worker
from flamenco_manager.errors import ManagerError, NotFound, Unreachable
from flamenco_manager.files.cache import BLOCK, check_sha256
from flamenco_manager.files.fetching import Flight, batches
from flamenco_manager.site import Site, site
from flamenco_manager.workers.member import Member

_AT_ONCE = 4 << 20  # a larger file is sent on after its worker got its answer, which must not wait for a slow line
_log = logging.getLogger(__name__)
BINARY = "application/octet-stream"
blueprint = Blueprint("files", __name__)
_hashes = msgspec.json.Decoder(HashList)


@blueprint.get("/tasks/<int:task_id>/files")
def task_files(task_id: int) -> Response:
    """What a task of the calling worker needs."""
    return answer(_manifest(worker(), task_id))


@blueprint.post("/tasks/zip/<int:task_id>")
def task_zip(task_id: int) -> Response:
    """Some of a task's files as one zip stream, stored, each entry named by its hash."""
    member = worker()
    sizes = {file.sha256: file.size for file in _manifest(member, task_id).files}
    sent: HashList = decoded(_hashes)
    strangers = [sha256 for sha256 in sent.sha256 if sha256 not in sizes]
    if strangers:
        raise NotFound(f"the task {task_id} needs no file {strangers[0][:80]}")
    return _zipped(site(), member, {sha256: sizes[sha256] for sha256 in sent.sha256})


def _zipped(here: Site, member: Member, wanted: Mapping[str, int]) -> Response:
    """Files are fetched a batch at a time, when their turn in the stream comes."""
    parts = [{sha256: wanted[sha256] for sha256 in names} for names in batches(wanted)]
    stream = ZipStream(sized=True)
    for part in parts:
        for sha256, size in part.items():
            stream.add(_late(here, member, sha256, part), sha256, size=size)
    with ExitStack() as stack:
        stack.enter_context(here.cache.using(wanted))
        # The first files are here before the answer begins: what goes wrong with them can still be told.
        here.fetcher.ensure(parts[0] if parts else {}, lambda: here.heard_of(member))
        held = stack.pop_all()
    response = Response(iter(stream), content_type="application/zip")
    response.content_length = len(stream)
    response.call_on_close(held.close)
    return response


def _late(here: Site, member: Member, sha256: str, batch: Mapping[str, int]) -> Iterator[bytes]:
    """A file that is fetched and opened when its turn comes."""
    here.fetcher.ensure(batch, lambda: here.heard_of(member))
    with here.cache.path(sha256).open("rb") as source:
        while block := source.read(BLOCK):
            here.heard_of(member)
            yield block


@blueprint.get("/files/<sha256>")
def get_file(sha256: str) -> Response:
    """One file, or the range of it that was asked for; while it is fetched, its bytes as they come."""
    member = worker()
    here = site()
    path = here.cache.path(sha256)
    flight = here.fetcher.follow(sha256)
    if flight is None:
        return send_file(path, BINARY, conditional=True, etag=sha256, max_age=31_536_000)
    flight.wait_for_size()
    if flight.error is not None:
        raise flight.error
    if flight.size is None:
        return send_file(path, BINARY, conditional=True, etag=sha256, max_age=31_536_000)
    return _followed(here, member, sha256, flight, flight.size)


def _followed(here: Site, member: Member, sha256: str, flight: Flight, size: int) -> Response:
    """The file, or the end of it from an offset on."""
    start = 0
    asked = request.range
    if asked is not None and asked.units == "bytes" and len(asked.ranges) == 1 and asked.ranges[0][1] is None:
        start = asked.ranges[0][0]
        if not 0 <= start < size:
            raise RequestedRangeNotSatisfiable(length=size)

    def blocks() -> Iterator[bytes]:
        try:
            for block in here.fetcher.bytes_of(sha256, flight, start, size):
                here.heard_of(member)
                yield block
        except ManagerError as error:
            # The answer has begun: that it ends too early is all that can still be told.
            _log.warning("a file for %s was broken off: %s", member.id, error)

    response = Response(blocks(), 206 if start else 200, content_type=BINARY)
    response.content_length = size - start
    if start:
        response.headers["Content-Range"] = f"bytes {start}-{size - 1}/{size}"
    return response


@blueprint.post("/files/missing")
def missing() -> Response:
    """Those of these files that the site lacks."""
    worker()
    sent: HashList = decoded(_hashes)
    lacking = [sha256 for sha256 in sent.sha256 if not site().cache.has(check_sha256(sha256))]
    return answer(HashList(lacking))


@blueprint.put("/files/<sha256>")
def put_file(sha256: str) -> Response:
    """Take a file, and send it on to the server; while that is away, or the file is not small, it goes later.

    Only what goes later is pinned: the worker does not have its answer before a small one is there.
    """
    member = worker()
    check_sha256(sha256)
    here = site()
    with here.cache.using([sha256]):
        size = here.cache.put(sha256, _body(here, member), here.config.most_file_mb << 20)
        if size > _AT_ONCE or not _forwarded(here, sha256):
            here.pins.add({sha256: size})
            here.bell.ring()
    return Response(status=201)


def _forwarded(here: Site, sha256: str) -> bool:
    try:
        here.forwarder.forward(sha256)
    except Unreachable:
        return False
    return True


def _body(here: Site, member: Member) -> Iterator[bytes]:
    while block := request.stream.read(BLOCK):
        here.heard_of(member)
        yield block


def _manifest(member: Member, task_id: int) -> TaskFiles:
    return site().manifests.of(_task(member, task_id))


def _task(member: Member, task_id: int) -> TaskDocument:
    """The worker's open task. Raises `NotFound`."""
    run = site().book.task_of(member.id, task_id)
    if run is None:
        raise NotFound(f"this worker has no task {task_id}")
    return run.document
