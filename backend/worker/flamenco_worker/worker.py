"""The worker: signs in, fetches tasks, executes them, and stops cleanly.

Five threads share the work. The main thread executes commands. The fetcher asks for the next task and brings its files shortly
before the current one ends. The finisher checks, names and hashes outputs, the uploader sends them, the sender delivers reports
and signs of life. So Blender renders the next frame while the last one is checked and sent.
"""

from __future__ import annotations

import logging
import os
import shutil
import sys
import threading
import time
import traceback
from pathlib import Path

from flamenco_common.abilities import Abilities
from flamenco_common.content import is_disk_full
from flamenco_common.documents import Assignment, WorkerOrders
from flamenco_common.journal import Journal
from flamenco_common.states import RunStatus

from flamenco_worker.board import Board
from flamenco_worker.cache import Cache
from flamenco_worker.commands.base import CommandContext
from flamenco_worker.commands.blender import BlenderSessions
from flamenco_worker.commands.registry import HANDLERS
from flamenco_worker.config import WorkerConfig
from flamenco_worker.errors import Cancelled, CommandFailed, MachineFault, Unreachable, WorkerError
from flamenco_worker.fetcher import Fetcher
from flamenco_worker.finisher import Finisher
from flamenco_worker.handshake import Handshake
from flamenco_worker.outbox import Outbox
from flamenco_worker.own_log import OwnLogTeller
from flamenco_worker.run import Run
from flamenco_worker.sender import Sender
from flamenco_worker.uploader import Uploader
from flamenco_worker.upstream import NoSuchThing, Upstream

_log = logging.getLogger(__name__)
_IDLE_SECONDS_BEFORE_BLENDER_CLOSES = 20.0


class Worker:
    """One worker. `run` returns how it is to end: "shutdown" or "restart". `journal`: what it logs of itself."""

    def __init__(self, config: WorkerConfig, abilities: Abilities, upstream: Upstream, journal: Journal) -> None:
        self._config = config
        self._abilities = abilities
        self._upstream = upstream
        self._stop = threading.Event()
        self._ending = "shutdown"
        self._orders = WorkerOrders()
        work = config.work()
        thumbnails = work / "thumbnails"
        for folder in (config.data_dir, work, thumbnails):
            folder.mkdir(parents=True, exist_ok=True)
        self._board = Board()
        self._cache = Cache(work, config.cache_bytes, self._stop.wait, self._board.jobs)
        self._outbox = Outbox(config.data_dir / "outbox.sqlite")
        self._blenders = BlenderSessions(config)
        self._uploader = Uploader(lambda parcels: self._sender.ahead(parcels), lambda: self._sender.poke())
        self._finisher = Finisher(
            self._cache, thumbnails, abilities.ffmpeg, self._uploader, lambda: self._sender.poke()
        )
        self._handshake = Handshake(config, abilities, upstream)
        self._own_log = OwnLogTeller(journal, upstream)
        self._sender = Sender(
            upstream,
            self._outbox,
            self._board.held,
            sign_of_life=config.sign_of_life_seconds,
            orders=self._obey,
            settled=self._settled,
            refused=self._sign_in_again,
            after=lambda: self._own_log.tell(anyway=self._stop.is_set()),
        )
        self._fetcher = Fetcher(
            upstream,
            self._board,
            self._cache,
            self._stop,
            asleep=lambda: self._orders.state == "sleep",
            made=self._new_run,
            obey=self._obey,
            ended=self._ended,
            refused=self._sign_in_again,
        )

    # ---- from outside ----

    def stop(self) -> None:
        """End: give back what runs, leave no process behind. To be called from another thread than `run`'s."""
        self._stop.set()

    def run(self) -> str:
        """Work until told to stop. Raises `Refused` if the manager will not have this worker."""
        self._cache.tidy()
        self._sign_in()
        self._finisher.start()
        self._uploader.start()
        self._sender.start()
        self._fetcher.start()
        watcher = threading.Thread(target=self._watch_stop, name="stop", daemon=True)
        watcher.start()
        idle_since = time.monotonic()
        try:
            while not self._stop.is_set():
                run = self._board.next(1.0)
                if run is not None:
                    self._execute(run)
                    idle_since = time.monotonic()
                elif time.monotonic() - idle_since > _IDLE_SECONDS_BEFORE_BLENDER_CLOSES:
                    self._blenders.close()
                self._end_if_drained()
        finally:
            self._sign_off()
        return self._ending

    # ---- the handshake ----

    def _sign_in(self) -> None:
        while not self._stop.is_set():
            try:
                self._handshake.register()
                self._sender.flush()
                self._obey(self._upstream.available())
                _log.info("signed in")
                return
            except (Unreachable, NoSuchThing) as error:
                _log.warning("%s; trying again", error)
                self._stop.wait(3.0)

    def _sign_in_again(self) -> None:
        try:
            self._handshake.renew()
        except WorkerError as error:
            _log.error("%s", error)

    # ---- orders ----

    def _obey(self, orders: WorkerOrders) -> None:
        if orders.state != self._orders.state:
            _log.info("ordered to %s", orders.state)
        self._orders = orders
        self._own_log.watched = orders.own_log
        self._board.drain(orders.state != "run")
        for run in self._board.held():
            run.watched = run.run_id in orders.log_wanted
            if orders.state != "run" and orders.when == "now" and run.status is None:
                run.settle(RunStatus.LOST, f"the worker was told to {orders.state} now")

    def _end_if_drained(self) -> None:
        if self._orders.state in ("restart", "shutdown") and not self._board.busy() and not self._board.held():
            self._ending = self._orders.state
            self._stop.set()

    # ---- executing ----

    def _new_run(self, assignment: Assignment, scratch: Path) -> Run:
        return Run(assignment, scratch, self._finisher.made, after=self._outbox.last_seq(assignment.run_id))

    def _execute(self, run: Run) -> None:
        run.started = time.monotonic()
        told = run.assignment
        _log.info(
            "begins run %s: task %d, %s of job %d, %s", run.run_id, told.task_id, told.step, told.job_id, told.job_name
        )
        timer = self._timer(run)
        try:
            self._carry_out(run)
        except Cancelled:
            run.settle(RunStatus.LOST, "the run was stopped")
        except CommandFailed as error:
            self._ended(run, RunStatus.FAILED, str(error))
        except MachineFault as error:
            self._ended(run, RunStatus.LOST, str(error))
        except OSError as error:
            status = RunStatus.LOST if is_disk_full(error) else RunStatus.FAILED
            self._ended(run, status, f"{error.filename or 'a file'}: {error.strerror or error}")
        except Exception as error:  # a fault of ours must not end the worker
            _log.exception("the worker made a mistake in run %s", run.run_id)
            run.log(traceback.format_exc())
            self._ended(run, RunStatus.FAILED, f"the worker made a mistake: {error!r}")
        finally:
            if timer is not None:
                timer.cancel()
            _log.info("executed run %s in %.1f s", run.run_id, time.monotonic() - run.started)
            self._board.executed(run, time.monotonic() - run.started)
            run.finish()

    def _carry_out(self, run: Run) -> None:
        context = CommandContext(
            assignment=run.assignment,
            scratch=run.scratch,
            files=run.files,
            config=self._config,
            reporter=run,
            blenders=self._blenders,
            ffmpeg=self._abilities.ffmpeg,
            cancelled=run.cancelled,
        )
        for command in run.assignment.commands:
            context.check_cancelled()
            HANDLERS[type(command)](command, context)

    def _timer(self, run: Run) -> threading.Timer | None:
        seconds = run.assignment.timeout_seconds
        if not seconds:
            return None
        timer = threading.Timer(
            seconds, lambda: run.settle(RunStatus.FAILED, f"the task took longer than its {seconds} seconds")
        )
        timer.daemon = True
        timer.start()
        return timer

    def _ended(self, run: Run, status: RunStatus, reason: str) -> None:
        _log.warning("the run %s is %s: %s", run.run_id, status.value, reason)
        run.log(f"error: {reason}")
        run.settle(status, reason)
        self._sender.poke()

    def _settled(self, run_id: str, accepted: bool) -> None:
        run = self._board.release(run_id)
        if run is None:
            return
        if not accepted:
            _log.warning("the run %s was refused: its work is dropped", run_id)
            run.drop()
        if not run.started:
            shutil.rmtree(run.scratch, ignore_errors=True)

    # ---- the end ----

    def _watch_stop(self) -> None:
        """Stops what runs as soon as the worker is told to end, whatever the main thread does."""
        self._stop.wait()
        self._board.stop()

    def _sign_off(self) -> None:
        self._stop.set()
        _log.info("signs off")
        self._board.stop()
        self._blenders.close()
        self._finisher.stop()
        self._uploader.stop(30)
        self._sender.stop(10.0)
        try:
            self._upstream.offline()
        except WorkerError as error:
            _log.warning("could not sign off: %s", error)
        self._outbox.close()


def restart_program() -> None:
    """Become a fresh process of the same program."""
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])  # noqa: S606 - our own command line
