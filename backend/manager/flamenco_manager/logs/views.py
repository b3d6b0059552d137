"""What workers log of themselves comes in."""

from __future__ import annotations

import msgspec
from flamenco_common.documents import OwnLog, OwnLogTaken
from flask import Blueprint, Response

from flamenco_manager.endpoints import answer, decoded, worker
from flamenco_manager.site import site

blueprint = Blueprint("logs", __name__)
_piece = msgspec.json.Decoder(OwnLog)


@blueprint.post("/log")
def take() -> Response:
    """Take a piece of the worker's own log, and say which is wanted next."""
    member = worker()
    sent: OwnLog = decoded(_piece)
    return answer(OwnLogTaken(site().machines.of(member.id).take(sent.offset, sent.text, sent.size)))
