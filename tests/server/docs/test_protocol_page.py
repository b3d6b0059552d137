"""docs/protocol.md names each call of the server's API, and none that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from server_parts import Farm

PAGE = Path(__file__).parents[3] / "docs" / "protocol.md"
# Of the page that shows the API, not of the API.
PAGE_ITSELF = {("GET", "/api/docs"), ("GET", "/api/docs/*"), ("GET", "/api/openapi.json")}


def calls(text: str) -> Iterator[tuple[str, str]]:
    """The calls in the first column of the page's tables, with `*` for what is chosen."""
    for cell in re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE):
        for verbs, address in re.findall(r"`((?:[A-Z]+ )+)(/[^`?]*)", cell):
            before, _, choice = address.partition("{")
            ends, _, after = choice.partition("}")
            for end in ends.split(","):
                for verb in verbs.split():
                    yield verb, re.sub(r"/(ID|NAME|SHA256|CODE)(?=/|$)", "/*", before + end + after)


def test_the_protocol_names_every_call_and_no_other(farm: Farm) -> None:
    named = set(calls(PAGE.read_text(encoding="utf-8")))
    described = {
        (method.upper(), re.sub(r"\{\w+\}", "*", path))
        for path, methods in farm.by("viewer")("GET", "/api/openapi.json").json["paths"].items()
        for method in methods
    }
    server = {(verb, path) for verb, path in named if path.startswith(("/api/", "/events"))}
    assert len(server) > 50
    assert server == described - PAGE_ITSELF
