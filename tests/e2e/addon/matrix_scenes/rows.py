"""What a row of the matrix is. Read by the tests too, where there is no Blender: this module needs none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

SERIES = ("3.4", "4.5", "5.0")
ALL_AT_ONCE = 100  # frames a task: each task more may start another Blender
NO_SCRIPTS, SCRIPTS = "", "trusted"  # projects: whether the farm may run the Python that a file brings


@dataclass(frozen=True)
class Row:
    """A thing that scenes have, and whether the farm's picture of it is the artist's."""

    name: str
    title: str
    group: str
    build: Callable[[Any], None]
    series: tuple[str, ...] = SERIES
    absent: str = ""  # why the other series have no such thing
    type: str = "render"
    settings: dict[str, Any] = field(default_factory=dict)
    shared_out: bool = False  # each frame is a task, so that two machines share them
    project: str = NO_SCRIPTS
    why: str = ""  # why the pictures differ, for an artist; empty: they must be equal
    warned: str = ""  # a part of what the add-on warns of before it sends this; empty: it has no warnings
    refused: str = ""  # what the add-on says when it refuses to send this; empty: it sends it
    levels: int = 0  # most steps of 1/255 that a channel may differ by, where an engine is not exact
    note: str = ""  # what an artist should know though the pictures are equal

    def sent(self) -> dict[str, Any]:
        """The settings that the job is sent with."""
        if self.type == "video":
            return self.settings
        chunk = {} if self.shared_out else {"chunk_size": ALL_AT_ONCE}
        return {"preview": False, **chunk, **self.settings}


ROWS: dict[str, Row] = {}


def row(title: str, **more: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    """Make a function that builds a scene a row of the matrix; its module is the row's group."""

    def listed(build: Callable[[Any], None]) -> Callable[[Any], None]:
        name = build.__name__
        assert name not in ROWS, f"two rows are called {name}"
        ROWS[name] = Row(name, title, build.__module__.rpartition(".")[2], build, **more)
        return build

    return listed
