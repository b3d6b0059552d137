"""Tokens with which workers join, and where they find their manager."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from flamenco_common.documents import MANAGER_ADDRESS
from server_farm import Site, on_both
from sqlalchemy import text


def make(site: Site, who: str = "supervisor", **wishes: Any) -> Any:
    answer = site.by(who)("POST", "/api/enrolments", json=wishes)
    assert answer.status_code == 201, answer.json
    return answer.json


def use(site: Site, token: str, identity: str = "w1", manager: str = "manager") -> int:
    body = {"token": token, "identity": identity}
    return site.by(manager)("POST", "/api/enrolments/use", json=body).status_code


def left(site: Site) -> list[int]:
    return [each["workers_left"] for each in site.by("supervisor")("GET", "/api/enrolments").json["items"]]


@on_both
def test_a_token_lets_as_many_workers_join_as_it_says_and_each_may_ask_again(site: Site) -> None:
    made = make(site, workers=2, label="render nodes")
    assert (made["workers_left"], made["created_by"], made["manager"]) == (2, "supervisor", None)
    assert [use(site, made["token"], each) for each in ("w1", "w1", "w2", "w3", "w2")] == [204, 204, 204, 409, 204]
    assert left(site) == [0]


@on_both
def test_two_at_the_same_moment_do_not_share_one_use(site: Site) -> None:
    token = make(site)["token"]
    statuses: list[int] = []
    threads = [
        threading.Thread(target=lambda one=one: statuses.append(use(site, token, one))) for one in ("a", "b", "c")
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(statuses) == [204, 409, 409]


@on_both
def test_a_token_ends_with_its_time_or_when_it_is_taken_back(site: Site) -> None:
    one, two = make(site, hours=1), make(site, hours=1)
    assert site.by("supervisor")("DELETE", f"/api/enrolments/{two['id']}").status_code == 204
    assert use(site, two["token"]) == 409
    assert use(site, one["token"]) == 204
    site.clock.now += 3600
    assert use(site, one["token"]) == 409
    site.clock.now += 31 * 86400
    make(site)
    assert len(left(site)) == 1, "what ran out long ago goes"


def test_a_token_may_be_for_one_manager(site: Site) -> None:
    site.tokens["hall"] = site.by("admin")("POST", "/api/managers", json={"name": "hall"}).json["token"]
    token = make(site, manager=1)["token"]
    assert use(site, token, manager="hall") == 409
    assert use(site, token) == 204
    refused = site.by("supervisor")("POST", "/api/enrolments", json={"manager": 99})
    assert (refused.status_code, refused.json["field"]) == (422, "manager")


@pytest.mark.parametrize("token", ["", "join_1_wrong", "join_x_x", "join_99999999999_x", "user_2_secret2", "join_"])
def test_a_wrong_token_lets_nobody_join(site: Site, token: str) -> None:
    make(site)
    assert use(site, token) == 409
    assert left(site) == [1]


def test_its_secret_is_not_stored_and_artists_make_none(site: Site) -> None:
    token = make(site)["token"]
    with site.database.reading() as session:
        assert token not in str(session.execute(text("SELECT * FROM enrolments")).all())
    for method, path in (("POST", "/api/enrolments"), ("GET", "/api/enrolments"), ("DELETE", "/api/enrolments/1")):
        assert site.by("artist")(method, path, json={}).status_code == 403
    assert site.by("admin")("POST", "/api/enrolments/use", json={"token": token, "identity": "x"}).status_code == 403


def tell(site: Site, address: str, manager: str = "manager") -> str:
    assert site.by(manager)("GET", "/api/me", {MANAGER_ADDRESS: address}).status_code == 200
    return str(site.by("viewer")("GET", "/api/managers/1").json["address"])


def test_the_line_to_paste_names_the_manager_where_it_said_it_is(site: Site) -> None:
    made = make(site)
    assert (made["manager_url"], made["command"]) == ("", f"flamenco worker --enrolment {made['token']}")
    assert tell(site, "http://10.0.0.5:8081") == "http://10.0.0.5:8081"
    made = make(site)
    assert made["command"] == f"flamenco worker --manager-url http://10.0.0.5:8081 --enrolment {made['token']}"
    site.tokens["hall"] = site.by("admin")("POST", "/api/managers", json={"name": "hall"}).json["token"]
    tell(site, "https://hall.studio:8081", "hall")
    assert make(site)["manager_url"] == "", "it could be either"
    assert make(site, manager=1)["manager_url"] == "http://10.0.0.5:8081"


@pytest.mark.parametrize(
    "address",
    ["10.0.0.5", "file:///etc", "http://a b", "http://" + "x" * 300, "http://a;id", "http://a$(id)", "http://'"],
)
def test_what_is_no_address_is_left_out(site: Site, address: str) -> None:
    assert tell(site, address) == ""


def test_a_user_tells_no_address(site: Site) -> None:
    site.by("viewer")("GET", "/api/me", {MANAGER_ADDRESS: "http://evil.example"})
    assert tell(site, "") == ""
