"""What lives while the add-on is enabled: one object, as Blender's callbacks can be given none.

Everything that changes over time hangs on `current()`; it comes with `register` and goes with `unregister`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

import bpy
from flamenco_client.account import Account, account_file, find_account, write_account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError

from .core.background import Background
from .core.catalogue import Catalogue, fetch_catalogue
from .core.choices import Choices

BUSY_SECONDS = 0.05
SAVE_SECONDS = 2.0  # after the last choice that was made
_shipped = Path(__file__).with_name("farm.json")  # in downloads from a server: its address


class Connection(Enum):
    """How it stands with the farm."""

    SIGNED_OUT = "signed out"
    CONNECTING = "connecting"
    CONNECTED = "connected"
    FAILED = "failed"  # `Runtime.problem` says why


class Runtime:
    """The state of the add-on."""

    def __init__(self) -> None:
        self.background = Background(self.wake)
        self.choices = Choices()
        self.account = Account("", "")
        self.connection = Connection.SIGNED_OUT
        self.problem = ""  # one sentence, drawn in the panel
        self.catalogue: Catalogue | None = None
        self.last_job = 0  # that was submitted from this Blender
        self.find_account()

    # ---- the farm ----

    def find_account(self) -> None:
        """Look up who signed in where."""
        self.account = find_account("", "", os.environ)
        if not self.account.address:
            self.account = Account(shipped_address(), "")
        if not self.account.token:
            self.connection = Connection.SIGNED_OUT

    def sign_in(self, account: Account) -> None:
        """Keep an account and connect. Raises `LocalFault` if it cannot be kept."""
        write_account(account, account_file())
        self.account = account
        self.connect()

    def sign_out(self) -> None:
        """Forget the account on this machine; its address stays for the next time."""
        account_file().unlink(missing_ok=True)
        self.account = Account(self.account.address, "")
        self.connection, self.problem = Connection.SIGNED_OUT, ""
        self._offer(None)

    def client(self) -> Client:
        """A client of the farm for one thread. Raises `ClientError` if nobody is signed in."""
        if not self.account.address or not self.account.token:
            raise ClientError(
                "you are not signed in to a farm: see Sign In in the panel or FLAMENCO_SERVER and FLAMENCO_TOKEN"
            )
        return Client(self.account.address, self.account.token)

    def connect(self) -> None:
        """Ask the farm what it offers, in the background."""
        if not self.account.token:
            self.connection = Connection.SIGNED_OUT
            return
        self.connection, self.problem = Connection.CONNECTING, ""
        client = self.client()
        self.background.start("connect", lambda _: fetch_catalogue(client), self.connected, self.failed)

    def connected(self, catalogue: Catalogue) -> None:
        """The farm answered."""
        self.connection, self.problem = Connection.CONNECTED, ""
        self._offer(catalogue)

    def _offer(self, catalogue: Catalogue | None) -> None:
        self.catalogue = catalogue
        for listener in self.catalogue_listeners:
            listener()
        self.redraw()

    def failed(self, sentence: str) -> None:
        """The farm did not answer as it should; what was known of it stays."""
        self.connection, self.problem = Connection.FAILED, sentence
        self.redraw()

    # ---- Blender ----

    @property
    def blend(self) -> str:
        """The .blend that is open; empty if it was never saved."""
        return str(bpy.data.filepath)

    def choose(self, name: str, value: Any) -> None:
        """Make a choice for the .blend that is open; None forgets it."""
        self.choices.set(self.blend, name, value)
        self.save_soon()

    def save_soon(self) -> None:
        """Keep the choices on disk in a moment; without a window, when the add-on ends."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._save):
            bpy.app.timers.register(self._save, first_interval=SAVE_SECONDS, persistent=True)

    def _save(self) -> None:
        self.choices.save()

    def wake(self) -> None:
        """See to it that the main thread hears of what is done in threads."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._tick):
            bpy.app.timers.register(self._tick, first_interval=BUSY_SECONDS, persistent=True)

    def _tick(self) -> float | None:
        if self.background.pump():
            self.redraw()
        return BUSY_SECONDS if self.background.busy else None

    def redraw(self) -> None:
        """Draw the panels anew."""
        manager = bpy.context.window_manager
        for window in manager.windows if manager else ():
            for area in window.screen.areas:
                if area.type == "PROPERTIES":
                    area.tag_redraw()

    def close(self) -> None:
        """End all that goes on, and keep what is to be kept."""
        self.background.close()
        self.choices.save()
        for timer in (self._tick, self._save):
            if bpy.app.timers.is_registered(timer):
                bpy.app.timers.unregister(timer)


def shipped_address() -> str:
    """The address of the server that this add-on was downloaded from, or nothing."""
    try:
        return str(json.loads(_shipped.read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


_current: Runtime | None = None  # Blender's callbacks get no argument that could carry it


def current() -> Runtime:
    """The state of the add-on while it is enabled."""
    assert _current is not None, "the add-on is not enabled"
    return _current


def begin() -> Runtime:
    """The add-on is enabled."""
    global _current
    _current = Runtime()
    return _current


def end() -> None:
    """The add-on is disabled."""
    global _current
    if _current is not None:
        _current.close()
    _current = None
