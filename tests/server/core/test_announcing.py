"""When a server tells the local network that it is here. That it is heard, the add-on's tests see."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import pytest
from flamenco_server import announcing, cli
from flamenco_server.config import ServerConfig


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({}, None),  # loopback only
        ({"host": "0.0.0.0", "mdns": False}, None),
        ({"host": "0.0.0.0"}, ("0.0.0.0", 8080, "")),
        ({"public_url": "https://farm.studio"}, ("127.0.0.1", 8080, "https://farm.studio")),
    ],
)
def test_a_server_announces_itself_where_others_can_reach_it(
    settings: dict[str, Any], told: tuple[str, int, str] | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, int, str]] = []

    def announced(host: str, port: int, name: str, public_url: str) -> contextlib.AbstractContextManager[None]:
        assert name.startswith("Flamenco on ")
        heard.append((host, port, public_url))
        return contextlib.nullcontext()

    monkeypatch.setattr(announcing, "announced", announced)
    with cli._announced(ServerConfig(data_dir=tmp_path, **settings), 8080):
        assert heard == ([told] if told else [])


def test_a_network_that_forbids_it_stops_no_server(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def refuse(**_: object) -> None:
        raise OSError("no multicast here")

    monkeypatch.setattr(announcing, "Zeroconf", refuse)
    with announcing.announced("0.0.0.0", 8080, "Flamenco"):
        assert "cannot find this server" in caplog.text
