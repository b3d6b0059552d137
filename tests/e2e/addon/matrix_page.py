"""The matrix as a page for artists."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from matrix_scenes import GROUPS, ROWS

HEAD = """\
# Same picture

What your own Blender renders, and what add-on and farm make of the same scene. `make matrix` prints this page: for each row and each
Blender it builds a small scene, sends it through the add-on to a farm of two workers, renders it in that Blender itself,
fetches the farm's frames into a folder and compares the two.

How to read it: **equal** means that every file is there on both sides and every pixel of every frame has the same value. Where
pixels differ, the cell says how many and by how much, in steps of 1/255. **no** means that the pictures cannot be the same, and the
note below the table says why, and what to do. – means that this Blender, or the one that the tests have, has no such thing.
"""
SAID = {"absent": "–", "refused": "not sent", "failed": "FAILED"}


def page(outcomes: Iterable[Any], series: Iterable[str]) -> str:
    """All tables, a group each, with the notes of their rows."""
    by_row: dict[str, dict[str, Any]] = {}
    for each in outcomes:
        by_row.setdefault(each.row.name, {})[each.series] = each
    parts = [HEAD]
    for group, title in GROUPS.items():
        rows = [cells for name, cells in by_row.items() if ROWS[name].group == group]
        if rows:
            parts.append(_table(title, rows, tuple(series)))
    return "\n".join(parts)


def cells_of(text: str) -> dict[str, list[str]]:
    """What a page says: the words of each cell, by the title of its row."""
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| |")]
    found = ([cell.strip() for cell in line.strip("| ").split(" | ")] for line in lines)
    return {re.sub(r"( \[\d+\])+$", "", title): cells for title, *cells in found}


def _table(title: str, rows: list[dict[str, Any]], series: tuple[str, ...]) -> str:
    notes: list[str] = []
    lines = [f"## {title}", "", f"| | {' | '.join(series)} |", f"|---|{'---|' * len(series)}"]
    for cells in rows:
        row = next(iter(cells.values())).row
        marks = "".join(_note(notes, text) for text in _notes(row, cells))
        lines.append(f"| {row.title}{marks} | {' | '.join(_cell(cells[each]) for each in series)} |")
    lines += ["", *(f"{number}. {text[0].upper()}{text[1:]}." for number, text in enumerate(notes, start=1))]
    return "\n".join(lines).rstrip() + "\n"


def _note(notes: list[str], text: str) -> str:
    if text not in notes:
        notes.append(text)
    return f" [{notes.index(text) + 1}]"


def _notes(row: Any, cells: dict[str, Any]) -> list[str]:
    absent = row.absent if any(each.state == "absent" for each in cells.values()) else ""
    refused = {f"the add-on says: {_short(each.words)}" for each in cells.values() if each.state == "refused"}
    warned = {f"the add-on warns: {_short(words)}" for each in cells.values() for words in each.warnings}
    return [text for text in (row.why, *sorted(refused | warned), row.note, absent) if text]


def _short(words: str) -> str:
    """Without the folders of the machine that made the page."""
    return re.sub(r"(?<![\w.])/[^\s,;:]*/", "…/", words)


def _cell(outcome: Any) -> str:
    if outcome.state == "equal":
        return "equal"
    if outcome.state == "near":
        return f"equal ({outcome.words})"
    if outcome.state == "differs":
        return f"no: {outcome.words}"
    return SAID[outcome.state]
