"""How the parts of the client make calls; `api.Client` gives them the way."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import quote

Document = dict[str, Any]


class Calls:
    """What each part of the client builds on."""

    def items(self, path: str, **filters: Any) -> Iterator[Document]:
        """All items of a list."""
        raise NotImplementedError

    def _document(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        again: bool = False,
    ) -> Document:
        raise NotImplementedError


def part(text: str) -> str:
    """A part of an address, whatever is in it."""
    return quote(text, safe="") or "-"
