"""Configuration, the enrolment secret, the command line, and what is open to everybody."""

from __future__ import annotations

import stat
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from flamenco_common.locking import try_lock
from flamenco_manager.cli import manager as command
from flamenco_manager.config import ManagerConfig, load
from flamenco_manager.enrolment import enrolment_secret
from flamenco_manager.errors import BadConfig
from played_server import Played


def test_flags_win_over_the_environment_and_that_over_the_file(tmp_path: Path) -> None:
    file = tmp_path / "m.toml"
    file.write_text(
        'port = 1\nhost = "a"\nthreads = 5\n[variables.shots]\nlinux = "/s"\nwindows = "S:"\ntwo_way = true\n'
    )
    environment = {
        "FLAMENCO_MANAGER_PORT": "2",
        "FLAMENCO_MANAGER_HOST": "b",
        "FLAMENCO_MANAGER_DATA_DIR": str(tmp_path),
    }
    config = load(file, environment, {"port": 3, "threads": None})
    assert (config.port, config.host, config.threads, config.data_dir) == (3, "b", 5, tmp_path)
    (variable,) = config.own_variables()
    assert (variable.name, variable.two_way, variable.value("windows")) == ("shots", True, "S:")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("prot = 1", "prot"), ('port = "x"', "port"), ("port =", "not valid TOML"), ('server_url = "ftp://x"', "http://"),
        ("[variables.a]\nlinux = 5", "variables"),
    ],
)  # fmt: skip
def test_a_bad_configuration_is_one_sentence_and_exit_code_2(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "m.toml"
    file.write_text(text)
    result = CliRunner().invoke(command, ["--config", str(file), "--data-dir", str(tmp_path), "enrolment"])
    assert result.exit_code == 2
    assert result.output.startswith("flamenco manager: ")
    assert says in result.output
    assert result.output.count("\n") == 1


def test_without_a_token_it_does_not_start_and_says_what_to_do(tmp_path: Path) -> None:
    result = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "run"])
    assert (result.exit_code, "create-manager" in result.output) == (2, True)
    missing = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "run", "--token-file", str(tmp_path / "none")])
    assert (missing.exit_code, "token file" in missing.output) == (2, True)


def test_the_enrolment_secret_is_made_once_for_the_owner_only(tmp_path: Path) -> None:
    first = CliRunner().invoke(command, ["--data-dir", str(tmp_path / "new"), "enrolment"]).output.strip()
    assert len(first) > 30
    assert enrolment_secret(ManagerConfig(data_dir=tmp_path / "new")) == first
    if sys.platform != "win32":
        assert stat.S_IMODE((tmp_path / "new" / "enrolment").stat().st_mode) == 0o600
    assert enrolment_secret(ManagerConfig(data_dir=tmp_path, enrolment="given")) == "given"
    (tmp_path / "file").write_text("from a file\n")
    assert enrolment_secret(ManagerConfig(data_dir=tmp_path, enrolment_file=tmp_path / "file")) == "from a file"
    with pytest.raises(BadConfig, match="enrolment file"):
        enrolment_secret(ManagerConfig(data_dir=tmp_path, enrolment_file=tmp_path / "none"))


def test_migrate_is_a_command_and_can_be_repeated(tmp_path: Path) -> None:
    for _ in range(2):
        assert CliRunner().invoke(command, ["--data-dir", str(tmp_path), "migrate"]).exit_code == 0
    assert (tmp_path / "flamenco-manager.sqlite").exists()


def test_two_managers_do_not_share_a_folder(tmp_path: Path) -> None:
    with try_lock(tmp_path / "lock") as free:
        assert free
        refused = CliRunner().invoke(command, ["--data-dir", str(tmp_path), "migrate"])
    assert (refused.exit_code, refused.output.count("\n")) == (2, 1)
    assert f"another manager uses the folder {tmp_path}" in refused.output
    assert CliRunner().invoke(command, ["--data-dir", str(tmp_path), "migrate"]).exit_code == 0


def test_only_health_is_open(manager: Played) -> None:
    client = manager.app.test_client()
    assert client.get("/health").json["status"] == "ok"
    for rule in manager.app.url_map.iter_rules():
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            if rule.rule != "/health":
                path = rule.rule.replace("<int:task_id>", "1").replace("<sha256>", "a" * 64)
                assert client.open(path, method=method).status_code == 401, (method, path)


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/nothing", 404), ("DELETE", "/register", 405)])
def test_errors_are_problem_documents(manager: Played, method: str, path: str, status: int) -> None:
    answer = manager.app.test_client().open(path, method=method)
    assert (answer.status_code, answer.content_type) == (status, "application/problem+json")
    assert set(answer.json) >= {"type", "title", "status", "detail"}


def test_a_mistake_of_ours_tells_nothing_of_its_inside(manager: Played, monkeypatch: pytest.MonkeyPatch) -> None:
    worker = manager.worker()

    def broken(*arguments: Any) -> None:
        raise RuntimeError("the secret inside")

    monkeypatch.setattr(manager.site.handing, "next", broken)
    monkeypatch.setattr(manager.site.fleet, "signed_in", broken)
    for method, path in (("GET", "/generate"), ("POST", "/available")):
        answer = worker(method, path)
        assert (answer.status_code, answer.content_type) == (500, "application/problem+json")
        assert "secret" not in answer.text
