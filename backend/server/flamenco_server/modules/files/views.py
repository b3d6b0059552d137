"""Files in and out."""

from __future__ import annotations

import mimetypes
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from flamenco_common.documents import HashList
from flask import Flask, Response, current_app, request

from flamenco_server.context import Core, core
from flamenco_server.endpoints import Answered, Endpoints
from flamenco_server.errors import Invalid, TooLarge
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.files import service
from flamenco_server.modules.files.archive import staged_batches
from flamenco_server.modules.files.build import build_collector, build_store
from flamenco_server.modules.files.errors import UploadOffset
from flamenco_server.modules.files.garbage import Collector
from flamenco_server.modules.files.schemas import StoredFile
from flamenco_server.modules.files.sending import Entry, file_response, zip_response
from flamenco_server.modules.files.store import CHUNK, BlobStore, check_sha256
from flamenco_server.modules.files.uploads import Uploads

endpoint = Endpoints("files")
BINARY = "application/octet-stream"


@dataclass(frozen=True)
class Files:
    """The collaborators of this module, at `app.extensions["flamenco.files"]`."""

    store: BlobStore
    keeper: service.Keeper
    uploads: Uploads
    collector: Collector
    limit: int


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    store = build_store(core.config)
    limit = core.config.most_file_mb * 1024 * 1024
    app.extensions["flamenco.files"] = Files(
        store,
        service.Keeper(core.database, store, core.clock),
        Uploads(store, limit),
        build_collector(core.config, core.database, store, core.clock),
        limit,
    )


def files() -> Files:
    """The collaborators of the app that handles this request."""
    return cast(Files, current_app.extensions["flamenco.files"])


@endpoint("POST", "/files/missing", body=HashList, answer=HashList, role=Role.ARTIST, manager=True)
def missing(body: HashList) -> HashList:
    """Say which of these files the farm lacks."""
    for sha256 in body.sha256:
        check_sha256(sha256)
    return HashList(service.missing_now(core().database, body.sha256, core().clock()))


@endpoint(
    "POST", "/files/zip", body=HashList, role=Role.VIEWER, manager=True, raw_answer="application/zip", statuses=(404,)
)
def zip_files(body: HashList) -> Response:
    """Send files as one zip stream, stored, each entry named by its SHA-256."""
    wanted = list(dict.fromkeys(check_sha256(sha256) for sha256 in body.sha256))
    with core().database.reading() as session:
        sizes = service.all_sizes(session, wanted)
    return zip_response(files().store, [Entry(sha256, sha256, sizes[sha256]) for sha256 in wanted])


@endpoint(
    "POST", "/files/archive", answer=HashList, role=Role.ARTIST, manager=True,
    raw_body="application/x-tar", statuses=(413, 422, 507),
)  # fmt: skip
def put_archive() -> HashList:
    """Take many small files in one tar stream, each entry named by its SHA-256; answer what was stored."""
    stored: list[str] = []
    for batch in staged_batches(files().store, request.stream, files().limit):
        files().keeper.keep(batch)
        stored += [entry.sha256 for entry in batch]
    return HashList(stored)


@endpoint(
    "GET", "/files/<sha256>", role=Role.VIEWER, manager=True, raw_answer=BINARY, statuses=(206, 304, 404, 416)
)  # fmt: skip
def get_file(sha256: str) -> Response:
    """Send one file, or the range of it that was asked for."""
    return send(check_sha256(sha256))


def send(sha256: str, name: str = "") -> Response:
    """A file of the farm as an answer, typed by the ending of `name` if it has one."""
    with core().database.reading() as session:
        size = service.all_sizes(session, [sha256])[sha256]
    kind = mimetypes.guess_type(name)[0] or BINARY
    return file_response(files().store, sha256, size, kind, name.rsplit("/", 1)[-1])


@endpoint(
    "PUT", "/files/<sha256>", answer=StoredFile, status=201, role=Role.ARTIST, manager=True,
    raw_body=BINARY, statuses=(200, 413, 422, 507),
)  # fmt: skip
def put_file(sha256: str) -> Answered:
    """Take one file; 201, or 200 if the farm had it already."""
    check_sha256(sha256)
    check_length(request.content_length or 0)
    with core().database.reading() as session:
        size = service.sizes(session, [sha256]).get(sha256)
    # The store is asked too, so that bytes that were lost there can be sent again.
    lacking = size is None or service.missing_now(core().database, [sha256], core().clock())
    if size is not None and not lacking and files().store.has(sha256):
        drain()
        return Answered(StoredFile(sha256, size), 200)
    staged = files().store.stage(sha256, body_chunks(), files().limit)
    fresh = files().keeper.keep([staged])
    return Answered(StoredFile(sha256, staged.size), 201 if fresh else 200)


@endpoint("HEAD", "/uploads/<sha256>", role=Role.ARTIST, manager=True)
def upload_offset(sha256: str) -> Response:
    """Say in `Upload-Offset` how many bytes of an unfinished upload are there; `Upload-Length` if it is whole."""
    check_sha256(sha256)
    with core().database.reading() as session:
        size = service.sizes(session, [sha256]).get(sha256)
    answer = Response(status=200, headers={"Cache-Control": "no-store"})
    answer.headers["Upload-Offset"] = str(files().uploads.offset(sha256) if size is None else size)
    if size is not None:
        answer.headers["Upload-Length"] = str(size)
    return answer


@endpoint(
    "PATCH", "/uploads/<sha256>", role=Role.ARTIST, manager=True, status=204,
    raw_body="application/offset+octet-stream", statuses=(201, 409, 413, 422, 507),
)  # fmt: skip
def upload(sha256: str) -> Response:
    """Take the bytes of a large file from `Upload-Offset` on; 204, or 201 when all `Upload-Length` are there."""
    offset, length = header_number("Upload-Offset"), header_number("Upload-Length")
    try:
        staged = files().uploads.append(check_sha256(sha256), offset, length, body_chunks())
    except UploadOffset as error:
        answer = current_app.make_response(current_app.handle_user_exception(error))
        answer.headers["Upload-Offset"] = str(error.offset)
        return answer
    if staged is not None:
        files().keeper.keep([staged])
        return Response(status=201, headers={"Upload-Offset": str(length)})
    return Response(status=204, headers={"Upload-Offset": str(files().uploads.offset(sha256))})


def header_number(name: str) -> int:
    """A header that must be a whole number. Raises `Invalid`."""
    text = request.headers.get(name, "")
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Invalid(f"the header {name} must say a number of bytes, not {text[:40]!r}", name)
    return int(text)


def check_length(length: int) -> None:
    """Refuse a body that is too large before a byte of it is read."""
    if files().limit and length > files().limit:
        raise TooLarge(f"the file has {length} bytes; this server takes at most {files().limit}")


def body_chunks() -> Iterator[bytes]:
    """The request's body, in pieces."""
    while chunk := request.stream.read(CHUNK):
        yield chunk


def drain() -> None:
    """Read a body that is not needed, so that the client can finish sending it."""
    for _ in body_chunks():
        pass
