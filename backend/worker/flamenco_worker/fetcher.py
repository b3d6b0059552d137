"""Asks for the next task shortly before the current one ends, and brings its files, while that one still runs."""

from __future__ import annotations

import contextlib
import logging
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

from flamenco_common.documents import Assignment, WorkerOrders
from flamenco_common.states import RunStatus

from flamenco_worker.board import Board
from flamenco_worker.cache import Cache
from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault, Refused, Unreachable, WorkerError
from flamenco_worker.run import Run
from flamenco_worker.upstream import NoSuchThing, Upstream

_log = logging.getLogger(__name__)
_LONGEST_PAUSE = 10.0
_FORGOTTEN = 7 * 86_400.0  # seconds since anything was put into a run's scratch folder
_PATIENCE = 120.0  # seconds that a task's files may be out of reach before the task is given back


class Fetcher:
    """A thread. `obey` gets the manager's orders, `ended(run, status, reason)` what could not be prepared."""

    def __init__(
        self,
        upstream: Upstream,
        board: Board,
        cache: Cache,
        stop: threading.Event,
        *,
        asleep: Callable[[], bool],
        made: Callable[[Assignment, Path], Run],
        obey: Callable[[WorkerOrders], None],
        ended: Callable[[Run, RunStatus, str], None],
        refused: Callable[[], None],
    ) -> None:
        self._upstream = upstream
        self._board = board
        self._cache = cache
        self._stop = stop
        self._made = made
        self._obey = obey
        self._ended = ended
        self._refused = refused
        self._asleep = asleep
        self._thread = threading.Thread(target=self._work, name="fetcher", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def _work(self) -> None:
        pause = 0.0
        while not self._stop.is_set():
            if not self._board.wait_for_want(0.25) and not (self._asleep() and not self._board.busy()):
                continue  # one that sleeps asks whether it is time to wake up
            try:
                self._ask()
                pause = 0.0
            except Exception as error:  # without this thread the worker would wait for ever
                pause = min(_LONGEST_PAUSE, pause * 2 or 0.5)
                self._tell(error)
                self._stop.wait(pause)

    def _tell(self, error: Exception) -> None:
        if not isinstance(error, WorkerError):
            _log.exception("the worker made a mistake while it asked for a task")
            return
        _log.warning("%s", error)
        if isinstance(error, Refused):
            self._refused()

    def _ask(self) -> None:
        assignment, orders = self._upstream.generate([run.run_id for run in self._board.held()])
        self._obey(orders)
        if assignment is None:
            self._stop.wait(max(0.1, orders.wait))
            return
        run = self._made(assignment, scratch_of(assignment))
        self._board.hold(run)
        try:
            self._prepare(run)
        finally:
            self._board.ready(run)

    def _prepare(self, run: Run) -> None:
        """Bring its files; what fails here is told like what fails later."""
        try:
            self._patiently(run)
            _remove_forgotten(run.scratch.parent)
            shutil.rmtree(run.scratch, ignore_errors=True)
            run.scratch.mkdir(parents=True)
        except Cancelled:
            return
        except MachineFault as error:
            self._ended(run, RunStatus.LOST, str(error))
        except (Unreachable, Refused) as error:
            self._ended(run, RunStatus.LOST, f"the task's files did not arrive: {error}")
        except (CommandFailed, NoSuchThing) as error:
            self._ended(run, RunStatus.FAILED, str(error))
        except OSError as error:
            self._ended(run, RunStatus.LOST, f"the job's files cannot be laid out: {error.strerror or error}")
        except Exception as error:  # a run that is never settled would block its task
            _log.exception("the worker made a mistake while it brought the files of run %s", run.run_id)
            self._ended(run, RunStatus.LOST, f"the worker made a mistake: {error!r}")

    def _patiently(self, run: Run) -> None:
        """A manager that is away for a while costs no run."""
        end = time.monotonic() + _PATIENCE
        while True:
            try:
                run.files = self._upstream.task_files(run.assignment.task_id).files
                self._cache.prepare(run.assignment, run.files, self._upstream, run.cancelled)
                return
            except Unreachable:
                if time.monotonic() > end:
                    raise
            except Refused:
                self._refused()
                if time.monotonic() > end:
                    raise
            if run.cancelled.wait(1.0):
                raise Cancelled("the run was stopped")


def _remove_forgotten(folder: Path) -> None:
    """On shared storage a worker that was killed leaves its scratch folder, and may never come back to this job."""
    with contextlib.suppress(OSError):
        for scratch in folder.iterdir():
            if time.time() - scratch.stat().st_mtime > _FORGOTTEN:
                shutil.rmtree(scratch, ignore_errors=True)


def scratch_of(assignment: Assignment) -> Path:
    """A folder for one run, on the file system of its outputs."""
    if assignment.storage == "shared":
        return Path(assignment.output_root) / ".flamenco-scratch" / assignment.run_id
    return Path(assignment.output_root).parent / "scratch" / assignment.run_id
