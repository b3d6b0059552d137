"""Blender's commands, and the one Blender that stays open between the tasks of a job."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from flamenco_common.commands import BlenderBake, BlenderOpen

from flamenco_worker import blendfile
from flamenco_worker.commands.base import CommandContext
from flamenco_worker.commands.blender_bake import bake
from flamenco_worker.commands.blender_image import write_image
from flamenco_worker.commands.blender_render import render
from flamenco_worker.commands.blender_sound import mixdown
from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import CommandFailed
from flamenco_worker.execute.session import BlenderDied, BlenderSession, Watch


class BlenderSessions:
    """Keeps one Blender open for one job; another job, another executable or a swollen memory starts a fresh one."""

    def __init__(self, config: WorkerConfig) -> None:
        self._config = config
        self._session: BlenderSession | None = None
        self._purpose: object = None

    def ready(
        self,
        command: BlenderOpen,
        context: CommandContext,
        progress: Callable[[str], None] = lambda _text: None,
        frame: Callable[[dict[str, Any]], None] = lambda _frame: None,
    ) -> BlenderSession:
        """A Blender with the command's file open. Raises `CommandFailed`, `MachineFault`, `BlenderDied`, `Cancelled`."""
        watch = Watch(context.cancelled, context.reporter.log, progress, context.reporter.memory, frame)
        try:
            return self._ready(command, context, watch)
        except BlenderDied as error:
            self.close()
            if error.fresh:
                raise
            context.reporter.log(f"{error}; started anew")
            return self._ready(command, context, watch)

    def _ready(self, command: BlenderOpen, context: CommandContext, watch: Watch) -> BlenderSession:
        session = self._running(command, context, watch)
        session.watch = watch
        self._open(session, command, context)
        return session

    def close(self) -> None:
        """End the Blender that is open, if any."""
        session, self._session = self._session, None
        if session is not None:
            session.close()

    def close_if_busy(self) -> None:
        """End the Blender that is open if it still works on something that nobody waits for any more."""
        if self._session is not None and not self._session.idle:
            self.close()

    def _running(self, command: BlenderOpen, context: CommandContext, watch: Watch) -> BlenderSession:
        purpose = (context.assignment.job_id, command.blender, command.allow_scripts)
        session = self._session
        if session is not None and self._purpose == purpose and session.running() and session.idle:
            if not session.outgrown():
                return session
            context.reporter.log("Blender uses more memory than this worker allows: it is started anew")
        self.close()
        self._session = BlenderSession(command.blender, self._config, watch)
        self._purpose = purpose
        return self._session

    def _open(self, session: BlenderSession, command: BlenderOpen, context: CommandContext) -> None:
        """Open the file unless it is open as it is now, with the same settings."""
        blend = Path(command.blend)
        wanted = _identity(blend, command)
        if session.opened == wanted:
            return
        session.opened = None
        blendfile.check_readable(blend, session.version)
        try:
            answer = self._ask_to_open(session, blend, command)
        except BlenderDied as error:
            raise BlenderDied(f"opening {blend.name}: {error}", fresh=error.fresh, killed=error.killed) from error
        session.opened = wanted
        for warning in answer["warnings"]:
            context.reporter.log(f"warning: {warning}")

    def _ask_to_open(self, session: BlenderSession, blend: Path, command: BlenderOpen) -> dict[str, Any]:
        return session.ask(
            "open",
            blend=str(blend),
            scene=command.scene,
            settings=command.overrides,
            allow_missing=command.allow_missing,
            allow_scripts=command.allow_scripts,
            threads=self._config.threads,
            for_bake=isinstance(command, BlenderBake),
        )


def _identity(blend: Path, command: BlenderOpen) -> object:
    try:
        state = blend.stat()
    except OSError as error:
        raise CommandFailed(f"the file {blend} cannot be read: {error.strerror}") from error
    settings = msgspec.json.encode(command.overrides, order="sorted")
    strict = (command.allow_missing, isinstance(command, BlenderBake))
    return (str(blend), state.st_mtime_ns, state.st_size, command.scene, settings, strict)


__all__ = ["BlenderSessions", "bake", "mixdown", "render", "write_image"]
