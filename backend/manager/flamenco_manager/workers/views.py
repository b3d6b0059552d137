"""The handshake: register, available, offline."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import Registered, Registration
from flamenco_common.states import RunStatus
from flask import Blueprint, Response

from flamenco_manager.endpoints import answer, bearer, decoded, worker
from flamenco_manager.errors import Invalid, NotAuthenticated, Rejected
from flamenco_manager.hot import ORDERS
from flamenco_manager.site import site
from flamenco_manager.workers.member import Member
from flamenco_manager.workers.tokens import hashed, same

blueprint = Blueprint("workers", __name__)
_JOIN = "join_"  # how tokens begin that people make at the server
_registration = msgspec.json.Decoder(Registration)


@blueprint.post("/register")
def register() -> Response:
    """Take a worker in: with the enrolment secret, or with its own token."""
    token = bearer()
    own = None if token.startswith(_JOIN) else _own_token(token)
    sent: Registration = decoded(_registration)
    for name, most in (("identity", 200), ("name", 200)):
        if not 0 < len(getattr(sent, name)) <= most:
            raise Invalid(f"{name} must have 1 to {most} characters", name)
    if token.startswith(_JOIN):
        _check_join(token, sent.identity)
    fleet = site().fleet
    member, token = fleet.register(sent, fleet.manager_id(site().server.me), own)
    member.last_seen = site().ticks()
    site().bell.ring()
    return answer(Registered(member.id, token))


def _check_join(token: str, identity: str) -> None:
    """Ask the server whether a worker may join with that token. Raises `NotAuthenticated`."""
    try:
        site().server.use_enrolment(token, identity)
    except Rejected as error:
        raise NotAuthenticated(str(error)) from error


def _own_token(token: str) -> Member | None:
    """The worker whose token this is; None for the enrolment secret. Raises `NotAuthenticated`."""
    return None if same(hashed(token), site().enrolment_hash) else site().fleet.by_token(token)


@blueprint.post("/available")
def available() -> Response:
    """The worker is ready, and holds no run."""
    member = worker()
    site().fleet.signed_in(member)
    site().bell.ring()
    return answer(site().ordering.of(member))


@blueprint.post("/offline")
def offline() -> Response:
    """The worker signs off; its runs are given back at once."""
    member = worker()
    orders = site().ordering.of(member)
    site().fleet.signed_off(member, "it signed off", done=True)
    site().watch.give_back(member.id, RunStatus.CANCELED, "the worker signed off")
    site().bell.ring()
    return Response(status=204, headers={ORDERS: msgspec.json.encode(orders).decode("ascii")})
