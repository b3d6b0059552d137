"""Lists by keyset: a cursor holds the last row's sort value and id, so a page costs the same wherever it is."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Generic, TypeVar

import msgspec
from sqlalchemy import BigInteger, ColumnElement, and_, or_
from sqlalchemy.orm import Session

from flamenco_server.errors import Invalid

T = TypeVar("T")
Id = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
BigId = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]  # of tasks and outputs


class PageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every list understands; lists with filters add theirs."""

    limit: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 100
    cursor: str = ""
    sort: str = ""


class Page(msgspec.Struct, Generic[T], frozen=True):
    """A part of a list; `next` is the cursor of the part that follows, or null."""

    items: list[T]
    next: str | None


def page(
    session: Session,
    statement: Any,
    query: PageQuery,
    sorts: Mapping[str, Any],
    key: Any,
    present: Callable[[Any], T],
    default: str = "",
) -> Page[T]:
    """One page of a select. `sorts` are the columns to sort by; the column `key` is unique and breaks ties."""
    name = query.sort or default or next(iter(sorts))
    descending = name.startswith("-")
    column = sorts.get(name.removeprefix("-"))
    if column is None:
        raise Invalid(f"this list cannot be sorted by {name!r}; it can by {', '.join(sorts)}", "sort")
    if query.cursor:
        statement = statement.where(_after(_decoded(query.cursor, column, key), column, key, descending))
    order = (column.desc(), key.desc()) if descending else (column.asc(), key.asc())
    ordered = statement.add_columns(column.label("sort_value"), key.label("sort_key")).order_by(*order)
    rows = session.execute(ordered.limit(query.limit + 1)).all()
    shown = rows[: query.limit]
    more = len(rows) > query.limit
    return Page([present(row) for row in shown], _encoded(shown[-1]) if more else None)


def _after(last: list[Any], column: ColumnElement[Any], key: ColumnElement[Any], descending: bool) -> Any:
    value, last_key = last
    if descending:
        return or_(column < value, and_(column == value, key < last_key))
    return or_(column > value, and_(column == value, key > last_key))


def _encoded(row: Any) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode([row.sort_value, row.sort_key])).decode().rstrip("=")


def _decoded(cursor: str, *columns: Any) -> list[Any]:
    """The values that a cursor holds, which must be of the types of `columns`. Raises `Invalid`."""
    try:
        raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        last = msgspec.json.decode(raw, type=list[Any])
    except (binascii.Error, ValueError, msgspec.MsgspecError) as error:
        raise Invalid("the cursor is not one that this list gave", "cursor") from error
    if len(last) != len(columns) or not all(_fits(one, column) for one, column in zip(last, columns, strict=True)):
        raise Invalid("the cursor is not one that this list gave", "cursor")
    return last


def _fits(value: Any, column: Any) -> bool:
    kind = column.type.python_type
    if isinstance(value, str):
        return kind is str and "\x00" not in value
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return False
    most = 2**63 if isinstance(column.type, BigInteger) else 2**31
    return kind is float or (kind is int and isinstance(value, int) and -most <= value < most)
