"""`flamenco server backup`: a copy that a server can start from, taken while another writes."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flamenco_server.cli import server
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.modules.jobs.models import Job
from server_farm import make_site
from sqlalchemy import select


def back_up(folder: Path, file: Path, *more: str) -> Result:
    return CliRunner().invoke(server, ["--data-dir", str(folder), *more, "backup", str(file)])


def test_a_server_starts_from_a_backup_that_was_taken_while_it_ran(tmp_path: Path) -> None:
    (tmp_path / "farm").mkdir()
    site = make_site(tmp_path / "farm")
    job = site.submit(name="kept")
    restored = tmp_path / "restored"
    restored.mkdir()
    file = restored / "flamenco-server.sqlite"
    with site.database.writing():
        assert back_up(tmp_path / "farm", file).exit_code == 0
    site.submit(name="later")
    site.database.close()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    copy = Database(ServerConfig(data_dir=restored).url())
    with copy.reading() as session:
        assert [tuple(row) for row in session.execute(select(Job.id, Job.name))] == [(job, "kept")]
    copy.close()


@pytest.mark.parametrize(
    ("there", "more", "sentence"),
    [
        (True, (), "is there already: a backup never writes over another"),
        (False, (), "there is no database"),
        (False, ("--database-url", "postgresql://farm@db/flamenco"), "back it up with pg_dump"),
    ],
)
def test_what_cannot_be_backed_up_is_one_sentence(
    tmp_path: Path, there: bool, more: tuple[str, ...], sentence: str
) -> None:
    file = tmp_path / "backup.sqlite"
    if there:
        file.write_bytes(b"kept")
        (tmp_path / "flamenco-server.sqlite").touch()
    told = back_up(tmp_path, file, *more)
    assert (told.exit_code, sentence in told.output) == (2, True), told.output
    assert not there or file.read_bytes() == b"kept"
