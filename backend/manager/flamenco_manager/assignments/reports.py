"""Reports on runs: joined, written to their logs, told to the server at once, or kept until it answers.

One batch at a time. An update of a run whose earlier ones still wait, that names a file which the server does not have yet, or
that finds the server away, is kept in the outbox and counts as accepted; its refusal is then told with a later one.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flamenco_common.documents import RunUpdate, UpdateResult
from flamenco_common.joiner import Joiner
from flamenco_common.states import RunStatus

from flamenco_manager.assignments.book import Book, OpenRun, Step
from flamenco_manager.db import Database
from flamenco_manager.errors import Unreachable
from flamenco_manager.logs.store import LogStore, last_lines
from flamenco_manager.upstream.delivery import Delivered, Delivery
from flamenco_manager.upstream.outbox import Kept, Outbox, files_of

_DRAIN = 200  # updates that waited, told with one report


@dataclass(frozen=True)
class Closing:
    """The manager's own word on a run: it is over."""

    run_id: str
    status: RunStatus
    reason: str


@dataclass(frozen=True)
class Letter:
    """What one call hands in: a worker's updates, or the manager's own words; nothing: deliver what waits."""

    worker_id: str = ""
    updates: Sequence[RunUpdate] = ()
    closings: Sequence[Closing] = ()


@dataclass
class Slot:
    """One update on its way."""

    sent: RunUpdate
    run: OpenRun | None = None
    step: Step | None = None
    upward: RunUpdate | None = None
    result: UpdateResult | None = None
    twin: Slot | None = None  # the same update, handed in twice at the same moment: what becomes of it counts for both

    def refuse(self, error: str, missing: Sequence[str] = ()) -> None:
        """It does not count."""
        self.result = UpdateResult(self.sent.run_id, self.sent.seq, False, error, list(missing))

    def accept(self) -> None:
        """It counts."""
        self.result = UpdateResult(self.sent.run_id, self.sent.seq, True)


@dataclass
class Batch:
    """What is handled together, and what is to be written at its end."""

    heads: dict[str, Step] = field(default_factory=dict)  # run -> how far it is with the updates looked at
    staged: dict[tuple[str, int], Slot] = field(default_factory=dict)  # by run and number
    keep: list[RunUpdate] = field(default_factory=list)  # for the outbox
    steps: list[Step] = field(default_factory=list)  # that count
    told: list[Delivered] = field(default_factory=list)


class Reports:
    """Takes letters; `courier` is woken when something is left to do."""

    def __init__(
        self,
        database: Database,
        book: Book,
        outbox: Outbox,
        logs: LogStore,
        delivery: Delivery,
        clock: Callable[[], float],
        courier: Callable[[], None],
        over: Callable[[str], None],
    ) -> None:
        """`over` is called with each run that ended."""
        self._database = database
        self._book = book
        self._outbox = outbox
        self._logs = logs
        self._delivery = delivery
        self._clock = clock
        self._courier = courier
        self._over = over
        self._tails: dict[str, str] = {}
        self._joiner: Joiner[Letter, list[UpdateResult]] = Joiner(self._handle)

    def send(self, worker_id: str, updates: Sequence[RunUpdate]) -> list[UpdateResult]:
        """Take a worker's updates; the results are in their order."""
        return self._joiner(Letter(worker_id, updates))

    def close(self, closings: Sequence[Closing]) -> None:
        """End runs by the manager's own word. Runs that are over already stay as they are."""
        if closings:
            self._joiner(Letter(closings=closings))

    def deliver(self) -> None:
        """Tell the server what waits."""
        self._joiner(Letter())

    # ---- one batch ----

    def _handle(self, letters: Sequence[Letter]) -> list[list[UpdateResult]]:
        batch = Batch()
        answers = [self._slots(letter, batch) for letter in letters]
        self._tell([slot for slots in answers for slot in slots if slot.result is None and slot.twin is None], batch)
        self._write(batch)
        results = [[(slot.twin or slot).result for slot in slots] for slots in answers]
        return [[result for result in each if result is not None] for each in results]

    def _slots(self, letter: Letter, batch: Batch) -> list[Slot]:
        slots = [Slot(update) for update in letter.updates]
        for slot in slots:
            self._judge(letter.worker_id, slot, batch)
        for closing in letter.closings:
            run = self._book.get(closing.run_id)
            head = batch.heads.get(closing.run_id)
            if run is not None and (head is None or head.status is None):
                slots.append(self._closing(run, closing, batch))
        return slots

    def _judge(self, worker_id: str, slot: Slot, batch: Batch) -> None:
        """Decide what needs no server; else write the log and make what is told upward."""
        sent = slot.sent
        run = self._book.get(sent.run_id)
        if run is None:
            self._judge_old(worker_id, slot)
            return
        if run.worker_id != worker_id or run.document.task_id != sent.task_id:
            slot.refuse(f"there is no run {sent.run_id} of the task {sent.task_id} on this worker")
            return
        head = batch.heads.get(run.id, Step(run, run.seq, run.log_size))
        slot.twin = batch.staged.get((run.id, sent.seq))
        if slot.twin is not None:
            return
        if sent.seq <= head.seq:
            slot.accept()
            return
        if head.status is not None:
            slot.refuse(f"the run {run.id} no longer owns its task: it is {head.status.value}")
            return
        self._stage(slot, run, head, batch)

    def _judge_old(self, worker_id: str, slot: Slot) -> None:
        sent = slot.sent
        old = self._book.old(sent.run_id)
        if old is None or old.worker_id != worker_id:
            slot.refuse(f"there is no run {sent.run_id} of the task {sent.task_id} on this worker")
        elif sent.seq <= old.seq:
            slot.accept()
        else:
            reason = f": {old.reason}" if old.reason else ""
            slot.refuse(f"the run {sent.run_id} no longer owns its task: it is {old.status.value}{reason}")

    def _closing(self, run: OpenRun, closing: Closing, batch: Batch) -> Slot:
        head = batch.heads.get(run.id, Step(run, run.seq, run.log_size))
        now = self._clock()
        sent = RunUpdate(
            run_id=run.id,
            task_id=run.document.task_id,
            seq=max(head.seq + 1, int(now * 1000)),
            status=closing.status,
            reason=closing.reason,
            log=f"manager: {closing.reason}\n",
            at=now,
        )
        slot = Slot(sent)
        self._stage(slot, run, head, batch)
        # What counts of the worker's own updates stays as it is: a later one of them is refused, whatever its clock says.
        slot.step = batch.heads[run.id] = dataclasses.replace(batch.heads[run.id], seq=head.seq)
        return slot

    def _stage(self, slot: Slot, run: OpenRun, head: Step, batch: Batch) -> None:
        """Write an update's log, and make what is told upward."""
        sent = slot.sent
        size = self._logs.append(run.id, head.log_size, sent.log)
        over = None if sent.status is RunStatus.PROCESSING else sent.status
        slot.run, slot.step = run, Step(run, sent.seq, size, over, sent.reason)
        slot.upward = self._upward(run, sent, head)
        batch.heads[run.id] = slot.step
        batch.staged[run.id, sent.seq] = slot

    def _upward(self, run: OpenRun, sent: RunUpdate, head: Step) -> RunUpdate:
        """The update as the server gets it: no log but its tail, and with the first one the commands."""
        more: dict[str, Any] = {}
        if sent.log:
            before = self._tails.get(run.id) or (self._logs.tail(run.id, head.log_size) if head.log_size else "")
            self._tails[run.id] = more["log_tail"] = last_lines(f"{before}\n{sent.log}" if before else sent.log)
            more["log"] = ""
        if not head.seq and run.assignment is not None:
            more["commands"] = msgspec.to_builtins(run.assignment.commands)
        elif sent.commands:
            more["commands"] = []
        return msgspec.structs.replace(sent, **more) if more else sent

    # ---- telling the server ----

    def _tell(self, slots: list[Slot], batch: Batch) -> None:
        """Deliver in rounds: what follows an update that names files goes only after that one arrived."""
        first = True
        while slots or first:
            ready, slots = self._sorted(slots, batch)
            drained = self._drained() if first else []
            first = False
            try:
                told = self._delivery.tell([slot.upward for slot in ready if slot.upward], drained)
            except Unreachable:
                for slot in [*ready, *slots]:
                    self._keep(slot, batch)
                return
            batch.told.append(told)
            bad = {
                slot.sent.run_id: slot.result
                for slot, result in zip(ready, told.results, strict=True)
                if not self._settle(slot, result, batch)
            }
            for slot in slots:
                if slot.sent.run_id in bad:
                    slot.result = msgspec.structs.replace(bad[slot.sent.run_id], seq=slot.sent.seq)  # type: ignore[type-var]
            slots = [slot for slot in slots if slot.result is None]

    def _drained(self) -> list[Kept]:
        """What waited and can go now."""
        if self._delivery.is_away or not len(self._outbox):
            return []
        return self._outbox.first(_DRAIN, self._delivery.pins)

    def _sorted(self, slots: Sequence[Slot], batch: Batch) -> tuple[list[Slot], list[Slot]]:
        """Those that can go now, and those that must wait for them; others are kept."""
        ready: list[Slot] = []
        later: list[Slot] = []
        naming: set[str] = set()
        kept = {update.run_id for update in batch.keep}
        for slot in slots:
            assert slot.upward is not None
            files = files_of(slot.upward)
            if slot.sent.run_id in naming:
                later.append(slot)
            elif self._delivery.is_away or slot.sent.run_id in kept or self._waits(slot.sent.run_id, files):
                self._keep(slot, batch)
                kept.add(slot.sent.run_id)
            else:
                ready.append(slot)
                if files:
                    naming.add(slot.sent.run_id)
        return ready, later

    def _waits(self, run_id: str, files: set[str]) -> bool:
        return self._outbox.holds(run_id) or any(sha256 in self._delivery.pins for sha256 in files)

    def _keep(self, slot: Slot, batch: Batch) -> None:
        assert slot.upward is not None and slot.step is not None
        batch.keep.append(slot.upward)
        batch.steps.append(slot.step)
        slot.accept()

    def _settle(self, slot: Slot, result: UpdateResult | None, batch: Batch) -> bool:
        """Take over the server's word on an update; False if it did not count."""
        assert slot.step is not None and slot.run is not None
        if result is None:
            self._keep(slot, batch)
            return True
        if result.accepted:
            slot.accept()
            batch.steps.append(slot.step)
            return True
        if result.missing:
            lacking = self._delivery.send_again(result.missing)
            if not lacking:
                self._keep(slot, batch)
                return True
            slot.refuse(result.error, lacking)
            self._tails.pop(slot.sent.run_id, None)
            return False
        slot.refuse(result.error)
        batch.steps.append(Step(slot.run, slot.step.seq, slot.run.log_size, RunStatus.LOST, result.error))
        return False

    # ---- at the end ----

    def _write(self, batch: Batch) -> None:
        """Write what must outlive this process. A mere number need not: told twice, the server knows an update again."""
        dropped, more = self._afterwards(batch)
        steps = [*batch.steps, *more]
        written = [
            step for step in steps if step.status is not None or step.log_size != step.run.log_size or batch.keep
        ]
        removed = [kept for told in batch.told for kept in told.arrived]
        if written or batch.keep or removed or dropped:
            with self._database.writing() as connection:
                self._outbox.remove(connection, removed)
                self._outbox.drop(connection, dropped)
                self._outbox.add(connection, batch.keep)
                self._book.write_steps(connection, written)
        self._book.done_steps(steps)
        for step in steps:
            if step.status is not None:
                self._tails.pop(step.run.id, None)
                self._over(step.run.id)
        for told in batch.told:
            self._delivery.obey(told)
        if batch.keep or self._delivery.has_more():
            self._courier()

    def _afterwards(self, batch: Batch) -> tuple[list[str], list[Step]]:
        """What the server said of runs beside the batch's own updates: runs to drop from the outbox, and their ends."""
        dropped: list[str] = []
        steps: list[Step] = []
        ended = {step.run.id for step in batch.steps if step.status is not None}
        for told in batch.told:
            for kept, error in told.refused:
                dropped.append(kept.update.run_id)
                self._end(kept.update.run_id, error, ended, steps)
            for kept, lacking in told.lacking:
                dropped.append(kept.update.run_id)
                error = f"the manager lost {len(lacking)} files before the server had them"
                self._end(kept.update.run_id, error, ended, steps)
                batch.keep.append(self._lost(kept.update, error))
            for run_id in told.lost:
                self._end(run_id, "the server gave its task away", ended, steps)
        batch.keep[:] = [
            update for update in batch.keep if update.run_id not in dropped or update.status is RunStatus.LOST
        ]
        return dropped, steps

    def _end(self, run_id: str, reason: str, ended: set[str], steps: list[Step]) -> None:
        run = self._book.get(run_id)
        if run is not None and run_id not in ended:
            ended.add(run_id)
            steps.append(Step(run, run.seq, run.log_size, RunStatus.LOST, reason))

    def _lost(self, update: RunUpdate, reason: str) -> RunUpdate:
        now = self._clock()
        seq = max(update.seq + 1, int(now * 1000))
        return RunUpdate(update.run_id, update.task_id, seq, RunStatus.LOST, reason, at=now)
