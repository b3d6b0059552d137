"""The workers of this site: in memory for the calls that come all the time, written through to the database."""

from __future__ import annotations

import logging
import secrets
import threading
from collections.abc import Callable, Iterable
from typing import Any

from flamenco_common.documents import Registration, WorkerWish
from flamenco_common.states import WorkerState, check_move
from sqlalchemy import bindparam, insert, select, update

from flamenco_manager.db import Database
from flamenco_manager.errors import BadConfig, NotAllowed, NotAuthenticated
from flamenco_manager.upstream.server import Me
from flamenco_manager.workers.member import Member, from_row
from flamenco_manager.workers.models import FACTS, WORKERS
from flamenco_manager.workers.orders import ONCE
from flamenco_manager.workers.tokens import hashed, new_token, number_of, same

_UPDATE = update(WORKERS).where(WORKERS.c.number == bindparam("b_number"))
_REPORTED = _UPDATE.values(unreported=False)
_REVISION = "revision"
_log = logging.getLogger(__name__)
_MANAGER = "manager_id"


class Fleet:
    """Everything that changes a worker goes through here."""

    def __init__(self, database: Database, clock: Callable[[], float], ticks: Callable[[], float]) -> None:
        self._database = database
        self._clock = clock
        self._ticks = ticks
        self._lock = threading.RLock()
        with database.reading() as connection:
            rows = connection.execute(select(WORKERS)).mappings().all()
            facts = {row.name: int(row.value) for row in connection.execute(select(FACTS))}
        self.revision = facts.get(_REVISION, 0)
        self._manager_id = facts.get(_MANAGER, 0)
        self._members = {row["number"]: from_row(row, ticks()) for row in rows}
        self._by_id = {member.id: member for member in self._members.values()}
        self._unreported = {number: member for number, member in self._members.items() if member.unreported}

    # ---- who is who ----

    def by_token(self, token: str) -> Member:
        """The worker that shows this token. Raises `NotAuthenticated`."""
        number = number_of(token)
        member = self._members.get(number) if number is not None else None
        digest = hashed(token)
        if member is not None and same(member.token_hash, digest):
            if member.previous_hash:
                self._change(member, {"previous_hash": ""}, told=False)
            return member
        if member is not None and member.previous_hash and same(member.previous_hash, digest):
            return member
        raise NotAuthenticated("this token is not valid here: register with the site's enrolment secret")

    def get(self, worker_id: str) -> Member | None:
        """The worker with that id."""
        return self._by_id.get(worker_id)

    def all(self) -> list[Member]:
        """All workers."""
        with self._lock:
            return list(self._members.values())

    def register(self, sent: Registration, manager_id: int, own: Member | None) -> tuple[Member, str]:
        """Take a worker in, or update the one with that identity; gives it a token, told once.

        `own` is the worker whose token came with the call, None for the enrolment secret. Raises `NotAllowed`.
        """
        with self._lock:
            known = next((one for one in self._members.values() if one.identity == sent.identity), None)
            if own is not None and own is not known:
                raise NotAllowed("this token belongs to another worker")
            member = known or self._added(sent, manager_id)
            token = new_token(member.number)
            change = {
                "name": sent.name,
                "abilities": sent.abilities,
                "token_hash": hashed(token),
                "previous_hash": member.token_hash if own is not None else "",
                "registered_at": self._clock(),
            }
            self._change(member, change)
            return member, token

    def _added(self, sent: Registration, manager_id: int) -> Member:
        member = Member(
            number=0,
            id=f"M{manager_id}-{secrets.token_hex(5)}",
            identity=sent.identity,
            name=sent.name,
            abilities=sent.abilities,
            token_hash="",
            registered_at=self._clock(),
            last_seen=self._ticks(),
        )
        with self._database.writing() as connection:
            key = connection.execute(insert(WORKERS).values(member.row())).inserted_primary_key
        assert key is not None
        member.number = int(key[0])
        self._members[member.number] = member
        self._by_id[member.id] = member
        return member

    # ---- what they are ----

    def signed_in(self, member: Member) -> None:
        """The worker holds no run: it just started. What it was told to do once is done."""
        wish = _fulfilled(member)
        state = WorkerState.ASLEEP if member.state is WorkerState.ASLEEP else WorkerState.AWAKE
        self._change(member, {"session": member.session + 1, **wish}, told=False)
        self.become(member, state)

    def signed_off(self, member: Member, reason: str, *, done: bool) -> None:
        """The worker is away; `done`: it ended as it was told."""
        if done and member.wish_state in ONCE:
            self._change(member, _fulfilled(member), told=False)
        self.become(member, WorkerState.OFFLINE, reason)

    def become(self, member: Member, state: WorkerState, reason: str = "") -> None:
        """Move a worker to another state, if it is not in it."""
        with self._lock:
            if member.state is not state:
                check_move(member.state, state)
                member.reason = reason
                member.idle_since = None
                self._change(member, {"state": state})
                _log.info(
                    "the worker %s (%s) is %s%s", member.name, member.id, state.value, f": {reason}" if reason else ""
                )

    def obey(self, revision: int, wishes: Iterable[WorkerWish]) -> None:
        """Take over what people asked of workers on the server."""
        with self._lock:
            if revision <= self.revision:
                return
            for wish in wishes:
                member = self._by_id.get(wish.worker_id)
                if member is not None and wish.revision > self.revision:
                    self._change(member, _wished(member, wish))
            self._remember(_REVISION, revision)
            self.revision = revision

    def manager_id(self, ask: Callable[[], Me]) -> int:
        """This manager's id on the farm; asked for once. Raises `Unreachable`."""
        if not self._manager_id:
            found = ask()
            if found.kind != "manager":
                raise BadConfig(f"the manager's token at the server belongs to the {found.kind} {found.name}")
            self._remember(_MANAGER, found.id)
            self._manager_id = found.id
        return self._manager_id

    def _remember(self, name: str, value: int) -> None:
        fact = self._database.insert(FACTS).values(name=name, value=str(value))
        with self._database.writing() as connection:
            connection.execute(fact.on_conflict_do_update(index_elements=["name"], set_={"value": str(value)}))

    def _change(self, member: Member, change: dict[str, Any], *, told: bool = True) -> None:
        """Write a change and then make it; `told`: the server is to hear of it."""
        with self._lock:
            more = {"unreported": True} if told else {}
            before = {name: getattr(member, name) for name in (*change, *more)}
            for name, value in (change | more).items():
                setattr(member, name, value)
            try:
                with self._database.writing() as connection:
                    row = {name: value for name, value in member.row().items() if name in before}
                    connection.execute(_UPDATE.values(row), {"b_number": member.number})
            except BaseException:
                for name, value in before.items():
                    setattr(member, name, value)
                raise
            if told:
                member.version += 1
                self._unreported[member.number] = member

    # ---- what the server knows of them ----

    def unreported(self) -> list[tuple[Member, int]]:
        """The workers of which the server knows something old, each with the version to report."""
        with self._lock:
            return [(member, member.version) for member in self._unreported.values()]

    def reported(self, told: Iterable[tuple[Member, int]]) -> None:
        """The server knows these versions now."""
        with self._lock:
            done = [member for member, version in told if member.version == version]
            if done:
                with self._database.writing() as connection:
                    connection.execute(_REPORTED, [{"b_number": member.number} for member in done])
            for member in done:
                member.unreported = False
                self._unreported.pop(member.number, None)

    def idle_count(self, now: float, seconds: float = 15.0) -> int:
        """How many workers were told lately that there is nothing to do."""
        return sum(1 for one in self.all() if one.idle_since is not None and now - one.idle_since < seconds)


def _fulfilled(member: Member) -> dict[str, Any]:
    """What is meant once was done."""
    return {"wish_state": "run", "done_state": member.wish_state} if member.wish_state in ONCE else {}


def _wished(member: Member, wish: WorkerWish) -> dict[str, Any]:
    """A wish as a change. It names all that is wished, so a restart that was done stands in it still.

    It is wished once more if nothing else of the wish is new.
    """
    more = {"enabled": wish.enabled, "wish_when": wish.when, "tags": wish.tags, "schedule": wish.schedule}
    is_new = {name: getattr(member, name) for name in more} != more
    if is_new and wish.state == member.done_state:
        return {**more, "wish_state": "run"}
    return {**more, "wish_state": wish.state, "done_state": ""}
