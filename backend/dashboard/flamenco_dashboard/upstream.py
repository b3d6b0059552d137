"""Calls to the farm's server, in the name of whoever is signed in."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import requests
from flask import has_request_context, request
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from flamenco_dashboard.errors import ServerAway

CONNECT_SECONDS = 5.0
POOL = 500  # connections that are kept, as one a stream is in use


class Upstream:
    """The server at `address`. Connections are shared; cookies are not kept and tokens come with each call."""

    def __init__(self, address: str, timeout: float) -> None:
        self.address = address.rstrip("/")
        self._timeout = timeout
        self._session = requests.Session()
        self._session.trust_env = False
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, HTTPAdapter(pool_connections=10, pool_maxsize=POOL))

    def call(
        self,
        method: str,
        url: str,
        token: str = "",
        *,
        query: str = "",
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        endless: bool = False,
        seconds: float | None = None,
    ) -> requests.Response:
        """Make one call to a path below the server, or a whole address; the body of the answer is not read yet.

        `endless`: an event stream, which may be silent for long; else the server may take `seconds`, or as long as is
        configured. Raises `ServerAway`.
        """
        whole = url if "://" in url else self.address + url
        sent = {**(headers or {}), **_on_behalf()}
        if token:
            sent["Authorization"] = f"Bearer {token}"
        try:
            return self._session.request(
                method, whole + (f"?{query}" if query else ""), data=body, headers=sent, stream=True,
                allow_redirects=False, timeout=(CONNECT_SECONDS, None if endless else seconds or self._timeout),
            )  # fmt: skip
        except requests.RequestException as error:
            raise ServerAway(f"the server at {self.address} does not answer") from error

    def document(self, method: str, path: str, token: str = "", body: Any = None) -> tuple[int, dict[str, Any]]:
        """Make a call with JSON both ways; the status and the object that came. Raises `ServerAway`."""
        data = None if body is None else json.dumps(body).encode()
        with self.call(method, path, token, body=data, headers={"Content-Type": "application/json"}) as answer:
            try:
                found = answer.json()
            except (ValueError, requests.RequestException):
                found = {}
            return answer.status_code, found if isinstance(found, dict) else {}


def _on_behalf() -> dict[str, str]:
    """From where we are asked: the server counts vain tries by place, and trusts nobody that a proxy brings."""
    if not has_request_context():
        return {}
    told = [request.headers.get("X-Forwarded-For", ""), request.remote_addr or "unknown"]
    return {"X-Forwarded-For": ", ".join(filter(None, told))}


def pieces(answer: requests.Response, size: int = 64 * 1024) -> Iterable[bytes]:
    """The body of an answer as it comes; the connection is given back at the end, or when nobody reads on."""
    try:
        yield from answer.raw.stream(size, decode_content=False)
    finally:
        answer.close()


def live_pieces(answer: requests.Response) -> Iterable[bytes]:
    """The same of an endless answer: whatever is there goes on at once, and not byte by byte."""
    try:
        while piece := answer.raw.read1(64 * 1024, decode_content=False):
            yield piece
    except HTTPError:
        pass  # the stream was cut: the browser comes again
    finally:
        answer.close()
