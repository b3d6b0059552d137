"""Programs sign in through the browser with a code."""

from __future__ import annotations

import re
from typing import Any

from server_farm import Site, on_both
from sqlalchemy import text


def start(site: Site, program: str = "Blender on ATLAS", address: str = "10.0.0.7") -> Any:
    """A sign-in that began from there."""
    answer = site.by("nobody")(
        "POST", "/api/sign-ins", json={"program": program}, environ_overrides={"REMOTE_ADDR": address}
    )
    assert answer.status_code == 201, answer.json
    return answer.json


def poll(site: Site, begun: Any) -> Any:
    return site.by("nobody")("POST", "/api/sign-ins/poll", json={"device_code": begun["device_code"]}).json


@on_both
def test_a_program_gets_a_token_of_who_approves_it_once(site: Site) -> None:
    begun = start(site)
    assert re.fullmatch(r"[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}", begun["user_code"])
    assert begun["url"] == "http://localhost/api/sign-in"
    assert begun["url_with_code"] == f"http://localhost/api/sign-in?code={begun['user_code']}"
    assert poll(site, begun) == {"state": "pending", "token": "", "user": ""}
    site.clock.now += 30
    artist = site.by("artist")
    shown = artist("GET", f"/api/sign-ins/{begun['user_code'].lower().replace('-', ' ')}").json
    assert (shown["program"], shown["address"], shown["age_seconds"]) == ("Blender on ATLAS", "10.0.0.7", 30.0)
    assert (shown["user_code"], shown["state"]) == (begun["user_code"], "pending")
    assert artist("POST", f"/api/sign-ins/{begun['user_code']}/approve").status_code == 204
    told = poll(site, begun)
    assert (told["state"], told["user"]) == ("approved", "artist")
    site.tokens["blender"] = told["token"]
    me = site.by("blender")("GET", "/api/me").json
    assert (me["name"], me["token_label"], me["token_expires_at"]) == ("artist", "Blender on ATLAS", None)
    assert poll(site, begun) == {"state": "expired", "token": "", "user": ""}, "it is told once"
    assert artist("POST", f"/api/sign-ins/{begun['user_code']}/approve").status_code == 409


def test_who_refuses_keeps_the_program_out(site: Site) -> None:
    begun = start(site)
    assert site.by("viewer")("POST", f"/api/sign-ins/{begun['user_code']}/deny").status_code == 204
    assert poll(site, begun) == {"state": "denied", "token": "", "user": ""}
    again = site.by("viewer")("POST", f"/api/sign-ins/{begun['user_code']}/approve")
    assert (again.status_code, again.json["detail"]) == (409, "somebody decided about this already")


def test_nobody_and_no_manager_approves(site: Site) -> None:
    path = f"/api/sign-ins/{start(site)['user_code']}"
    for who, status in (("nobody", 401), ("manager", 403)):
        for method, end in (("GET", ""), ("POST", "/approve"), ("POST", "/deny")):
            assert site.by(who)(method, path + end).status_code == status


@on_both
def test_a_sign_in_lives_ten_minutes(site: Site) -> None:
    begun = start(site)
    site.by("artist")("POST", f"/api/sign-ins/{begun['user_code']}/approve")
    site.clock.now += 601
    assert poll(site, begun)["state"] == "expired", "approved too, it is over"
    assert site.by("artist")("GET", f"/api/sign-ins/{begun['user_code']}").status_code == 404
    site.clock.now += 700
    start(site)
    assert "long over" in poll(site, begun)["detail"], "what ran out goes when another one begins"


def test_a_user_who_is_disabled_meanwhile_gets_no_token(site: Site) -> None:
    begun = start(site)
    site.by("artist")("POST", f"/api/sign-ins/{begun['user_code']}/approve")
    site.by("admin")("PATCH", "/api/users/2", json={"enabled": False})
    assert poll(site, begun)["state"] == "expired"


def test_neither_code_is_stored(site: Site) -> None:
    begun = start(site)
    with site.database.reading() as session:
        row = session.execute(text("SELECT * FROM sign_ins")).mappings().one()
    stored = " ".join(map(str, row.values()))
    assert begun["device_code"] not in stored
    assert begun["user_code"] not in stored


@on_both
def test_guessing_codes_gets_slow_for_the_user_and_for_the_place(site: Site) -> None:
    begun = start(site)
    artist = site.by("artist")
    for _ in range(5):
        assert artist("GET", "/api/sign-ins/BBBB-BBBB").status_code == 404
    slowed = artist("GET", f"/api/sign-ins/{begun['user_code']}")
    assert (slowed.status_code, slowed.headers["Retry-After"]) == (429, "1")
    assert slowed.json["detail"] == "there were too many tries: wait 1 s and try again"
    site.clock.now += 1
    assert artist("GET", "/api/sign-ins/BBBB-BBBB").status_code == 404
    assert artist("GET", "/api/sign-ins/BBBB-BBBB").headers["Retry-After"] == "2"
    assert site.by("viewer")("GET", f"/api/sign-ins/{begun['user_code']}").status_code == 200, "others are not slowed"
    site.clock.now += 3700
    assert artist("GET", "/api/sign-ins/BBBB-BBBB").status_code == 404, "an hour of quiet is forgotten"


def test_what_is_right_is_not_counted(site: Site) -> None:
    begun = start(site)
    for _ in range(30):
        assert site.by("artist")("GET", f"/api/sign-ins/{begun['user_code']}").status_code == 200


def test_sign_ins_from_one_place_are_bounded(site: Site) -> None:
    for _ in range(20):
        start(site)
    more = {"json": {"program": "x"}, "environ_overrides": {"REMOTE_ADDR": "10.0.0.7"}}
    assert site.by("nobody")("POST", "/api/sign-ins", **more).status_code == 429
    start(site, address="10.0.0.8")
