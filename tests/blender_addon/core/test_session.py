"""Signing in to a real server by token and through the browser, and saying what is wrong with a connection."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from breaking_link import BreakingLink
from flamenco_addon.core import signing
from flamenco_addon.core.background import Background
from flamenco_addon.core.connection import Part, diagnose
from flamenco_addon.core.session import AWAY_SECONDS, FRESH_SECONDS, Connection, Session
from flamenco_client.account import Account, account_file, read_account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, NotAllowed
from processes import free_port, until
from served_farm import Served


@pytest.fixture
def session() -> Session:
    """Nobody is signed in."""
    return Session(Background())


def pumped(session: Session, condition: Callable[[], Any], what: str) -> Any:
    """Pump as Blender's timer does until it holds."""
    return until(lambda: (session.background.pump(), condition())[1], 30, what, every=0.01)


def signed_in(session: Session, served: Served) -> None:
    """Sign in as an artist."""
    session.sign_in(Account(served.address, served.farm.tokens["artist"]))
    pumped(session, lambda: session.connection is Connection.CONNECTED, "the artist is signed in")


def test_who_signs_in_by_token_is_remembered_for_their_eyes_only(session: Session, served: Served) -> None:
    signed_in(session, served)
    assert session.catalogue is not None
    assert (session.catalogue.user, session.catalogue.role) == ("artist", "artist")
    assert {each.name for each in session.catalogue.job_types} == {"bake", "render", "still", "video"}
    assert read_account(account_file()) == session.account
    assert account_file().stat().st_mode & 0o777 == 0o600
    again = Session(Background())
    assert again.account == session.account


def test_who_signs_out_is_forgotten_but_for_the_address(session: Session, served: Served) -> None:
    signed_in(session, served)
    changes: list[str] = []
    session.account_changed = lambda: changes.append(session.account.token)  # type: ignore[method-assign]
    session.sign_out()
    assert not account_file().exists()
    assert (session.account, session.catalogue, session.connection) == (
        Account(served.address, ""),
        None,
        Connection.SIGNED_OUT,
    )
    assert session.typed_address == served.address
    assert changes == [""]


def test_a_token_that_is_not_taken_is_not_kept(session: Session, served: Served) -> None:
    session.sign_in(Account(served.address, "user_2_" + "x" * 40))
    pumped(session, lambda: session.problem, "the server refused")
    assert "does not take the token" in session.problem
    assert session.connection is Connection.SIGNED_OUT
    assert not account_file().exists()


def test_a_token_that_was_taken_back_brings_the_form_again(session: Session, served: Served) -> None:
    boss = served.client("admin")
    made = boss.create_token(user="artist", label="Blender")
    session.sign_in(Account(served.address, made["token"]))
    pumped(session, lambda: session.catalogue, "signed in")
    boss.delete_token(made["id"])
    served.farm.clock.now += 3600
    session.connect()
    pumped(session, lambda: session.problem, "the server refused")
    assert session.account.token == ""
    assert session.catalogue is None
    assert session.typed_address == served.address


def test_a_server_that_goes_away_leaves_what_was_known(session: Session, served: Served) -> None:
    signed_in(session, served)
    known = session.catalogue
    session.account = Account(f"http://127.0.0.1:{free_port()}", session.account.token)
    session.connect()
    pumped(session, lambda: session.problem, "the server is away")
    assert "connection refused" in session.problem
    assert session.connection is Connection.FAILED
    assert session.catalogue is known


def test_a_farm_that_was_not_asked_for_long_is_asked_again_while_somebody_looks(served: Served) -> None:
    now = [0.0]
    session = Session(Background(), clock=lambda: now[0])
    signed_in(session, served)
    first = session.catalogue
    session.look()
    assert not session.background.busy
    now[0] += FRESH_SECONDS + 1
    session.look()
    session.look()
    assert session.connection is Connection.CONNECTED
    pumped(session, lambda: session.catalogue is not first, "the farm said what it offers now")
    assert session.background.busy is False


def test_a_farm_that_is_away_is_found_again_by_itself(served: Served) -> None:
    now = [0.0]
    session = Session(Background(), clock=lambda: now[0])
    signed_in(session, served)
    session.account = Account(f"http://127.0.0.1:{free_port()}", session.account.token)
    session.connect()
    pumped(session, lambda: session.problem, "the server is away")
    session.account = Account(served.address, session.account.token)
    now[0] += AWAY_SECONDS + 1
    session.look()
    assert "connection refused" in session.problem
    pumped(session, lambda: session.connection is Connection.CONNECTED, "it is back")
    assert session.problem == ""


def test_who_changes_their_mind_is_not_surprised_later(session: Session, served: Served) -> None:
    session.sign_in(Account(served.address, served.farm.tokens["artist"]))
    session.stop_asking()
    pumped(session, lambda: not session.background.busy, "the answer came")
    assert (session.catalogue, session.account.token) == (None, "")
    assert not account_file().exists()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sign-ins are polled at once."""
    really = signing.started_from
    monkeypatch.setattr(
        signing, "started_from", lambda *given: signing.Started(*list(vars(really(*given)).values())[:3], interval=0.05)
    )


def begun(session: Session, served: Served) -> tuple[signing.Started, list[str]]:
    """A sign-in through the browser that waits for a person."""
    opened: list[str] = []
    session.typed_address = served.address
    session.sign_in_by_browser(opened.append)
    return pumped(session, lambda: session.browser, "the code is there"), opened


def test_a_person_signs_in_through_the_browser(session: Session, served: Served, hasty: None) -> None:
    started, opened = begun(session, served)
    assert opened == [started.url]
    asked = served.client("artist").waiting_sign_in(started.user_code)
    assert asked["program"] == signing.program()
    served.client("artist").approve_sign_in(started.user_code)
    pumped(session, lambda: session.connection is Connection.CONNECTED, "signed in")
    assert session.browser is None
    kept = read_account(account_file())
    assert kept is not None
    assert kept.token not in ("", served.farm.tokens["artist"])
    assert session.client().me()["token_label"] == signing.program()


def test_a_person_says_no_in_the_browser(session: Session, served: Served, hasty: None) -> None:
    started, _ = begun(session, served)
    served.client("artist").deny_sign_in(started.user_code)
    pumped(session, lambda: session.problem, "refused")
    assert session.problem == "the sign-in was refused in the browser"
    assert (session.browser, session.connection) == (None, Connection.SIGNED_OUT)


def test_a_sign_in_through_the_browser_is_canceled(session: Session, served: Served, hasty: None) -> None:
    started, _ = begun(session, served)
    session.stop_asking()
    served.client("artist").approve_sign_in(started.user_code)
    pumped(session, lambda: not session.background.busy, "nobody waits any more")
    assert (session.browser, session.account.token, session.connection) == (None, "", Connection.SIGNED_OUT)


@pytest.mark.parametrize(
    ("address", "who", "part", "says"),
    [
        ("", "artist", Part.ADDRESS, "there is no address"),
        ("http://nowhere.invalid", "artist", Part.ADDRESS, "no such host"),
        ("http://127.0.0.1:1", "artist", Part.ADDRESS, "connection refused"),
        ("HERE", "", Part.TOKEN, "sign in"),
        ("HERE", "manager", Part.TOKEN, "which is no user"),
        ("HERE", "nobody", Part.TOKEN, "does not take the token"),
        ("HERE", "viewer", Part.ROLE, "may look but not submit"),
        ("HERE", "artist", Part.NOTHING, "signed in as artist"),
    ],
)
def test_the_test_of_the_connection_says_what_is_wrong(
    address: str, who: str, part: Part, says: str, served: Served
) -> None:
    token = served.farm.tokens.get(who, "user_9_x" if who else "")
    verdict = diagnose(Account(served.address if address == "HERE" else address, token))
    assert verdict.part is part
    assert says in verdict.text
    assert served.farm.tokens["artist"] not in verdict.text


def test_the_test_runs_in_the_background(session: Session, served: Served) -> None:
    session.typed_address = served.address
    session.test()
    assert session.verdict is None
    pumped(session, lambda: session.verdict, "tested")
    assert session.verdict is not None
    assert session.verdict.part is Part.TOKEN


def test_an_account_that_cannot_be_kept_is_said(session: Session, served: Served, tmp_path: Path) -> None:
    (tmp_path / "config").write_text("a file where the folder should be")
    session.sign_in(Account(served.address, served.farm.tokens["artist"]))
    pumped(session, lambda: session.problem, "it is said")
    assert "cannot be written" in session.problem
    assert session.connection is Connection.SIGNED_OUT


# ---- who signs out ----


def ended(session: Session, served: Served, token: str) -> bool:
    """Whether the farm takes the token no more, once the signing out is over."""
    work = session.sign_out()
    pumped(session, lambda: work.done, "the farm was told")
    served.farm.clock.now += 3600  # it remembers tokens for a moment
    try:
        return not Client(served.address, token).me()
    except NotAllowed:
        return True


def test_a_token_that_the_sign_in_made_ends_with_it(session: Session, served: Served, hasty: None) -> None:
    started, _ = begun(session, served)
    served.client("artist").approve_sign_in(started.user_code)
    pumped(session, lambda: session.connection is Connection.CONNECTED, "signed in")
    token = session.account.token
    assert ended(session, served, token)
    assert (session.problem, session.account.token) == ("", "")
    assert ended(session, served, token)  # nobody is signed in


def test_a_token_that_somebody_gave_stays_good(session: Session, served: Served) -> None:
    signed_in(session, served)
    assert not ended(session, served, served.farm.tokens["artist"])
    assert session.problem == ""


def test_who_signs_out_while_the_farm_is_away_is_told_and_signed_out(session: Session, served: Served) -> None:
    signed_in(session, served)
    session.account = Account(f"http://127.0.0.1:{free_port()}", session.account.token)
    work = session.sign_out()
    assert (session.account.token, account_file().exists()) == ("", False)
    pumped(session, lambda: work.done, "the farm was asked")
    assert "signed out here only" in session.problem
    assert "connection refused" in session.problem


# ---- a user who forbids the network ----


class Forbidding:
    """What the user says of the network, and a session that minds it, with all connections to the farm counted."""

    def __init__(self, link: BreakingLink) -> None:
        self.why = "no network, please"
        self.link = link
        self.session = Session(Background(barred=lambda: self.why))
        self.session.account = Account(link.address, "")

    def told(self, ask: Callable[[], Any]) -> str:
        """What is said when something is asked of the farm."""
        self.session.problem, self.session.verdict = "", None
        ask()
        return pumped(
            self.session, lambda: self.session.problem or (self.session.verdict and self.session.verdict.text), "a word"
        )


@pytest.fixture
def forbidding(link: BreakingLink) -> Forbidding:
    """The network is forbidden."""
    return Forbidding(link)


def test_nothing_is_asked_while_it_is_forbidden(forbidding: Forbidding, served: Served) -> None:
    session, account = forbidding.session, Account(forbidding.link.address, served.farm.tokens["artist"])
    session.typed_address = account.address
    asks: list[Callable[[], Any]] = [
        lambda: session.sign_in(account), lambda: session.sign_in_by_browser(lambda _: None), session.find_farms, session.test,
    ]  # fmt: skip
    for ask in asks:
        assert forbidding.told(ask) == forbidding.why
    session.account = account
    session.connect()
    session.look()
    with pytest.raises(ClientError, match=forbidding.why):
        session.client()
    assert not session.background.busy
    assert "signed out here only" in forbidding.told(session.sign_out)
    assert forbidding.link.connections == 0


def test_the_farm_is_asked_as_soon_as_it_is_allowed(forbidding: Forbidding, served: Served) -> None:
    session = forbidding.session
    session.account = Account(forbidding.link.address, served.farm.tokens["artist"])
    session.connect()
    session.look()
    assert (session.connection, forbidding.link.connections) == (Connection.SIGNED_OUT, 0)
    forbidding.why = ""
    session.look()
    pumped(session, lambda: session.connection is Connection.CONNECTED, "the farm answered")


def test_what_is_under_way_ends_when_it_is_forbidden(silent: str) -> None:
    why = [""]
    session = Session(Background(barred=lambda: why[0]))
    session.account = Account(silent, "user_1_token")
    here = threading.Event()
    local = session.background.start("local", lambda _: here.wait(30), local=True)
    session.connect()
    session.background.pump()
    assert session.connection is Connection.CONNECTING
    why[0] = "no network, please"
    pumped(session, lambda: session.problem, "it ended")
    assert (session.problem, session.connection) == ("no network, please", Connection.FAILED)
    assert not local.done
    here.set()
    pumped(session, lambda: local.done, "what needs no network goes on")
    assert not local.canceled
