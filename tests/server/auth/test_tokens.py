"""What is known of a token: who made it, when it was used, when it ends."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from server_farm import Site, on_both
from sqlalchemy import event, text


def token(site: Site, token_id: int) -> Any:
    items = site.by("admin")("GET", "/api/tokens").json["items"]
    return next(item for item in items if item["id"] == token_id)


def moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat().replace("+00:00", "Z")


@on_both
def test_a_token_knows_who_made_it_and_ends_when_it_was_said(site: Site) -> None:
    ends = site.clock.now + 3600
    body = {"user": "artist", "label": "pipeline", "expires_at": moment(ends)}
    made = site.by("admin")("POST", "/api/tokens", json=body).json
    assert (made["created_by"], made["owner"], made["expires_at"]) == ("admin", "artist", moment(ends))
    site.tokens["pipeline"] = made["token"]
    assert site.by("pipeline")("GET", "/api/me").status_code == 200
    site.clock.now = ends
    assert site.by("pipeline")("GET", "/api/me").status_code == 401, "though it was believed a moment ago"


@pytest.mark.parametrize("ends", ["2020-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00"])
def test_a_token_does_not_end_before_it_began(site: Site, ends: str) -> None:
    refused = site.by("admin")("POST", "/api/tokens", json={"expires_at": ends})
    assert (refused.status_code, refused.json["field"]) == (422, "expires_at")


@on_both
def test_use_is_written_down_once_an_hour(site: Site) -> None:
    began = site.clock.now
    assert token(site, 2)["used_at"] is None
    site.by("artist")("GET", "/api/me")
    assert token(site, 2)["used_at"] == moment(began)
    site.clock.now += 3599
    site.by("artist")("GET", "/api/me")
    assert token(site, 2)["used_at"] == moment(began)
    site.clock.now += 1
    site.by("artist")("GET", "/api/me")
    assert token(site, 2)["used_at"] == moment(began + 3600)


def test_nothing_is_written_of_tokens_where_managers_claim(site: Site) -> None:
    site.worker("M1-a")
    said: list[str] = []
    event.listen(site.database.engine, "before_cursor_execute", lambda *args: said.append(args[2]))
    site.claim("M1-a")
    site.clock.now += 7200
    site.claim("M1-a")
    assert any("tasks" in statement or "jobs" in statement for statement in said)
    assert not any(statement.startswith("UPDATE tokens") for statement in said)
    assert token(site, 5)["used_at"] is None


def test_a_session_that_ended_opens_no_event_stream(site: Site) -> None:
    made = site.by("artist")("POST", "/api/tokens", json={"expires_at": moment(site.clock.now + 30)}).json
    site.tokens["short"] = made["token"]
    ticket = site.by("short")("POST", "/api/events/ticket").json["ticket"]
    auth = site.app.extensions["flamenco"].auth
    from flamenco_server.errors import NotAuthenticated
    from flamenco_server.modules.log.tickets import check_ticket

    assert check_ticket(auth, ticket, site.clock.now).name == "artist"
    site.clock.now += 30
    with pytest.raises(NotAuthenticated, match="expired"):
        check_ticket(auth, ticket, site.clock.now)


def test_who_am_i_says_what_one_may(site: Site) -> None:
    words = {who: site.by(who)("GET", "/api/me").json["may"] for who in ("viewer", "artist", "supervisor", "admin")}
    assert words["viewer"] == ["see"]
    assert words["artist"] == ["see", "submit"]
    assert words["supervisor"] == ["see", "submit", "change_all_jobs"]
    assert words["admin"] == ["see", "submit", "change_all_jobs", "administer"]
    me, health = site.by("viewer")("GET", "/api/me").json, site.by("nobody")("GET", "/api/health").json
    assert (me["version"], me["api"]) == (health["version"], health["api"])
    assert me["has_password"] is False
    with site.database.reading() as session:
        assert session.execute(text("SELECT count(*) FROM tokens")).scalar_one() == 5
