"""Sign in through the browser: the farm gives a code, a person says yes to it there, and the token comes here."""

from __future__ import annotations

import contextlib
import platform
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from flamenco_client.account import Account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError, NotAllowed, TryLater, Unreachable
from flamenco_client.progress import Progress

from .forms import line, number

LONGEST_URL = 500
LONGEST_WAIT = 15 * 60.0  # seconds, whatever the server says
LONGEST_PROGRAM = 200  # as the server has it
SLICE = 0.1  # seconds between looks at whether it was canceled
_CODE = re.compile(r"[A-Z0-9]{2,12}(-[A-Z0-9]{2,12})?")
_URL = re.compile(r"""https?://[!#-&(-;=?A-\[\]^_a-~]+""")
_TOKEN = re.compile(r"[A-Za-z0-9_.~+/=-]{8,300}")


@dataclass(frozen=True)
class Started:
    """A sign-in that waits for a person: what to show them, and where to send them."""

    device_code: str
    user_code: str
    url: str
    interval: float


def program() -> str:
    """How this program is called where people say yes or no."""
    return f"Blender on {line(platform.node()) or 'a computer'}"[:LONGEST_PROGRAM].rstrip()


def begin(address: str) -> Started:
    """Begin to sign in. Raises a `ClientError`."""
    client = Client(address, "", tries=1)
    return started_from(client.start_sign_in(program()), client.address)


def started_from(answer: Mapping[str, Any], address: str) -> Started:
    """What the server told, if it is what it must be. Raises a `ClientError`."""
    device_code, user_code = answer.get("device_code"), line(answer.get("user_code"))
    url = answer.get("url_with_code")
    if not isinstance(device_code, str) or not device_code or len(device_code) > 1000 or not _CODE.fullmatch(user_code):
        raise ClientError(f"{address} did not begin a sign-in as a Flamenco server does")
    if not isinstance(url, str) or not is_web_page(url):
        raise ClientError(f"{address} named no page of the web to sign in on")
    return Started(device_code, user_code, url, min(30.0, max(1.0, number(answer.get("interval_seconds")) or 2.0)))


def is_web_page(url: str) -> bool:
    """Whether a browser may be sent there: nothing but http and https, and nothing that hides."""
    if len(url) > LONGEST_URL or not _URL.fullmatch(url):
        return False
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname)


def wait(address: str, started: Started, progress: Progress) -> str:
    """Wait until a person said yes; gives the token. Raises a `ClientError`, or `Canceled`."""
    client = Client(address, "", tries=1)
    end = time.monotonic() + LONGEST_WAIT
    pause = started.interval
    while time.monotonic() < end:
        _rest(pause, progress)
        pause = started.interval
        try:
            answer = client.poll_sign_in(started.device_code)
        except TryLater as error:
            pause = min(60.0, error.seconds)
            continue
        except Unreachable:
            continue  # the person is still at it; the server may be back when they are done
        state = answer.get("state")
        if state == "approved":
            return _token(answer, address)
        if state != "pending":
            raise ClientError(_ENDS.get(line(state), f"{address} does not know of this sign-in any more: begin again"))
    raise ClientError(_ENDS["expired"])


def take_back(account: Account) -> None:
    """Let the farm end the token of an account, if a sign-in of this program made it. Raises a `ClientError`.

    One that somebody gave may serve other programs, too; the farm labels the others with the program that asked.
    """
    if not account.token:
        return
    client = Client(account.address, account.token, tries=1)
    with contextlib.suppress(NotAllowed):  # it ended before
        if client.me().get("token_label") == program():
            client.sign_out()


_ENDS = {"denied": "the sign-in was refused in the browser", "expired": "nobody said yes in time: begin again"}


def _token(answer: Mapping[str, Any], address: str) -> str:
    token = answer.get("token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise ClientError(f"{address} gave no token")
    return token


def _rest(seconds: float, progress: Progress) -> None:
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        progress.check()
        time.sleep(min(SLICE, left))
    progress.check()
