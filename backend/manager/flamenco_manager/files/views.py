"""Files for workers, and from them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import msgspec
from flamenco_common.documents import HashList, TaskDocument, TaskFiles
from flask import Blueprint, Response, request, send_file
from zipstream import ZipStream

from flamenco_manager.endpoints import answer, decoded, worker
from flamenco_manager.errors import NotFound, Unreachable
from flamenco_manager.files.cache import BLOCK, FileCache, check_sha256
from flamenco_manager.files.fetching import UNKNOWN, batches
from flamenco_manager.files.forwarding import LARGE
from flamenco_manager.site import Site, site

blueprint = Blueprint("files", __name__)
_hashes = msgspec.json.Decoder(HashList)


@blueprint.get("/tasks/<int:task_id>/files")
def task_files(task_id: int) -> Response:
    """What a task of the calling worker needs."""
    return answer(_manifest(task_id))


@blueprint.post("/tasks/zip/<int:task_id>")
def task_zip(task_id: int) -> Response:
    """Some of a task's files as one zip stream, stored, each entry named by its hash."""
    sizes = {file.sha256: file.size for file in _manifest(task_id).files}
    sent: HashList = decoded(_hashes)
    strangers = [sha256 for sha256 in sent.sha256 if sha256 not in sizes]
    if strangers:
        raise NotFound(f"the task {task_id} needs no file {strangers[0][:80]}")
    wanted = {sha256: sizes[sha256] for sha256 in sent.sha256}
    here = site()
    stream = ZipStream(sized=True)
    for sha256, size in wanted.items():
        stream.add(_late(here.cache, sha256), sha256, size=size)
    # The first files are here before the answer begins: what goes wrong with them can still be told.
    parts = list(batches(wanted))
    if parts:
        here.fetcher.ensure({sha256: wanted[sha256] for sha256 in parts[0]})
    response = Response(_streamed(here, stream, wanted), content_type="application/zip")
    response.content_length = len(stream)
    return response


def _streamed(here: Site, stream: ZipStream, wanted: Mapping[str, int]) -> Iterator[bytes]:
    with here.cache.using(wanted):
        here.fetcher.ensure(wanted)
        yield from stream


def _late(cache: FileCache, sha256: str) -> Iterator[bytes]:
    """A file that is opened when its turn in the stream comes."""
    with cache.path(sha256).open("rb") as source:
        while block := source.read(BLOCK):
            yield block


@blueprint.get("/files/<sha256>")
def get_file(sha256: str) -> Response:
    """One file, or the range of it that was asked for."""
    worker()
    here = site()
    path = here.cache.path(sha256)
    with here.cache.using([sha256]):
        here.fetcher.ensure({sha256: UNKNOWN})
        return send_file(path, "application/octet-stream", conditional=True, etag=sha256, max_age=31_536_000)


@blueprint.post("/files/missing")
def missing() -> Response:
    """Those of these files that the site lacks."""
    worker()
    sent: HashList = decoded(_hashes)
    lacking = [sha256 for sha256 in sent.sha256 if not site().cache.has(check_sha256(sha256))]
    return answer(HashList(lacking))


@blueprint.put("/files/<sha256>")
def put_file(sha256: str) -> Response:
    """Take a file, and send it on to the server; while that is away, or the file is large, it goes later."""
    worker()
    check_sha256(sha256)
    here = site()
    with here.cache.using([sha256]):
        size = here.cache.put(sha256, _body(), here.config.most_file_mb << 20)
        here.pins.add({sha256: size})
    if size < LARGE:
        try:
            here.forwarder.forward(sha256)
        except Unreachable:
            here.bell.ring()
    else:
        here.bell.ring()
    return Response(status=201)


def _body() -> Iterator[bytes]:
    while block := request.stream.read(BLOCK):
        yield block


def _manifest(task_id: int) -> TaskFiles:
    return site().manifests.of(_task(task_id))


def _task(task_id: int) -> TaskDocument:
    """The calling worker's open task. Raises `NotFound`."""
    run = site().book.task_of(worker().id, task_id)
    if run is None:
        raise NotFound(f"this worker has no task {task_id}")
    return run.document
