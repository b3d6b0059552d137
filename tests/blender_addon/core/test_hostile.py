"""A malicious or broken server can at worst show a sentence."""

from __future__ import annotations

import gzip
import itertools
import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from flamenco_addon.core.background import MOST_LINGERING, Background
from flamenco_addon.core.catalogue import MOST_ITEMS, MOST_JOB_TYPES, Catalogue
from flamenco_addon.core.connection import Part, Verdict, ask
from flamenco_addon.core.following import MOST_JOBS, Following
from flamenco_addon.core.forms import LONGEST_TEXT
from flamenco_addon.core.presets import presets_from
from flamenco_addon.core.session import Connection, Session
from flamenco_addon.core.signing import Started, is_web_page, started_from, wait
from flamenco_client import answers, api
from flamenco_client.account import Account, account_file
from flamenco_client.api import Client
from flamenco_client.errors import ClientError
from flamenco_client.progress import Progress
from hostile_server import EVIL_NAMES, EVIL_NUMBERS, GOOD, HostileServer, evil_job_types, reply
from processes import until

TOKEN = "user_1_" + "s" * 32


def say(documents: dict[str, Any]) -> Callable[[str], Iterable[bytes]]:
    """A server that says what a farm says, but for these paths."""
    return lambda path: [reply({**GOOD, **documents}.get(path, {}))]


def sentence_of(act: Callable[[], object]) -> str:
    """The sentence that comes of it: as an error, or as a verdict."""
    try:
        found = act()
    except ClientError as error:
        return checked(str(error))
    assert isinstance(found, Verdict), found
    assert found.catalogue is None, found
    return checked(found.text)


def checked(sentence: str) -> str:
    """A sentence that may be shown."""
    assert 0 < len(sentence) < 1500
    assert all(char.isprintable() or char == "\n" for char in sentence)
    assert "Traceback" not in sentence
    return sentence


def good_head(size: int) -> bytes:
    return f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {size}\r\n\r\n".encode()


JUNK: dict[str, Callable[[str], Iterable[bytes]]] = {
    "nothing": lambda _: [],
    "noise": lambda _: [bytes(range(256)) * 40],
    "a web page": lambda _: [reply(b"<html><body>Welcome to nginx!</body></html>", Content_Type="text/html")],
    "an empty body": lambda _: [reply(b"")],
    "half a document": lambda _: [reply(b'{"status": "ok", "ver')],
    "too short a body": lambda _: [good_head(1000), b'{"status": "ok"'],
    "a body cut by its length": lambda _: [good_head(3), b'{"status": "ok", "version": "4", "api": 1}'],
    "a list": lambda _: [reply([])],
    "a text": lambda _: [reply("ok")],
    "not a number": lambda _: [reply(b"NaN")],
    "another encoding": lambda _: [reply('{"status": "ok"}'.encode("utf-16"))],
    "a bad length": lambda _: [b"HTTP/1.1 200 OK\r\nContent-Length: many\r\n\r\n{}"],
    "a bad status": lambda _: [b"HTTP/1.1 999999 \x00\r\n\r\n"],
    "headers without end": lambda _: [b"HTTP/1.1 200 OK\r\n", *(f"X-{n}: y\r\n".encode() for n in range(1000))],
    "one long header": lambda _: [b"HTTP/1.1 200 OK\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n{}"],
    "a nested bomb": lambda _: [reply(b"[" * 200_000 + b"]" * 200_000)],
    "a nested object bomb": lambda _: [reply(b'{"a":' * 200_000)],
    "a number bomb": lambda _: [reply(b'{"status": "ok", "version": "4", "api": ' + b"1" * 10_000 + b"}")],
    "a long text": lambda _: [reply({"status": "ok", "version": 7, "x": "y" * 10_000_000})],
    "a page of 5 MB that refuses": lambda _: [reply(b"<p>" + b"x" * 5_000_000, "401 Unauthorized")],
    "a long refusal": lambda _: [reply({"detail": "x" * 500_000, "field": "y" * 500_000}, "422 Bad")],
    "an odd refusal": lambda _: [reply({"detail": {"a": ["b"]}, "field": 7}, "400 Bad")],
    "control characters": lambda _: [reply({"detail": "\x1b[2J\x00\u202eabc"}, "503 Away")],
    "a redirect": lambda _: [reply(b"", "302 Found", Location="file:///etc/passwd")],
    "a gzip that is none": lambda _: [reply(b"no gzip", Content_Encoding="gzip")],
    "another version": say({"/api/health": {"status": "ok", "version": "9.0", "api": 2}}),
    "an old version": say({"/api/health": {"status": "ok", "version": "3.5"}}),
    "a version without end": say({"/api/health": {"status": "ok", "version": "9" * 1_000_000, "api": 1e999}}),
    "a manager": say({"/api/me": {"kind": "manager", "name": "berlin"}}),
    "nobody": say({"/api/me": {}}),
    "lists that are none": say({"/api/job-types": {"items": 7}}),
    "no lists": say({"/api/workers": []}),
    "an empty page without end": say({"/api/projects": {"items": [], "next": "more"}}),
    "a page again and again": say({"/api/projects": {"items": [{"name": "a"}], "next": "same"}}),
}


@pytest.mark.parametrize("name", JUNK)
def test_an_answer_that_is_none_is_a_sentence(name: str, hostile: HostileServer) -> None:
    hostile.answer = JUNK[name]
    sentence_of(lambda: ask(Account(hostile.address, TOKEN)))


@pytest.mark.parametrize(
    ("address", "token", "says"),
    [
        ("", TOKEN, "no address"),
        ("http://", TOKEN, "no server's address"),
        ("ftp://farm", TOKEN, "no server's address"),
        ("file:///etc/passwd", TOKEN, "no server's address"),
        ("http://[::1", TOKEN, "no server's address"),
        ("http://farm:99999999", TOKEN, "no server's address"),
        ("http://" + "a" * 300 + ".invalid", TOKEN, "no server's address"),
        ("http://nowhere.invalid", TOKEN, "no such host"),
        ("HERE", "to\nken", "letters that no token has"),
        ("HERE", "tökén€", "letters that no token has"),
    ],
)
def test_what_people_type_wrong_is_a_sentence(address: str, token: str, says: str, hostile: HostileServer) -> None:
    hostile.answer = say({})
    address = hostile.address if address == "HERE" else address
    assert says in sentence_of(lambda: ask(Account(address, token)))


def test_the_token_goes_nowhere_else(hostile: HostileServer) -> None:
    other = HostileServer()
    try:
        hostile.answer = lambda path: [reply(b"", "307 Temporary Redirect", Location=f"{other.address}{path}")]
        assert other.address in sentence_of(lambda: ask(Account(hostile.address, TOKEN)))
        assert other.asked == []
    finally:
        other.close()


def test_an_answer_without_end_is_given_up(hostile: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MOST_BYTES", 1_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"
    hostile.answer = lambda _: itertools.chain([head], itertools.repeat(b"[" * 65536))
    assert "longer than 1 MB" in sentence_of(lambda: ask(Account(hostile.address, TOKEN)))


def test_a_body_that_unpacks_without_end_is_given_up(hostile: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "MOST_BYTES", 1_000_000)
    bomb = gzip.compress(b" " * 50_000_000)
    hostile.answer = lambda _: [reply(bomb, Content_Encoding="gzip")]
    assert "longer than 1 MB" in sentence_of(lambda: ask(Account(hostile.address, TOKEN)))


def test_a_body_that_drips_is_given_up(hostile: HostileServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "READ_SECONDS", 0.3)
    monkeypatch.setattr(answers, "_BLOCK", 4)
    hostile.answer = lambda _: hostile.drip(good_head(10_000_000))
    assert "took too long" in sentence_of(lambda: ask(Account(hostile.address, TOKEN)))


def catalogue_of(hostile: HostileServer, documents: dict[str, Any]) -> Catalogue:
    hostile.answer = say(documents)
    found = ask(Account(hostile.address, TOKEN)).catalogue
    assert found is not None
    return found


def test_lists_of_junk_leave_what_is_right(hostile: HostileServer) -> None:
    named = [{"name": name, "label": name, "help": name, "error": "", "allow_scripts": name} for name in EVIL_NAMES]
    workers = [{"name": name, "tags": name, "abilities": name} for name in EVIL_NAMES]
    workers += [
        {"name": "w", "tags": [name], "abilities": {"blenders": [{"version": name}], "gpus": name}}
        for name in EVIL_NAMES
    ]
    workers += [{"abilities": {"blenders": [{"version": v} for v in ("4.5.15", "²", "4", "5.0", "..", "9" * 99)]}}]
    junk: list[Any] = [None, 1, "x", [], {}]
    found = catalogue_of(hostile, {
        "/api/me": {**GOOD["/api/me"], "name": "x\n" * 10_000, "role": ["admin"]},
        "/api/job-types": {"items": evil_job_types(), "next": None},
        "/api/render-settings": {"items": junk + named + [{"name": "final", "label": "Final"}], "next": None},
        "/api/projects": {"items": junk + named + [{"name": "film", "allow_scripts": True}], "next": None},
        "/api/workers": {"items": junk + workers, "next": None},
    })  # fmt: skip
    assert found.job_types[0].name == "render"
    assert found.job_types[0].error == ""
    assert len(found.job_types) <= MOST_JOB_TYPES
    assert found.blenders == ("4.5", "5.0")
    assert "final" in [preset.name for preset in found.presets]
    assert "film" in found.scripts_allowed
    assert "film" in found.projects
    texts = [found.user, found.role, *found.projects, *found.tags, *(each.help for each in found.job_types)]
    for told in texts:
        assert len(told) <= LONGEST_TEXT
        assert all(char.isprintable() or char == "\n" for char in told)


def test_a_list_without_end_is_read_to_a_bound(hostile: HostileServer) -> None:
    count = itertools.count()

    def answer(path: str) -> Iterable[bytes]:
        if path != "/api/projects":
            return say({})(path)
        items = [{"name": f"p{next(count)}"} for _ in range(300)]
        return [reply({"items": items, "next": f"c{next(count)}"})]

    hostile.answer = answer
    found = ask(Account(hostile.address, TOKEN)).catalogue
    assert found is not None
    assert len(found.projects) == MOST_ITEMS
    assert next(count) < 2 * MOST_ITEMS


def test_shared_presets_of_junk_leave_what_is_right(hostile: HostileServer) -> None:
    names = [*EVIL_NAMES, *EVIL_NUMBERS]
    items: list[Any] = [None, {}, {"name": "a"}, {"name": "b", "job_type": "render", "values": 7}]
    items += [{"name": name, "job_type": name, "values": {name: name}} for name in names if isinstance(name, str)]
    items += [
        {"name": f"n{at}", "label": name, "job_type": "render", "owner": name,
         "values": {"priority": name, "tags": name, "comment": name, "__class__": name, "settings": {"a": name, "__x": name}}}
        for at, name in enumerate(names)
    ]  # fmt: skip
    items += [
        {"name": "good", "job_type": "render", "owner": "zoe", "values": {"priority": 80, "settings": {"fps": 12.0}}}
    ]
    found = catalogue_of(hostile, {"/api/submission-presets": {"items": items, "next": None}}).shared
    assert found is not None
    good = next(each for each in found if each.name == "good")
    assert (good.values, good.settings) == ({"priority": 80}, {"fps": 12.0})
    for each in found:
        assert set(each.values) <= {
            "priority",
            "tags",
            "project",
            "paused",
            "max_workers",
            "blender",
            "preset",
            "allow_missing",
            "shared",
        }
        assert set(each.settings) <= {"a", "fps"}
        json.dumps(each.document(), allow_nan=False)
    assert presets_from([]) == ()


def test_a_server_that_keeps_no_presets_is_an_older_one(hostile: HostileServer) -> None:
    missing = reply({"detail": "there is no such page"}, "404 Not Found")
    hostile.answer = lambda path: [missing] if "presets" in path else say({})(path)
    found = ask(Account(hostile.address, TOKEN)).catalogue
    assert found is not None
    assert found.shared is None


EVIL_URLS = (
    "file:///etc/passwd", "javascript:alert(1)", "http:", "http://", "//farm/x", "ssh://farm", "http://a b", "http://a'$(x)",
    "http://farm/`x`", "http://user@farm/", "data:text/html,x", "http://farm/\x00", "http://farm/" + "x" * 500, "--version", "", "http://[",
    "http://fa\u0301rm/",
)  # fmt: skip


@pytest.mark.parametrize("url", EVIL_URLS)
def test_a_browser_is_sent_to_pages_of_the_web_only(url: str) -> None:
    assert not is_web_page(url)
    started = {"device_code": "x" * 40, "user_code": "KXTW-RZPQ", "url_with_code": url, "interval_seconds": 2}
    with pytest.raises(ClientError):
        started_from(started, "http://farm")


@pytest.mark.parametrize(
    "answer",
    [
        {}, {"device_code": 7}, {"device_code": "x", "user_code": "<b>"}, {"device_code": "x" * 10_000, "user_code": "AB-CD"},
        {"device_code": "x", "user_code": "AB-CD", "url_with_code": ["http://farm"]},
    ],
)  # fmt: skip
def test_a_sign_in_that_is_none_is_a_sentence(answer: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as raised:
        started_from(answer, "http://farm")
    checked(str(raised.value))


@pytest.mark.parametrize("interval", [*EVIL_NUMBERS, 0, -1, 10**9])
def test_a_sign_in_is_polled_at_a_sane_pace(interval: Any) -> None:
    answer = {"device_code": "x", "user_code": "AB-CD", "url_with_code": "http://farm/x", "interval_seconds": interval}
    assert 1.0 <= started_from(answer, "http://farm").interval <= 30.0


@pytest.mark.parametrize(
    "answer",
    [{}, {"state": "approved"}, {"state": "approved", "token": ["x"]}, {"state": "approved", "token": "a\r\nX: b"},
     {"state": "approved", "token": "x" * 10_000}, {"state": {"a": 1}}, {"state": "denied"}, {"state": "expired"}],
)  # fmt: skip
def test_a_poll_that_is_none_is_a_sentence(answer: dict[str, Any], hostile: HostileServer) -> None:
    hostile.answer = lambda _: [reply(answer)]
    with pytest.raises(ClientError) as raised:
        wait(hostile.address, Started("x", "AB-CD", "http://farm/x", 0.01), Progress())
    checked(str(raised.value))


# ---- in the background, as Blender does it ----


def pumped(background: Background, condition: Callable[[], Any], what: str) -> None:
    """Pump as Blender's timer does until it holds."""
    until(lambda: (background.pump(), condition())[1], 30, what, every=0.01)


@pytest.mark.parametrize(
    "first", [b"", b"HTTP/1.1 200 OK\r\n", good_head(10_000_000)], ids=["nothing", "headers", "body"]
)
def test_a_server_that_drips_is_given_up_in_time(
    first: bytes,
    hostile: HostileServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flamenco_addon.core.session.ASK_SECONDS", 0.5)
    hostile.answer = lambda _: hostile.drip(first, b"x")
    session = Session(Background())
    session.sign_in(Account(hostile.address, TOKEN))
    assert session.connection is Connection.CONNECTING
    pumped(session.background, lambda: session.problem, "the server is given up")
    assert session.problem == "the server takes too long to answer"
    assert session.connection is Connection.SIGNED_OUT
    assert not session.background.busy
    assert not account_file().exists()
    hostile.over.set()


def test_threads_that_were_given_up_do_not_pile_up(hostile: HostileServer) -> None:
    hostile.answer = lambda _: hostile.drip(b"HTTP/1.1 200 OK\r\n", b"x")
    background = Background()
    told: list[str] = []
    for _ in range(MOST_LINGERING + 3):
        background.start(
            "ask", lambda _: Client(hostile.address, TOKEN).health(), told.append, told.append, seconds=0.0
        )
        pumped(background, lambda: not background.busy, "it is given up")
    assert told.count("the server takes too long to answer") == MOST_LINGERING
    assert told.count("the server has not answered the last questions yet") == 3
    hostile.over.set()


def test_what_comes_late_is_not_told(hostile: HostileServer) -> None:
    hostile.answer = say({})
    background = Background()
    told: list[object] = []
    late = background.start(
        "ask", lambda _: Client(hostile.address, TOKEN).health(), told.append, told.append, seconds=0.0
    )
    pumped(background, lambda: told, "it is given up")
    assert late.join(20)
    background.pump()
    assert told == ["the server takes too long to answer"]


def test_a_manager_s_token_is_not_kept(hostile: HostileServer) -> None:
    hostile.answer = say({"/api/me": {"kind": "manager", "name": "berlin"}})
    session = Session(Background())
    session.sign_in(Account(hostile.address, TOKEN))
    pumped(session.background, lambda: session.problem, "the farm answered")
    assert "no user" in session.problem
    assert session.account.token == ""
    assert not account_file().exists()


def test_verdicts_name_the_part_that_is_wrong(hostile: HostileServer) -> None:
    hostile.answer = say({"/api/health": {"status": "ok", "version": "9", "api": 2}})
    assert ask(Account(hostile.address, TOKEN)).part is Part.VERSION
    hostile.answer = say({"/api/me": {**GOOD["/api/me"], "role": "viewer"}})
    viewer = ask(Account(hostile.address, TOKEN))
    assert (viewer.part, viewer.good, viewer.usable) == (Part.ROLE, False, True)
    assert viewer.catalogue is not None


def test_a_list_of_jobs_of_junk_is_bounded(hostile: HostileServer, tmp_path: Path) -> None:
    items: list[Any] = [None, 1, "x", [], {}]
    for evil in (*EVIL_NAMES, *EVIL_NUMBERS):
        items += [
            {"id": evil},
            {
                **dict.fromkeys(("name", "type", "state", "progress", "counts", "thumbnail", "finished_at"), evil),
                "id": 7,
            },
        ]
        items += [
            {
                "id": 8,
                "name": evil,
                "state": "processing",
                "progress": evil,
                "counts": {"completed": evil, "failed": evil},
            }
        ]
    hostile.answer = lambda path: [
        reply({"items": items, "next": None} if path == "/api/jobs" else GOOD.get(path, detail))
    ]
    detail = {
        name: {"scene": [evil]} for name in ("progress", "workers", "failures", "blend", "scene") for evil in EVIL_NAMES
    }
    background = Background()
    following = Following(background, lambda: Client(hostile.address, TOKEN, tries=1), folder=tmp_path)
    following.refresh()
    pumped(background, lambda: not background.busy, "the list came")
    checked(following.problem or "no problem")
    assert 0 < len(following.jobs) <= MOST_JOBS
    for job in following.jobs:
        assert isinstance(job.id, int)
        assert 0 <= job.progress <= 1
        for told in (job.name, job.type, job.state, job.finished, job.thumbnail):
            assert len(told) <= LONGEST_TEXT
            assert all(char.isprintable() or char == "\n" for char in told)
    assert all(path.is_relative_to(tmp_path) for path in following.thumbnails.values())
