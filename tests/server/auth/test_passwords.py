"""Passwords, sessions, invitations, and the first admin."""

from __future__ import annotations

import stat
import threading
from typing import Any

import pytest
from flamenco_server.modules.auth import passwords
from flamenco_server.modules.signing.setup import offer_setup, setup_file
from server_farm import Site, on_both
from sqlalchemy import text

GOOD = "correct horse"


def give(site: Site, user_id: int = 2, password: str = GOOD) -> None:
    assert site.by("admin")("PATCH", f"/api/users/{user_id}", json={"password": password}).status_code == 200


def sign_in(site: Site, name: str = "artist", password: str = GOOD, address: str = "10.0.0.7") -> Any:
    return site.by("nobody")(
        "POST", "/api/sign-in", json={"name": name, "password": password, "program": "a browser"},
        environ_overrides={"REMOTE_ADDR": address},
    )  # fmt: skip


@on_both
def test_a_password_begins_a_session_that_ends_by_itself(site: Site) -> None:
    give(site)
    answer = sign_in(site)
    assert (answer.status_code, answer.json["name"], answer.json["role"]) == (201, "artist", "artist")
    site.tokens["session"] = answer.json["token"]
    me = site.by("session")("GET", "/api/me").json
    assert (me["name"], me["has_password"], me["token_label"]) == ("artist", True, "a browser")
    assert me["token_expires_at"] == answer.json["expires_at"]
    site.clock.now += 14 * 86400 - 1
    assert site.by("session")("GET", "/api/me").status_code == 200
    site.clock.now += 1
    late = site.by("session")("GET", "/api/me")
    assert (late.status_code, late.json["detail"]) == (401, "the token has expired: sign in again")
    sign_in(site)
    tokens = site.by("artist")("GET", "/api/tokens").json["items"]
    assert len(tokens) == 2, "what is over goes with the next session"


def test_signing_out_ends_this_session_only(site: Site) -> None:
    give(site)
    site.tokens["one"], site.tokens["two"] = sign_in(site).json["token"], sign_in(site).json["token"]
    assert site.by("one")("POST", "/api/sign-out").status_code == 204
    assert site.by("one")("GET", "/api/me").status_code == 401
    assert site.by("two")("GET", "/api/me").status_code == 200


def test_wrong_unknown_and_without_password_are_answered_alike(site: Site) -> None:
    give(site)
    answers = [sign_in(site, *pair) for pair in (("artist", "wrong"), ("nobody", GOOD), ("viewer", GOOD))]
    assert {(each.status_code, each.json["detail"]) for each in answers} == {(401, "the name or the password is wrong")}


def test_a_disabled_user_does_not_get_in(site: Site) -> None:
    give(site)
    site.by("admin")("PATCH", "/api/users/2", json={"enabled": False})
    assert sign_in(site).json["detail"] == "this user is disabled"
    assert sign_in(site, password="wrong").json["detail"] == "the name or the password is wrong"


def test_who_is_unknown_costs_as_much_as_who_is_known(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    checked: list[str] = []
    real = passwords.check_password_hash
    monkeypatch.setattr(passwords, "check_password_hash", lambda *args: checked.append(args[0]) or real(*args))
    give(site)
    for name in ("artist", "viewer", "nobody"):
        sign_in(site, name, "wrong")
    assert len({each.split("$")[0] for each in checked}) == 1, "the same parameters"
    assert len(checked) == 3


@on_both
def test_guessing_gets_slow_there_and_not_elsewhere(site: Site) -> None:
    give(site)
    for _ in range(5):
        assert sign_in(site, password="wrong").status_code == 401
    waits = []
    for _ in range(12):
        slowed = sign_in(site)
        assert slowed.status_code == 429, "the right password does not count either"
        waits.append(int(slowed.headers["Retry-After"]))
        site.clock.now += waits[-1]
        assert sign_in(site, password="wrong").status_code == 401
    assert waits == [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900]
    assert sign_in(site, address="10.0.0.8").status_code == 201, "their owner gets in from elsewhere"


def test_a_right_password_begins_anew(site: Site) -> None:
    give(site)
    for _ in range(3):
        for _ in range(4):
            assert sign_in(site, password="wrong").status_code == 401
        assert sign_in(site).status_code == 201


def test_one_place_does_not_try_many_names(site: Site) -> None:
    statuses = [sign_in(site, f"name{number}", "wrong").status_code for number in range(32)]
    assert statuses == [401] * 30 + [429, 429]


def test_a_guesser_with_many_addresses_keeps_nobody_out_for_long(site: Site) -> None:
    give(site)
    for number in range(60):
        sign_in(site, password="wrong", address=f"10.0.{number}.1")
    site.clock.now += 60
    assert sign_in(site).status_code == 201


@on_both
def test_many_at_the_same_moment_get_no_more_tries(site: Site) -> None:
    give(site)
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda: statuses.append(sign_in(site, password="wrong").status_code)) for _ in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [401] * 5 + [429] * 7


@on_both
def test_a_password_is_changed_by_who_knows_it_and_other_sessions_end(site: Site) -> None:
    give(site)
    site.tokens["here"], site.tokens["there"] = sign_in(site).json["token"], sign_in(site).json["token"]
    here = site.by("here")
    wrong = here("POST", "/api/me/password", json={"old": "guess", "new": "another one"})
    assert (wrong.status_code, wrong.json["detail"]) == (403, "the old password is wrong")
    assert here("POST", "/api/me/password", json={"old": GOOD, "new": "short"}).json["field"] == "new"
    assert here("POST", "/api/me/password", json={"old": GOOD, "new": "another one"}).status_code == 204
    assert here("GET", "/api/me").status_code == 200
    assert site.by("there")("GET", "/api/me").status_code == 401
    assert site.by("artist")("GET", "/api/me").status_code == 200, "tokens of programs stay"
    assert (sign_in(site).status_code, sign_in(site, password="another one").status_code) == (401, 201)


def test_who_has_no_password_sets_one_with_their_token(site: Site) -> None:
    assert site.by("viewer")("POST", "/api/me/password", json={"new": GOOD}).status_code == 204
    assert sign_in(site, "viewer").status_code == 201


def test_the_old_password_cannot_be_guessed_with_a_stolen_session(site: Site) -> None:
    give(site)
    for _ in range(5):
        assert site.by("artist")("POST", "/api/me/password", json={"old": "no", "new": GOOD}).status_code == 403
    assert site.by("artist")("POST", "/api/me/password", json={"old": GOOD, "new": GOOD}).status_code == 429


def test_an_admin_sets_a_password_and_sessions_end(site: Site) -> None:
    give(site)
    site.tokens["session"] = sign_in(site).json["token"]
    give(site, password="set by the admin")
    assert site.by("session")("GET", "/api/me").status_code == 401
    made = site.by("admin")("POST", "/api/users", json={"name": "zoe", "password": GOOD}).json
    assert made["has_password"]
    assert sign_in(site, "zoe").status_code == 201
    assert site.by("supervisor")("PATCH", "/api/users/2", json={"password": GOOD}).status_code == 403


def test_no_password_is_stored_or_shown(site: Site) -> None:
    give(site)
    with site.database.reading() as session:
        stored = session.execute(text("SELECT password FROM users WHERE id = 2")).scalar_one()
    assert stored.startswith("scrypt:1024:8:1$"), "with its parameters"
    assert GOOD not in stored
    users = site.by("admin")("GET", "/api/users").json["items"]
    assert [user["has_password"] for user in users if user["name"] == "artist"] == [True]
    assert "password" not in users[0]


@on_both
def test_an_invitation_sets_a_password_once(site: Site) -> None:
    made = site.by("admin")("POST", "/api/users/2/invite")
    assert (made.status_code, made.json["user"]) == (201, "artist")
    assert made.json["url"] == f"http://localhost/api/sign-in#invite={made.json['code']}"
    body = {"code": made.json["code"], "password": GOOD}
    accepted = site.by("nobody")("POST", "/api/invites/accept", json=body)
    assert (accepted.status_code, accepted.json["name"]) == (201, "artist")
    again = site.by("nobody")("POST", "/api/invites/accept", json=body)
    assert (again.status_code, "not valid" in again.json["detail"]) == (404, True)
    assert sign_in(site).status_code == 201


def test_an_invitation_runs_out_and_the_last_one_counts(site: Site) -> None:
    first, second = (site.by("admin")("POST", "/api/users/2/invite").json["code"] for _ in range(2))
    accept = site.by("nobody")
    assert accept("POST", "/api/invites/accept", json={"code": first, "password": GOOD}).status_code == 404
    site.clock.now += 3 * 86400
    assert accept("POST", "/api/invites/accept", json={"code": second, "password": GOOD}).status_code == 404
    assert site.by("supervisor")("POST", "/api/users/2/invite").status_code == 403
    assert site.by("admin")("POST", "/api/users/99/invite").status_code == 404


# ---- the first admin ----

FIRST = {"name": "boss", "password": GOOD}
HERE = {"REMOTE_ADDR": "127.0.0.1"}


@pytest.fixture
def empty(site: Site) -> Site:
    """A farm without users."""
    with site.database.writing() as session:
        session.execute(text("DELETE FROM users"))
    return site


def first(site: Site, remote: str = "127.0.0.1", headers: dict[str, str] | None = None, **more: Any) -> Any:
    return site.by("nobody")(
        "POST", "/api/first-admin", headers, json={**FIRST, **more}, environ_overrides={"REMOTE_ADDR": remote}
    )


@on_both
def test_who_sits_at_the_server_becomes_the_first_admin_and_nobody_after(empty: Site) -> None:
    made = first(empty)
    assert (made.status_code, made.json["role"]) == (201, "admin")
    empty.tokens["boss"] = made.json["token"]
    assert empty.by("boss")("GET", "/api/users").json["items"][0]["name"] == "boss"
    again = first(empty)
    assert (again.status_code, "users already" in again.json["detail"]) == (409, True)


def test_the_setup_code_is_for_the_owners_eyes_and_cannot_be_guessed(empty: Site) -> None:
    code = offer_setup(empty.database, empty.config.data_dir, empty.clock.now)
    file = setup_file(empty.config.data_dir)
    assert file.read_text(encoding="utf-8") == code + "\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert offer_setup(empty.database, empty.config.data_dir, empty.clock.now) == code, "the same at the next start"
    statuses = [first(empty, "10.0.0.7", setup_code="guess").status_code for _ in range(6)]
    assert statuses == [403] * 5 + [429]
    taken = site_accept(empty, code)
    assert taken == 404, "it is no invitation"


def site_accept(site: Site, code: str) -> int:
    body = {"code": code, "password": GOOD}
    return site.by("nobody")("POST", "/api/invites/accept", json=body).status_code


def test_a_farm_with_users_offers_no_setup(site: Site) -> None:
    file = setup_file(site.config.data_dir)
    file.write_text("old\n", encoding="utf-8")
    assert offer_setup(site.database, site.config.data_dir, site.clock.now) == ""
    assert not file.exists()


@on_both
def test_two_at_the_same_moment_make_one_admin(empty: Site) -> None:
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda name=name: statuses.append(first(empty, name=name).status_code))
        for name in ("one", "two", "three")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [201, 409, 409]
