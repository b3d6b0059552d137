"""Mistakes on the command line of `flamenco server`: one sentence, exit code 2, no traceback."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from flamenco_server.cli import server

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--config", "{tmp}/absent.toml", "run"], "the configuration file {tmp}/absent.toml cannot be read"),
        (["--data-dir", "{tmp}/file/x", "run"], "the data folder {tmp}/file/x cannot be made: Not a directory"),
        (["--database-url", "nonsense", "run"], "the database URL cannot be read: write it like postgresql://"),
        (["--database-url", "oracle://x/y", "migrate"], "the database is SQLite or PostgreSQL, not oracle"),
        (["--database-url", NOWHERE, "run"], "the database cannot be used: connection failed"),
        (["--data-dir", "{tmp}/junk", "run"], "the database cannot be used: file is not a database"),
        (["--data-dir", "{tmp}", "run", "--host", "no.such.host.invalid"], "cannot listen on no.such.host.invalid:8080"),
        (["--data-dir", "{tmp}", "run", "--port", "99999"], "99999 is not in the range"),
        (["--data-dir", "{tmp}", "create-user", "x" * 101], "a name has 1 to 100 characters"),
        (["--data-dir", "{tmp}", "create-user", "x", "--role", "boss"], "'boss' is not one of 'viewer', 'artist'"),
        (["--data-dir", "{tmp}", "create-user", "x", "--token-file", "{tmp}/file/t"], "the token file {tmp}/file/t cannot"),
        (["--data-dir", "{tmp}", "collect-garbage", "--grace-hours", "1"], "the grace period must be 2 hours or more"),
    ],
    ids=lambda value: None if isinstance(value, list) else value[:40],
)  # fmt: skip
def test_a_mistake_is_one_sentence_and_exit_code_2(tmp_path: Path, arguments: list[str], sentence: str) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "junk").mkdir()
    (tmp_path / "junk" / "flamenco-server.sqlite").write_bytes(b"this is no database" * 100)
    told = CliRunner().invoke(server, [argument.format(tmp=tmp_path) for argument in arguments])
    assert told.exit_code == 2, told.output
    assert sentence.format(tmp=tmp_path) in told.output
    assert "Traceback" not in told.output


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("s3://", "files_url names no bucket"),
        ("ftp://host/x", "files_url is a folder or s3://bucket/prefix, not ftp://"),
        ("{tmp}/file/x", "the folder of the files, {tmp}/file/x, cannot be made"),
    ],
)
def test_a_place_for_files_that_is_none_is_said_when_the_server_starts(tmp_path: Path, url: str, sentence: str) -> None:
    (tmp_path / "file").write_text("in the way")
    environment = {"FLAMENCO_SERVER_FILES_URL": url.format(tmp=tmp_path)}
    told = CliRunner().invoke(server, ["--data-dir", str(tmp_path), "run", "--port", "0"], env=environment)
    assert (told.exit_code, sentence.format(tmp=tmp_path) in told.output) == (2, True), told.output
