"""`flamenco server collect-garbage`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner
from flamenco_server.cli import server
from flamenco_server.config import ServerConfig
from flamenco_server.modules.files.build import build_store
from server_parts import sha


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    done = CliRunner().invoke(server, ["--data-dir", str(folder), *arguments])
    return done.exit_code, done.output


def test_it_says_what_went(tmp_path: Path) -> None:
    assert run(tmp_path, "migrate")[0] == 0
    store = build_store(ServerConfig(data_dir=tmp_path))
    store.publish(store.stage(sha(b"new stray"), [b"new stray"]))
    assert run(tmp_path, "collect-garbage") == (0, "0 files gone, 0.0 MB\n")
    assert store.has(sha(b"new stray"))


def test_a_grace_period_that_is_not_safe_is_refused_in_one_sentence(tmp_path: Path) -> None:
    code, output = run(tmp_path, "collect-garbage", "--grace-hours", "0.5")
    assert code == 2
    assert "2 hours or more" in output
    assert output.count("\n") == 1
