"""Who gets in: tokens of every kind and role, and nobody else."""

from __future__ import annotations

import pytest
from server_farm import Site, on_both
from sqlalchemy import text

pytestmark = on_both


OPEN = {
    "/api/health", "/api/sign-ins", "/api/sign-ins/poll", "/api/sign-in", "/api/sign-in/<name>", "/api/invites/accept",
    "/api/first-admin",
}  # fmt: skip


def test_only_health_and_signing_in_is_open(site: Site) -> None:
    nobody = site.by("nobody")
    assert nobody("GET", "/api/health").status_code == 200
    for rule in {rule.rule for rule in site.app.url_map.iter_rules()} - OPEN:
        path = rule.replace("<int:", "<").replace("<path:", "<")
        path = "/".join("1" if part.startswith("<") else part for part in path.split("/"))
        for method in ("GET", "POST", "PATCH", "PUT", "DELETE"):
            answer = nobody(method, path)
            assert answer.status_code in (401, 404, 405) or "docs" in path, (method, path, answer.status_code)


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "needs a token"),
        ("user_1_wrong", "not valid"),
        ("manager_1_secret1", "not valid"),
        ("user_999_x", "not valid"),
        ("user_99999999999999999999_x", "not a token"),
        ("user_x_x", "not a token"),
        ("worker_7_x", "for its manager"),
        ("nonsense", "not a token"),
    ],
)
def test_a_wrong_token_is_refused_in_one_sentence(site: Site, token: str, sentence: str) -> None:
    site.tokens["odd"] = token
    answer = site.by("odd")("GET", "/api/me")
    assert (answer.status_code, answer.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert sentence in answer.json["detail"]


def test_roles_have_the_rights_of_those_below_and_no_more(site: Site) -> None:
    calls = [("GET", "/api/jobs", "viewer"), ("POST", "/api/projects", "supervisor"), ("GET", "/api/users", "admin")]
    order = ["viewer", "artist", "supervisor", "admin"]
    for method, path, least in calls:
        for who in order:
            allowed = order.index(who) >= order.index(least)
            assert (site.by(who)(method, path, json={}).status_code == 403) is not allowed, (who, path)


def test_managers_and_users_do_not_take_each_others_place(site: Site) -> None:
    assert site.by("admin")("GET", "/api/scheduler/tasks?lease=x").status_code == 403
    assert site.by("manager")("GET", "/api/jobs").status_code == 403
    me = site.by("manager")("GET", "/api/me").json
    assert {name: me[name] for name in ("kind", "id", "name", "role", "may")} == {
        "kind": "manager", "id": 1, "name": "site", "role": None, "may": [],
    }  # fmt: skip


def test_a_made_user_gets_a_token_once_and_only_its_hash_is_kept(site: Site) -> None:
    made = site.by("admin")("POST", "/api/users", json={"name": "zoe", "role": "artist"})
    assert made.status_code == 201
    token = made.json["token"]
    assert token.startswith("user_")
    site.tokens["zoe"] = token
    assert site.by("zoe")("GET", "/api/me").json["role"] == "artist"
    with site.database.reading() as session:
        stored = session.execute(text("SELECT sha256 FROM tokens")).scalars().all()
    assert all(len(one) == 64 and one not in token for one in stored)
    assert "token" not in site.by("admin")("GET", "/api/users").json["items"][0]
    assert site.by("admin")("POST", "/api/users", json={"name": "zoe"}).status_code == 409


def test_a_token_that_is_taken_back_or_whose_owner_is_disabled_ends_at_once(site: Site) -> None:
    made = site.by("artist")("POST", "/api/tokens", json={"label": "laptop"}).json
    site.tokens["laptop"] = made["token"]
    assert site.by("laptop")("GET", "/api/me").status_code == 200
    assert site.by("artist")("DELETE", f"/api/tokens/{made['id']}").status_code == 204
    assert site.by("laptop")("GET", "/api/me").status_code == 401
    assert site.by("admin")("PATCH", "/api/users/2", json={"enabled": False}).status_code == 200
    assert site.by("artist")("GET", "/api/me").status_code == 401


def test_artists_see_and_make_only_their_own_tokens(site: Site) -> None:
    assert [item["owner"] for item in site.by("artist")("GET", "/api/tokens").json["items"]] == ["artist"]
    assert len(site.by("admin")("GET", "/api/tokens").json["items"]) == 5
    assert site.by("artist")("POST", "/api/tokens", json={"user": "admin"}).status_code == 403
    assert site.by("artist")("POST", "/api/tokens", json={"manager": "site"}).status_code == 403
    assert site.by("artist")("DELETE", "/api/tokens/4").status_code == 403
    assert site.by("admin")("POST", "/api/tokens", json={"manager": "site"}).json["token"].startswith("manager_")


def test_the_last_admin_stays(site: Site) -> None:
    for answer in (
        site.by("admin")("DELETE", "/api/users/4"),
        site.by("admin")("PATCH", "/api/users/4", json={"role": "artist"}),
        site.by("admin")("PATCH", "/api/users/4", json={"enabled": False}),
    ):
        assert (answer.status_code, "last admin" in answer.json["detail"]) == (409, True)
    assert site.by("admin")("DELETE", "/api/users/1").status_code == 204
