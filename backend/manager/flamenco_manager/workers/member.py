"""A worker of this site as the manager keeps it in memory, and as the database has it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec
from flamenco_common.abilities import Abilities
from flamenco_common.states import WorkerState

_STORED = (
    "id", "identity", "name", "token_hash", "previous_hash", "enabled", "wish_state", "wish_when", "done_state", "schedule",
    "session", "unreported", "registered_at",
)  # fmt: skip


@dataclass
class Member:
    """One worker. Only the fleet changes it."""

    number: int
    id: str
    identity: str
    name: str
    abilities: Abilities
    token_hash: str
    registered_at: float
    previous_hash: str = ""
    state: WorkerState = WorkerState.OFFLINE
    enabled: bool = True
    wish_state: str = "run"
    wish_when: str = "after"
    done_state: str = ""  # restart or shutdown, if that was the last wish and is done
    tags: list[str] = field(default_factory=list)
    schedule: str = ""
    session: int = 0
    unreported: bool = True
    reason: str = ""  # why it is offline; not stored
    last_seen: float = 0.0  # not stored: after a restart everybody counts as just seen
    idle_since: float | None = None  # when it was last told that there is nothing to do
    version: int = 0  # grows with each change that the server is to hear of

    def row(self) -> dict[str, Any]:
        """The columns of this worker, all but its number."""
        plain = {name: getattr(self, name) for name in _STORED}
        return {
            **plain,
            "abilities": msgspec.json.encode(self.abilities).decode(),
            "state": self.state.value,
            "tags": msgspec.json.encode(self.tags).decode(),
        }


def from_row(row: Mapping[Any, Any], now: float) -> Member:
    """A worker as the database has it."""
    plain = {name: row[name] for name in _STORED}
    return Member(
        number=row["number"],
        abilities=msgspec.json.decode(row["abilities"], type=Abilities),
        state=WorkerState(row["state"]),
        tags=msgspec.json.decode(row["tags"], type=list[str]),
        last_seen=now,
        **plain,
    )
