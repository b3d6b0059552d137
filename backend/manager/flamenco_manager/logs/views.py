"""What workers log of themselves comes in."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import OwnLog, OwnLogTaken
from flask import Blueprint, Response

from flamenco_manager.endpoints import answer, decoded, worker
from flamenco_manager.errors import Invalid
from flamenco_manager.site import site

blueprint = Blueprint("logs", __name__)
_piece = msgspec.json.Decoder(OwnLog)
_MOST = 1 << 20  # characters in one piece


@blueprint.post("/log")
def take() -> Response:
    """Take a piece of the worker's own log, and say which is wanted next."""
    member = worker()
    sent: OwnLog = decoded(_piece)
    for name, value, most in (
        ("offset", sent.offset, 2**62),
        ("size", sent.size, 2**62),
        ("text", len(sent.text), _MOST),
    ):
        if not 0 <= value <= most:
            raise Invalid(f"{name}: it must be between 0 and {most}", name)
    return answer(OwnLogTaken(site().machines.of(member.id).take(sent.offset, sent.text, sent.size)))
