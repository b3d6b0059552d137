"""Every failure of a call is one sentence, and calls that may be made again are."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from breaking_link import BreakingLink
from flamenco_client import api
from flamenco_client.api import Client
from flamenco_client.errors import (
    BadRequest,
    ClientError,
    Conflict,
    NotAllowed,
    NotFound,
    ServerFault,
    Unreachable,
)
from processes import free_port
from served_farm import Served
from server_parts import sha
from werkzeug import Response
from werkzeug.serving import make_server, make_ssl_devcert


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(api, "PAUSE", 0.0)


class Odd:
    """A server that is not Flamenco's: it gives the same answer to everything."""

    def __init__(self) -> None:
        self.status, self.body, self.kind = 200, b"{}", "application/json"
        self.headers: dict[str, str] = {}
        self.asked: list[dict[str, str]] = []
        odd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                odd.asked.append(dict(self.headers))
                self.send_response(odd.status)
                for name, value in {
                    **odd.headers,
                    "Content-Type": odd.kind,
                    "Content-Length": str(len(odd.body)),
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(odd.body)

            do_POST = do_PATCH = do_DELETE = do_GET  # noqa: N815

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


@pytest.fixture
def odd() -> Iterator[Odd]:
    made = Odd()
    yield made
    made.close()


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("http://127.0.0.1:{port}", r"the server at http://127\.0\.0\.1:\d+ does not answer \(connection refused\)"),
        ("127.0.0.1:{port}/", "does not answer"),
        ("http://no-such-host.invalid", r"does not answer \(no such host\)"),
        ("http://", "is no server's address; write it like http://farm:8080"),
        ("ftp://farm", "is no server's address"),
        ("http://farm:port", "is no server's address"),
        ("", "is no server's address"),
    ],
)
def test_a_server_that_cannot_be_reached(address: str, says: str) -> None:
    client = Client(address.format(port=free_port()), "user_1_x", tries=1)
    with pytest.raises(ClientError, match=says) as caught:
        client.me()
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        (400, BadRequest), (401, NotAllowed), (403, NotAllowed), (404, NotFound), (409, Conflict), (413, BadRequest),
        (422, BadRequest), (500, ServerFault), (502, Unreachable), (503, Unreachable), (507, ServerFault),
        (301, ServerFault),
    ],
)  # fmt: skip
def test_an_answer_is_the_error_that_it_stands_for(odd: Odd, status: int, error: type[ClientError]) -> None:
    odd.status, odd.headers = status, {"Location": "http://elsewhere.invalid/"}
    odd.body = b'{"detail": "one sentence", "field": "settings.frames"}'
    with pytest.raises(error) as caught:
        Client(odd.address, "t", tries=1).me()
    assert type(caught.value) is error
    assert str(caught.value) == "one sentence"
    if isinstance(caught.value, BadRequest):
        assert caught.value.field == "settings.frames"


@pytest.mark.parametrize("body", [b"<html>busy</html>", b"", b"[1]", b'{"detail": null}', b"\xff"])
def test_an_error_without_a_sentence_gets_one(odd: Odd, body: bytes) -> None:
    odd.status, odd.body = 500, body
    with pytest.raises(ServerFault, match="the server answered 500 Internal Server Error"):
        Client(odd.address, "t", tries=1).me()


@pytest.mark.parametrize("body", [b"<html>Welcome</html>", b"[1, 2]", b'"text"', b"\xff\xfe"])
def test_another_server_is_found_out(odd: Odd, body: bytes) -> None:
    odd.body = body
    with pytest.raises(ServerFault, match="did not answer like a Flamenco server"):
        Client(odd.address, "t").me()


@pytest.mark.parametrize("body", [b"{}", b'{"items": 5}', b'{"sha256": null}'])
def test_a_list_from_another_server_is_found_out(odd: Odd, body: bytes) -> None:
    odd.body = body
    with pytest.raises(ServerFault, match="did not answer like a Flamenco server"):
        list(Client(odd.address, "t").jobs())
    with pytest.raises(ServerFault, match="did not answer like a Flamenco server"):
        Client(odd.address, "t").missing(["a"])


def test_the_token_goes_to_the_server_and_a_netrc_does_not(
    odd: Odd, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password other")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    Client(odd.address, "user_1_secret").me()
    assert odd.asked[0]["Authorization"] == "Bearer user_1_secret"


def test_questions_are_asked_again_over_a_broken_link(served: Served, link: BreakingLink) -> None:
    link.up = [50, 60, 70]
    client = Client(link.address, served.farm.tokens["artist"])
    assert client.me()["name"] == "artist"
    assert link.connections == 4


def test_what_must_not_be_done_twice_is_tried_once(served: Served, link: BreakingLink) -> None:
    link.up = [50]
    client = Client(link.address, served.farm.tokens["artist"])
    with pytest.raises(Unreachable, match="the connection broke"):
        client.cancel(1)
    assert link.connections == 1


def test_a_submission_with_a_token_may_be_made_again_and_is_one_job(served: Served, link: BreakingLink) -> None:
    data = b"not looked into"
    served.client().call("PUT", f"/files/{sha(data)}", data=data)
    document = {
        "name": "a", "type": "render", "blend": "a.blend", "settings": {"frames": "1-3"}, "client_token": "once",
        "files": [{"path": "a.blend", "sha256": sha(data), "size": len(data)}],
    }  # fmt: skip
    link.down = [10]  # the server has made the job, and its answer is lost
    job = Client(link.address, served.farm.tokens["artist"]).submit(document)
    assert link.connections == 2
    assert [each["id"] for each in served.client().jobs()] == [job["id"]]


def test_lists_come_page_by_page(served: Served) -> None:
    made = {served.farm.job() for _ in range(5)}
    client = served.client("viewer")
    assert {job["id"] for job in client.jobs()} == made
    assert len(list(client.jobs(limit=3))) == 3
    assert len(list(client.items("/jobs", limit=0))) == 0
    assert [job["id"] for job in client.jobs(sort="id")] == sorted(made)
    assert list(client.jobs(archived=True)) == []


def test_who_may_not_is_told(served: Served) -> None:
    job = served.farm.job()
    with pytest.raises(NotAllowed, match="viewer"):
        served.client("viewer").cancel(job)
    with pytest.raises(NotAllowed, match="token"):
        Client(served.address, "user_1_wrong").me()
    with pytest.raises(NotAllowed, match="token"):
        Client(served.address, "").me()
    assert served.client("viewer").health()


@pytest.fixture
def private(tmp_path: Path) -> Iterator[tuple[str, str]]:
    """A server with a certificate that nobody knows: its address, and the file with that certificate."""
    certificate, key = make_ssl_devcert(str(tmp_path / "own"), cn="localhost")
    app = Response(b'{"status": "ok"}', content_type="application/json")
    serving = make_server("localhost", 0, app, ssl_context=(certificate, key))
    thread = threading.Thread(target=serving.serve_forever, args=(0.02,))
    thread.start()
    yield f"https://localhost:{serving.server_port}", certificate
    serving.shutdown()
    thread.join(10)
    serving.server_close()


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "SSL_CERT_FILE"])
def test_a_studio_may_have_an_authority_of_its_own(
    private: tuple[str, str], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    address, certificate = private
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"):
        monkeypatch.delenv(other, raising=False)
    with pytest.raises(Unreachable, match="certificate is unknown here"):
        Client(address, "t", tries=1).health()
    monkeypatch.setenv(name, certificate)
    assert Client(address, "t", tries=1).health() == {"status": "ok"}
    monkeypatch.setenv(name, certificate + ".gone")
    with pytest.raises(ClientError, match="gone cannot be read"):
        Client(address, "t", tries=1).health()
