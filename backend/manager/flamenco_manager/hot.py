"""The two calls that come all the time, `GET /generate` and `PATCH /tasks`, as plain WSGI before the Flask app.

Measured with 50 workers, Flask took more of these calls' time than the work itself. Everything else, errors included, is the same
as in the Flask app: an error becomes the same problem document.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qs

import msgspec
from flamenco_common.documents import RunUpdate, UpdateAnswer, WorkerOrders

from flamenco_manager.errors import ManagerError, TooLarge, problem, unexpected
from flamenco_manager.reading import bearer_of, decode
from flamenco_manager.site import Site
from flamenco_manager.workers.member import Member

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Wsgi = Callable[[Environ, StartResponse], Iterable[bytes]]
ORDERS = "Flamenco-Orders"
_updates = msgspec.json.Decoder(list[RunUpdate])
_encode = msgspec.json.Encoder().encode


class Hot:
    """Serves the hot calls itself, and hands all others on to `rest`."""

    def __init__(self, site: Site, rest: Wsgi) -> None:
        self._site = site
        self._rest = rest
        self._calls = {("GET", "/generate"): self._generate, ("PATCH", "/tasks"): self._report}

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        call = self._calls.get((environ["REQUEST_METHOD"], environ["PATH_INFO"]))
        if call is None:
            return self._rest(environ, start_response)
        try:
            return call(environ, start_response)
        except ManagerError as error:
            return problem(error)(environ, start_response)
        except Exception as error:
            return unexpected(error)(environ, start_response)

    def _worker(self, environ: Environ) -> Member:
        member = self._site.fleet.by_token(bearer_of(environ.get("HTTP_AUTHORIZATION", "")))
        member.last_seen = self._site.ticks()
        return member

    def _generate(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """A run that the worker owns and does not list in `have`, else a newly claimed one; 204: nothing to do."""
        member = self._worker(environ)
        self._site.watch.look()
        have = {run_id for text in parse_qs(environ["QUERY_STRING"]).get("have", ()) for run_id in text.split(",")}
        found, orders = self._site.handing.next(member, have)
        if found is None:
            return _answer(start_response, "204 No Content", b"", orders)
        return _answer(start_response, "200 OK", _encode(found), orders)

    def _report(self, environ: Environ, start_response: StartResponse) -> list[bytes]:
        """Take reports on runs."""
        member = self._worker(environ)
        sent: list[RunUpdate] = decode(_updates, _body(environ, self._site.config.most_body_mb << 20))
        self._site.watch.look()
        results = self._site.reports.send(member.id, sent)
        return _answer(start_response, "200 OK", _encode(UpdateAnswer(results, self._site.ordering.of(member))))


def _body(environ: Environ, most: int) -> bytes:
    """The body. Raises `TooLarge`."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    if length > most:
        raise TooLarge(f"the body has more than {most >> 20} MB")
    body: bytes = environ["wsgi.input"].read(length)
    return body


def _answer(start_response: StartResponse, status: str, body: bytes, orders: WorkerOrders | None = None) -> list[bytes]:
    headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))] if body else []
    if orders is not None:
        headers.append((ORDERS, _encode(orders).decode("ascii")))
    start_response(status, headers)
    return [body] if body else []
