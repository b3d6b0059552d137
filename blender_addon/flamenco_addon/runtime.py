"""What lives while the add-on is enabled: one object, as Blender's callbacks can be given none.

Everything that changes over time hangs on `current()`; it comes with `register` and goes with `unregister`.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any

import bpy
from flamenco_client.account import Account, account_file, find_account, write_account
from flamenco_client.api import Client
from flamenco_client.errors import ClientError

from .core.background import Background, Work
from .core.catalogue import Catalogue
from .core.choices import Choices
from .core.connection import Part, Verdict, ask
from .core.following import Following
from .core.notes import Note
from .core.results import Results
from .core.sending import Sending

# Hears of a scene while its state is taken; what it gives is told of the job once there is one.
SubmitListener = Callable[[bpy.types.Scene], Callable[[Mapping[str, Any]], None]]
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
        # Blender knows a timer by its function, and `self.method` is another object each time.
        self._ticking, self._saving, self._looking = self._tick, self._save, self._look
        self.background = Background(self.wake)
        self.choices = Choices()
        self.account = Account("", "")
        self._asking = Work("nothing")
        self.asked = ""  # the address that is asked now, or was
        self.connection = Connection.SIGNED_OUT
        self.problem = ""  # one sentence, drawn in the panel
        self.verdict: Verdict | None = None  # of the last test of the connection
        self.catalogue: Catalogue | None = None
        self.catalogue_listeners: list[Callable[[], None]] = []  # called on the main thread when it changed
        self.sending: Sending | None = None  # the job on its way, or the last one that was
        self.submit_listeners: list[SubmitListener] = []  # called on the main thread with the scene as it is sent
        self.last_job = 0  # that was submitted from this Blender
        self.find_account()
        self.typed_address = self.account.address  # in the sign-in form
        self.typed_token = ""  # there too, until it is used
        self.jobs = Following(self.background, self.client, lambda news: self.results.news(news))
        self.results = Results(self.background, self.jobs, self.client)

    # ---- the farm ----

    def find_account(self) -> None:
        """Look up who signed in where."""
        self.account = find_account("", "", os.environ)
        if not self.account.address:
            self.account = Account(shipped_address(), "")
        if not self.account.token:
            self.connection = Connection.SIGNED_OUT

    def typed_account(self) -> Account:
        """The account of the sign-in form; of who is signed in, if there is no such form."""
        if self.account.token:
            return self.account
        return Account(self.typed_address, self.typed_token)

    def sign_in(self, account: Account) -> None:
        """Ask the farm with an account, in the background; it is kept once the farm knows it."""
        self._ask(account, keep=True)

    def sign_out(self) -> None:
        """Forget the account on this machine; its address stays for the next time."""
        self._asking.cancel()
        self._asking = Work("nothing")
        account_file().unlink(missing_ok=True)
        self.account = Account(self.account.address, "")
        self.typed_address, self.verdict = self.account.address, None
        self.connection, self.problem = Connection.SIGNED_OUT, ""
        self.jobs.forget()
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
        self._ask(self.account)

    def _ask(self, account: Account, *, keep: bool = False) -> None:
        self._asking.cancel()
        self.asked = account.address
        self.connection, self.problem = Connection.CONNECTING, ""

        def done(verdict: Verdict) -> None:
            if asking is self._asking:
                self._answered(account, verdict, keep)

        def failed(sentence: str) -> None:
            if asking is self._asking:
                self.failed(sentence)

        asking = self._asking = self.background.start("connect", lambda _: ask(account), done, failed)
        self.redraw()

    def _answered(self, account: Account, verdict: Verdict, keep: bool) -> None:
        """The farm answered, or something else did, or nothing."""
        if verdict.catalogue is None:
            if verdict.part is Part.TOKEN:
                self.account = Account(account.address, "")
                self.typed_address = account.address
                self._offer(None)
            self.failed(verdict.text)
            return
        if keep:
            try:
                write_account(account, account_file())
            except ClientError as error:
                self.failed(str(error))
                return
        self.account = account
        self.connected(verdict.catalogue)
        self.problem = "" if verdict.good else verdict.text

    def connected(self, catalogue: Catalogue) -> None:
        """The farm said what it offers."""
        self.connection, self.problem = Connection.CONNECTED, ""
        self._offer(catalogue)

    def _offer(self, catalogue: Catalogue | None) -> None:
        self.catalogue = catalogue
        for listener in self.catalogue_listeners:
            listener()
        self.redraw()

    def failed(self, sentence: str) -> None:
        """The farm did not answer as it should; what was known of it stays."""
        self.connection = Connection.FAILED if self.account.token else Connection.SIGNED_OUT
        self.problem = sentence
        self.redraw()

    def judged(self, verdict: Verdict) -> None:
        """The connection was tested."""
        self.verdict = verdict
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
        if not bpy.app.background and not bpy.app.timers.is_registered(self._saving):
            bpy.app.timers.register(self._saving, first_interval=SAVE_SECONDS, persistent=True)

    def _save(self) -> None:
        self.choices.save()

    def wake(self) -> None:
        """See to it that the main thread hears of what is done in threads."""
        if not bpy.app.background and not bpy.app.timers.is_registered(self._ticking):
            bpy.app.timers.register(self._ticking, first_interval=BUSY_SECONDS, persistent=True)

    def _tick(self) -> float | None:
        if self.background.pump():
            self.redraw()
        return BUSY_SECONDS if self.background.busy else None

    def look_at_jobs(self) -> None:
        """The list of jobs is drawn: ask for news from now on, as long as it is."""
        self.jobs.drawn()
        self.expect_jobs()

    def expect_jobs(self) -> None:
        """Ask for news while somebody looks or awaits results."""
        if self.account.token and not bpy.app.background and not bpy.app.timers.is_registered(self._looking):
            bpy.app.timers.register(self._looking, first_interval=BUSY_SECONDS, persistent=True)

    def _look(self) -> float | None:
        return self.jobs.tick()

    def job_sent(self, note: Note) -> None:
        """A job was submitted from here: remember where its results belong, and follow it."""
        self.last_job = note.job
        self.jobs.submitted(note)
        self.expect_jobs()

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
        for timer in (self._ticking, self._saving, self._looking):
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
