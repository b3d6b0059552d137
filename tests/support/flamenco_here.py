"""The `flamenco` command, run in this process against a served farm, in a home of its own."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from flamenco_cli.main import run
from served_farm import Served


@dataclass(frozen=True)
class Said:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it wrote, as JSON."""
        return json.loads(self.out)

    @property
    def rows(self) -> list[list[str]]:
        """The lines of a table as their cells."""
        return [re.split(r"\s{2,}", line.strip()) for line in self.out.splitlines() if line.strip()]

    def mistake(self) -> str:
        """The one sentence of a mistake, which has exit code 2."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.startswith("flamenco: "), self
        assert self.err.count("\n") == 1, self
        return self.err.removeprefix("flamenco: ").strip()


Command = Callable[..., Said]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with nothing in it, and no farm in the environment."""
    folder = tmp_path / "home"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, below in (
        ("HOME", ""),
        ("XDG_CONFIG_HOME", "config"),
        ("XDG_STATE_HOME", "state"),
        ("XDG_CACHE_HOME", "c"),
    ):
        monkeypatch.setenv(name, str(folder / below))
    for name in ("FLAMENCO_SERVER", "FLAMENCO_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "240")
    return folder


@pytest.fixture
def flamenco(
    served: Served, home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Command:
    """`flamenco("jobs", "--json")` as the admin of the served farm."""
    monkeypatch.setenv("FLAMENCO_SERVER", served.address)
    monkeypatch.setenv("FLAMENCO_TOKEN", served.farm.tokens["admin"])

    def command(*arguments: object) -> Said:
        capsys.readouterr()
        code = run([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return command
