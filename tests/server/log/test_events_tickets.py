"""Tickets: the key to the stream for clients that cannot send headers."""

from __future__ import annotations

import pytest
from flamenco_server.errors import NotAuthenticated
from flamenco_server.modules.auth.models import Token
from flamenco_server.modules.log.tickets import TICKET_SECONDS, check_ticket
from server_parts import Farm


def ticket(farm: Farm) -> str:
    answer = farm.by("viewer")("POST", "/api/events/ticket")
    assert answer.status_code == 201
    assert answer.json["url"].endswith("/events")
    return str(answer.json["ticket"])


def check(farm: Farm, text: str) -> str:
    return check_ticket(farm.app.extensions["flamenco"].auth, text, farm.clock.now).name


def test_a_ticket_says_whose_it_is_and_holds_no_secret(farm: Farm) -> None:
    made = ticket(farm)
    assert check(farm, made) == "viewer"
    assert farm.tokens["viewer"] not in made


def test_a_ticket_expires(farm: Farm) -> None:
    made = ticket(farm)
    farm.clock.now += TICKET_SECONDS + 1
    with pytest.raises(NotAuthenticated, match="expired"):
        check(farm, made)


def test_a_ticket_dies_with_its_token(farm: Farm) -> None:
    made = ticket(farm)
    with farm.database.writing() as session:
        session.delete(session.get(Token, 1))
    with pytest.raises(NotAuthenticated):
        check(farm, made)


def test_a_forged_ticket_is_refused(farm: Farm) -> None:
    number, expires, signature = ticket(farm).split(".")
    for forged in ("", "x", "1.2", f"2.{expires}.{signature}", f"{number}.{int(expires) + 1}.{signature}",
                   f"{number}.{expires}.", f"{10**12}.{expires}.{signature}", f"{number}.{expires}.é"):  # fmt: skip
        with pytest.raises(NotAuthenticated):
            check(farm, forged)


def test_nobody_gets_a_ticket_without_a_token(farm: Farm) -> None:
    assert farm.by("nobody")("POST", "/api/events/ticket").status_code == 401
    assert farm.by("manager")("POST", "/api/events/ticket").status_code == 403
