"""Calls to the server's public API: one typed method an endpoint that people use."""

from __future__ import annotations

import json
import os
import time
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import requests

from flamenco_client.answers import MOST_BYTES, MOST_ERROR_BYTES, document_of, error_for, read_bounded
from flamenco_client.connections import CuttableAdapter
from flamenco_client.errors import ClientError, NotAllowed, ServerFault, Unreachable
from flamenco_client.people import People
from flamenco_client.steering import Steering

CONNECT_SECONDS = 10.0
READ_SECONDS = 120.0
TRIES = 4  # of a call that may safely be made again
PAUSE = 0.5  # seconds before the second try; doubles

Document = dict[str, Any]


class Client(People, Steering):
    """A farm's server at `address`, as the user that `token` belongs to. Not to be shared between threads."""

    def __init__(self, address: str, token: str, tries: int = TRIES) -> None:
        self.address = address.rstrip("/") if "://" in address else f"http://{address.rstrip('/')}"
        self.token = token
        self._tries = tries
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"
        # The farm is on the studio's own network; a .netrc entry must not replace the token.
        self._session.trust_env = False
        self._session.verify = authorities()
        self._connections = CuttableAdapter()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, self._connections)
        self._twins: weakref.WeakSet[Client] = weakref.WeakSet()

    def twin(self) -> Client:
        """Another client of the same farm, for another thread."""
        made = Client(self.address, self.token, self._tries)
        self._twins.add(made)
        return made

    def cut(self) -> None:
        """End calls that another thread waits for, the twins' too; they raise `Unreachable`."""
        self._connections.cut()
        for twin in list(self._twins):
            twin.cut()

    def forget_twins(self) -> None:
        """Close the twins' connections: their threads are done."""
        for twin in list(self._twins):
            twin._session.close()
            self._twins.discard(twin)

    # ---- jobs ----

    def submit(self, submission: Mapping[str, Any]) -> Document:
        """Make a job of a `JobSubmission`; the same client token again answers the same job."""
        safe = bool(submission.get("client_token"))
        return self._document("POST", "/jobs", body=submission, again=safe)

    def job(self, job_id: int) -> Document:
        """One job in whole."""
        return self._document("GET", f"/jobs/{job_id}")

    def jobs(self, **filters: Any) -> Iterator[Document]:
        """Jobs; filters are `state`, `type`, `project`, `owner`, `name`, `archived`, and `sort` and `limit`."""
        return self.items("/jobs", **filters)

    def change_job(self, job_id: int, **changes: Any) -> Document:
        """Change `priority`, `settings`, `name`, `comment`, `max_workers`, `archived` or `tags`."""
        return self._document("PATCH", f"/jobs/{job_id}", body=changes, again=True)

    def cancel(self, job_id: int) -> Document:
        """Cancel a job."""
        return self._document("POST", f"/jobs/{job_id}/cancel", body={})

    def pause(self, job_id: int) -> Document:
        """Give out no more of its tasks."""
        return self._document("POST", f"/jobs/{job_id}/pause", body={})

    def resume(self, job_id: int) -> Document:
        """Give out its tasks again."""
        return self._document("POST", f"/jobs/{job_id}/resume", body={})

    def requeue(self, job_id: int, *, tasks: Sequence[int] = (), frames: str = "", failed: bool = False) -> Document:
        """Do tasks again: these, those of these frames, the failed ones, or all."""
        body: Document = {}
        if tasks:
            body["tasks"] = list(tasks)
        if frames:
            body["frames"] = frames
        if failed:
            body["failed"] = True
        return self._document("POST", f"/jobs/{job_id}/requeue", body=body)

    def delete(self, job_id: int) -> None:
        """Delete a job with its files."""
        self.call("DELETE", f"/jobs/{job_id}")

    def steps(self, job_id: int) -> Iterator[Document]:
        """The steps of a job."""
        return self.items(f"/jobs/{job_id}/steps")

    def tasks(self, job_id: int, **filters: Any) -> Iterator[Document]:
        """The tasks of a job."""
        return self.items(f"/jobs/{job_id}/tasks", **filters)

    def outputs(self, job_id: int, **filters: Any) -> Iterator[Document]:
        """The files that a job made."""
        return self.items(f"/jobs/{job_id}/outputs", **filters)

    def runs(self, job_id: int, **filters: Any) -> Iterator[Document]:
        """The attempts at a job's tasks."""
        return self.items(f"/jobs/{job_id}/runs", **filters)

    def run(self, run_id: str) -> Document:
        """One attempt in whole, with the time of each frame."""
        return self._document("GET", f"/runs/{run_id}")

    def run_log(self, run_id: str, offset: int = 0) -> Document:
        """A piece of a run's log from byte `offset` on; go on at its `next` until it is `finished`."""
        return self._document("GET", f"/runs/{run_id}/log", query={"offset": offset})

    # ---- the farm ----

    def health(self) -> Document:
        """Whether the server answers; needs no token."""
        return self._document("GET", "/health")

    def me(self) -> Document:
        """Who the token belongs to, what they may do, and which server this is."""
        return self._document("GET", "/me")

    def job_types(self) -> Iterator[Document]:
        """The job types with their settings; broken ones have an `error`."""
        return self.items("/job-types")

    def job_type(self, name: str) -> Document:
        """One job type."""
        return self._document("GET", f"/job-types/{name}")

    def render_settings(self) -> Iterator[Document]:
        """The presets."""
        return self.items("/render-settings")

    def projects(self) -> Iterator[Document]:
        """The projects."""
        return self.items("/projects")

    def workers(self, **filters: Any) -> Iterator[Document]:
        """The workers of all managers."""
        return self.items("/workers", **filters)

    def order_worker(self, worker_id: str, **orders: Any) -> Document:
        """Ask a worker to be `enabled`, in a `state` (run, sleep, restart, shutdown), `when` (after, now) …"""
        return self._document("POST", f"/workers/{worker_id}/orders", body=orders)

    def managers(self) -> Iterator[Document]:
        """The managers."""
        return self.items("/managers")

    # ---- files ----

    def missing(self, hashes: Sequence[str]) -> list[str]:
        """Those of these SHA-256 that the farm lacks."""
        answer = self._document("POST", "/files/missing", body={"sha256": list(hashes)}, again=True)
        return [str(sha256) for sha256 in self._list(answer, "sha256")]

    def stored(self, sha256: str, most: int) -> bytes:
        """A small file of the farm, such as a thumbnail. Raises `ServerFault` if it has more than `most` bytes."""
        data = b""
        with self.call("GET", f"/files/{sha256}", stream=True, tries=self._tries) as answer:
            try:
                for block in answer.iter_content(64 * 1024):
                    data += block
                    if len(data) > most:
                        raise ServerFault(f"the file {sha256} has more than {most} bytes")
            except requests.exceptions.RequestException as error:
                raise Unreachable(f"the server at {self.address} does not answer ({_cause(error)})") from error
        return data

    # ---- how calls are made ----

    def items(self, path: str, **filters: Any) -> Iterator[Document]:
        """All items of a list, page by page; `limit` bounds their number."""
        most = filters.pop("limit", None)
        query = {name: _text(value) for name, value in filters.items() if value is not None}
        left = most
        while left is None or left > 0:
            query["limit"] = str(min(left, 500) if left is not None else 500)
            answer = self._document("GET", path, query=query)
            items: list[Document] = self._list(answer, "items")
            yield from items
            left = None if left is None else left - len(items)
            cursor = answer.get("next")
            if not cursor:
                return
            if not items or cursor == query.get("cursor"):
                raise self._stranger()
            query["cursor"] = str(cursor)

    def _document(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        again: bool = False,
    ) -> Document:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json"} if data is not None else {}
        tries = self._tries if again or method == "GET" else 1
        answer = self.call(method, path, query=query, data=data, headers=headers, tries=tries)
        if not answer.content:
            return {}
        try:
            document = document_of(answer)
        except ValueError as error:
            raise self._stranger() from error
        if not isinstance(document, dict):
            raise self._stranger()
        return document

    def _list(self, answer: Document, name: str) -> list[Any]:
        found = answer.get(name)
        if not isinstance(found, list):
            raise self._stranger()
        return found

    def _stranger(self) -> ServerFault:
        return ServerFault(f"{self.address} did not answer like a Flamenco server")

    def call(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        data: Any = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        tries: int = 1,
    ) -> requests.Response:
        """Make one call below `/api`, up to `tries` times while the server is away. Raises a `ClientError`."""
        for left in reversed(range(tries)):
            try:
                return self._once(method, path, query, data, headers or {}, stream)
            except Unreachable:
                if not left:
                    raise
            time.sleep(PAUSE * 2 ** (tries - 1 - left))
        raise AssertionError("a call is tried once at least")

    def _once(
        self, method: str, path: str, query: Any, data: Any, headers: Mapping[str, str], stream: bool
    ) -> requests.Response:
        url = f"{self.address}/api{path}"
        try:
            answer = self._session.request(
                method, url, params=query, data=data, headers=dict(headers), stream=True,
                timeout=(CONNECT_SECONDS, READ_SECONDS), allow_redirects=False,
            )  # fmt: skip
            if answer.status_code >= 300:
                read_bounded(answer, MOST_ERROR_BYTES, READ_SECONDS)
            elif not stream:
                read_bounded(answer, MOST_BYTES, READ_SECONDS)
        except (requests.exceptions.InvalidURL, requests.exceptions.InvalidSchema) as error:
            raise ClientError(f"{self.address!r} is no server's address; write it like http://farm:8080") from error
        except requests.exceptions.RequestException as error:
            raise Unreachable(f"the server at {self.address} does not answer ({_cause(error)})") from error
        except UnicodeError as error:
            raise NotAllowed("the token has letters that no token has") from error
        except ValueError as error:  # a host's name without end, which requests leaves to the libraries below it
            raise ClientError(
                f"{self.address[:100]!r} is no server's address; write it like http://farm:8080"
            ) from error
        except OSError as error:
            raise ClientError(f"the certificates in {self._session.verify} cannot be read") from error
        if answer.status_code >= 300:
            raise error_for(answer)
        return answer


def authorities() -> str | bool:
    """The certificates that the environment names, for a studio with an authority of its own; else the usual ones."""
    names = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")
    return next((file for name in names if (file := os.environ.get(name))), True)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _cause(error: requests.exceptions.RequestException) -> str:
    """The kernel of requests' long message."""
    if isinstance(error, requests.exceptions.Timeout):
        return "it took too long"
    text = str(error)
    for sign, words in (
        ("refused", "connection refused"), ("resolve", "no such host"), ("Name or", "no such host"),
        ("certificate verify failed", "its certificate is unknown here: REQUESTS_CA_BUNDLE can name its authority"),
    ):  # fmt: skip
        if sign in text:
            return words
    return "the connection broke"
