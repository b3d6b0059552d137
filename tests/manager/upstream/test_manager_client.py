"""The client of the server: what counts as away, and that nobody waits for a server that is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import pytest
from flamenco_common.documents import ManagerReport
from flamenco_manager.errors import Rejected, Unreachable
from flamenco_manager.upstream.server import Breaker, Server
from processes import free_port
from werkzeug.serving import make_server


class Answers:
    """A WSGI app that answers as it is told."""

    def __init__(self) -> None:
        self.status, self.body, self.seen = "200 OK", b"{}", list[dict[str, Any]]()

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        self.seen.append(environ)
        start_response(self.status, [("Content-Length", str(len(self.body)))])
        return [self.body]


@pytest.fixture
def answers() -> Iterator[tuple[Answers, Server]]:
    app = Answers()
    serving = make_server("127.0.0.1", 0, app)
    thread = threading.Thread(target=serving.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    yield app, Server(f"http://127.0.0.1:{serving.server_port}", "manager_1_secret", 5)
    serving.shutdown()
    thread.join(10)
    serving.server_close()


def test_calls_carry_the_token_and_go_below_api(answers: tuple[Answers, Server]) -> None:
    app, server = answers
    server.claim("L1", ["M1-a", "M1-b"], 7)
    seen = app.seen[0]
    assert seen["HTTP_AUTHORIZATION"] == "Bearer manager_1_secret"
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == (
        "/api/scheduler/tasks", "lease=L1&workers=M1-a%2CM1-b&revision=7",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("status", "error", "away"),
    [
        ("422 No", Rejected, False), ("404 No", Rejected, False), ("500 Bug", Rejected, False),
        ("503 Away", Unreachable, True), ("502 Away", Unreachable, True), ("401 Who", Unreachable, True),
        ("403 No", Unreachable, True), ("429 Busy", Unreachable, True),
    ],
)  # fmt: skip
def test_what_the_server_answers_decides_whether_it_is_away(
    answers: tuple[Answers, Server], status: str, error: type[Exception], away: bool
) -> None:
    app, server = answers
    app.status, app.body = status, b'{"detail": "because"}'
    with pytest.raises(error, match="because") as caught:
        server.report(ManagerReport())
    assert type(caught.value) is error
    assert server.is_away is away


@pytest.mark.parametrize("body", [b"", b"<html>", b'{"results": 5}'])
def test_nonsense_is_no_answer(answers: tuple[Answers, Server], body: bytes) -> None:
    app, server = answers
    app.body = body
    with pytest.raises(Unreachable, match="cannot be read"):
        server.report(ManagerReport())


def test_nobody_listens() -> None:
    server = Server(f"http://127.0.0.1:{free_port()}", "t", 5)
    with pytest.raises(Unreachable, match="does not answer"):
        server.me()
    with pytest.raises(Unreachable, match="is away"):
        server.me()
    assert 0 < server.seconds_until_next_try <= 0.25


def test_the_pause_grows_to_a_bound_and_ends_with_the_first_answer() -> None:
    now = [0.0]
    breaker = Breaker(lambda: now[0])
    pauses = []
    for _ in range(8):
        breaker.failed("x")
        breaker.failed("x")  # another thread's call that ended at the same time
        pauses.append(breaker.seconds_left)
        with pytest.raises(Unreachable):
            breaker.check()
        now[0] += breaker.seconds_left
        breaker.check()
    assert pauses == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0, 5.0]
    breaker.worked()
    breaker.failed("x")
    assert breaker.seconds_left == 0.25


def test_a_server_on_this_machine_is_asked_without_the_proxy(
    answers: tuple[Answers, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, server = answers
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    Server(server._url.removesuffix("/api"), "manager_1_secret", 5).call("GET", "/me")
    assert len(app.seen) == 1
    with pytest.raises(Unreachable, match="ProxyError"):
        Server("http://farm.invalid", "manager_1_secret", 5).call("GET", "/me")
