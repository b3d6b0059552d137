"""What lives while the add-on is enabled: one object, as Blender's callbacks can be given none.

Everything that changes over time hangs on `current()`; it comes with `register` and goes with `unregister`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import bpy

from .core.background import Background, Work
from .core.choices import Choices
from .core.following import Following
from .core.notes import Note
from .core.presets import OwnPresets
from .core.results import Results
from .core.sending import Sending
from .core.session import Connection, Session
from .preflight import Checking, Finding, Memory

# Hears of a scene while its state is taken; what it gives is told of the job once there is one.
SubmitListener = Callable[[bpy.types.Scene], Callable[[Mapping[str, Any]], None]]
BUSY_SECONDS = 0.05
BRINGING_SECONDS = 0.5  # between two looks at results that are on their way
GLANCE_SECONDS = 4.0  # between two looks whether the list of jobs is looked at
SAVE_SECONDS = 2.0  # after the last choice that was made
BARRED = (
    "Blender may not use the network: allow it in Preferences > System > Network > Allow Online Access, or start Blender "
    "with --online-mode"
)
BARRED_AT_START = (
    "Blender was started with --offline-mode, so it may not use the network: start it without, to use the farm"
)
__all__ = ["Connection", "Runtime", "barred", "begin", "current", "end"]
_shipped = Path(__file__).with_name("farm.json")  # in downloads from a server: its address


class Runtime(Session):
    """The state of the add-on."""

    def __init__(self) -> None:
        # Blender knows a timer by its function, and `self.method` is another object each time.
        self._ticking, self._saving, self._looking = self._tick, self._save, self._look
        super().__init__(Background(self.wake, barred), shipped_address())
        self.choices = Choices()
        self.own_presets = OwnPresets()
        self.sending: Sending | None = None  # the job on its way, or the last one that was
        self.submit_listeners: list[SubmitListener] = []  # called on the main thread with the scene as it is sent
        self.last_job = 0  # that was submitted from this Blender
        self.findings: list[Finding] | None = None  # of the last check of what is open; None: it was not checked
        self.checking: Checking | None = None  # the check under way
        self.asking_first: Work | None = None  # what the farm has, before a job is checked and sent
        self.memory = Memory()  # of the .blend that is open, for checks
        self.jobs = Following(self.background, self.client, lambda news: self.results.news(news))
        self.results = Results(self.background, self.jobs, self.client)

    def account_changed(self) -> None:
        """Nothing is known of the jobs of whoever is signed in now."""
        self.jobs.forget()

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
        if barred():
            return GLANCE_SECONDS
        wait = self.jobs.tick()
        if wait is None:
            return None
        # Whether somebody looks is known by drawing only, and Blender draws when something changes.
        self.redraw()
        return min(wait, BRINGING_SECONDS if self.results.now is not None else GLANCE_SECONDS)

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
                if area.type in ("PROPERTIES", "PREFERENCES"):
                    area.tag_redraw()

    def close(self) -> None:
        """End all that goes on, and keep what is to be kept."""
        self.background.close()
        self.choices.save()
        for timer in (self._ticking, self._saving, self._looking):
            if bpy.app.timers.is_registered(timer):
                bpy.app.timers.unregister(timer)


def barred() -> str:
    """Why the network may not be used now, as one sentence; empty if it may.

    Since 4.2 users decide that for all add-ons, and may change their mind at any time: nothing keeps the answer.
    """
    if getattr(bpy.app, "online_access", True):
        return ""
    return BARRED_AT_START if bpy.app.online_access_override else BARRED


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
