"""`flamenco server set-password`."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flamenco_server.cli import server
from server_farm import make_site
from server_parts import Caller


def run(folder: Path, *arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(server, ["--data-dir", str(folder), "set-password", *arguments], input=typed)


def test_a_password_is_typed_twice_or_read_from_a_file(tmp_path: Path) -> None:
    site = make_site(tmp_path)
    nobody: Caller = site.by("nobody")
    (tmp_path / "secret").write_text("from a file\n", encoding="utf-8")
    for arguments, typed, password in (
        (["artist"], "typed twice\ntyped twice\n", "typed twice"),
        (["artist", "--password-file", str(tmp_path / "secret")], None, "from a file"),
        (["artist", "--password-file", "-"], "from stdin\n", "from stdin"),
    ):
        told = run(tmp_path, *arguments, typed=typed)
        assert (told.exit_code, told.stdout) == (0, ""), told.output
        assert password not in told.output
        assert nobody("POST", "/api/sign-in", json={"name": "artist", "password": password}).status_code == 201
    site.database.close()


@pytest.mark.parametrize(
    ("name", "password", "sentence"),
    [
        ("nobody", "long enough", "there is no user 'nobody'"),
        ("artist", "short", "a password has 8 to 1000 characters"),
    ],
)
def test_a_mistake_is_one_sentence(tmp_path: Path, name: str, password: str, sentence: str) -> None:
    make_site(tmp_path).database.close()
    told = run(tmp_path, name, "--password-file", "-", typed=password + "\n")
    assert (told.exit_code, told.output) == (2, f"flamenco server: {sentence}\n")
