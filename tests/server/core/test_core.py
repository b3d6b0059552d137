"""Configuration, migrations and the command line."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import requests
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from click.testing import CliRunner
from flamenco_server.cli import server
from flamenco_server.config import ServerConfig, load
from flamenco_server.db import Database
from flamenco_server.errors import BadConfig
from flamenco_server.migrating import check_migrated, migrate
from flamenco_server.models import all_tables
from processes import free_port, new_database, shared_postgres, until
from server_farm import BOTH


def test_flags_win_over_the_environment_that_over_the_file_and_that_over_the_defaults(tmp_path: Path) -> None:
    file = tmp_path / "server.toml"
    file.write_text('port = 1\nhost = "file"\nthreads = 3\n[files_options]\nregion = "x"\n', encoding="utf-8")
    environment = {
        "FLAMENCO_SERVER_PORT": "2",
        "FLAMENCO_SERVER_HOST": "env",
        "FLAMENCO_SERVER_JOB_COMPILERS": "/a, /b",
    }
    config = load(file, environment, {"port": 3, "data_dir": tmp_path, "host": None})
    assert (config.port, config.host, config.threads, config.lease_seconds) == (3, "env", 3, 300)
    assert config.job_compilers == [Path("/a"), Path("/b")]
    assert config.files_options == {"region": "x"}
    assert config.url() == f"sqlite:///{tmp_path}/flamenco-server.sqlite"


@pytest.mark.parametrize(
    ("text", "sentence"), [("prot = 1", "prot"), ("port = 'x'", "port"), ("port =", "not valid TOML")]
)
def test_a_bad_configuration_is_one_sentence(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "c.toml").write_text(text, encoding="utf-8")
    with pytest.raises(BadConfig, match=sentence):
        load(tmp_path / "c.toml", {}, {})
    with pytest.raises(BadConfig, match="cannot be read"):
        load(tmp_path / "absent.toml", {}, {})


@pytest.mark.parametrize("kind", BOTH)
def test_migrations_make_what_the_models_say(kind: str, tmp_path: Path) -> None:
    url = new_database(shared_postgres(), "unmigrated") if kind == "postgres" else ""
    database = Database(ServerConfig(data_dir=tmp_path, database_url=url).url())
    migrate(database)
    migrate(database)
    check_migrated(database)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
        names = {"ix_tasks_queued", "ix_tasks_expiry", "ix_tasks_lease"}
        catalog = "SELECT indexdef FROM pg_indexes" if not database.is_sqlite else "SELECT sql FROM sqlite_master"
        made = [str(row[0]) for row in connection.exec_driver_sql(catalog)]
        for name in names:
            assert any(name in sql and "WHERE" in sql for sql in made), name
    database.close()


def test_a_token_file_is_for_its_owner_only_and_its_token_works(tmp_path: Path) -> None:
    secret = tmp_path / "secrets" / "token"
    base = ["--data-dir", str(tmp_path)]
    for _ in range(2):
        made = CliRunner().invoke(
            server, [*base, "create-user", "up", "--role", "admin", "--token-file", str(secret)], catch_exceptions=False
        )
        assert (made.exit_code, made.output) == (0, "")
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    told = CliRunner().invoke(server, [*base, "create-manager", "site"], catch_exceptions=False)
    assert told.output.startswith("manager_")


def test_a_mistake_on_the_command_line_is_one_sentence_and_exit_code_2(tmp_path: Path) -> None:
    told = CliRunner().invoke(server, ["--config", str(tmp_path / "absent.toml"), "migrate"])
    assert told.exit_code == 2
    assert told.output.startswith("flamenco server: the configuration file")
    assert "Traceback" not in told.output


@pytest.mark.real
def test_the_server_runs_answers_and_stops_at_sigterm(tmp_path: Path) -> None:
    port = free_port()
    environment = {**os.environ, "FLAMENCO_SERVER_DATA_DIR": str(tmp_path), "FLAMENCO_SERVER_PORT": str(port)}
    command = [sys.executable, "-m", "flamenco_server.cli", "run"]
    process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
    try:

        def healthy() -> bool:
            try:
                return requests.get(f"http://127.0.0.1:{port}/api/health", timeout=2).ok
            except requests.ConnectionError:
                return False

        until(healthy, 20, "the server answers")
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
