"""What the server needs of waitress beyond the usual: large bodies are taken from those it knows only."""

from __future__ import annotations

from typing import Any

import waitress.channel
import waitress.parser
import waitress.server
from flamenco_common.admission import admitting
from flask import Flask

from flamenco_server.context import EXTENSION
from flamenco_server.errors import NotAuthenticated
from flamenco_server.modules.auth.authenticator import Authenticator


def ask_who_sends(serving: Any, app: Flask) -> None:
    """Refuse large bodies without a valid token before they are taken in."""
    auth: Authenticator = app.extensions[EXTENSION].auth

    class Channel(waitress.channel.HTTPChannel):  # type: ignore[misc]
        parser_class = admitting(waitress.parser.HTTPRequestParser, lambda header: _known(auth, header))

    for each in list(getattr(serving, "map", {}).values()) or [serving]:
        if isinstance(each, waitress.server.BaseWSGIServer):
            each.channel_class = Channel


def _known(auth: Authenticator, header: str) -> bool:
    try:
        auth.principal(header)
    except NotAuthenticated:
        return False
    except Exception:  # the app meets the same trouble, and says so
        return True
    return True
