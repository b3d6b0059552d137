"""Settings from a file, the environment and flags; what is wrong with them is one sentence."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from click.testing import CliRunner
from flamenco_worker import identity
from flamenco_worker.cli import worker
from flamenco_worker.config import load
from flamenco_worker.discovery import find_manager
from flamenco_worker.errors import BadConfig
from flamenco_worker.upstream import Upstream


def test_flags_win_over_the_environment_that_over_the_file_that_over_defaults(tmp_path: Path) -> None:
    file = tmp_path / "worker.toml"
    file.write_text('name = "file"\nthreads = 2\ncache_bytes = 5\nexec_allowed = ["/bin/true"]\n')
    environment = {"FLAMENCO_WORKER_NAME": "environment", "FLAMENCO_WORKER_THREADS": "3"}
    config = load(file, environment, {"name": "flag", "blenders": (), "data_dir": tmp_path})
    assert (config.name, config.threads, config.cache_bytes, config.stop_seconds) == ("flag", 3, 5, 10.0)
    assert config.exec_allowed == ["/bin/true"]
    assert config.work() == tmp_path / "work"


def test_lists_in_the_environment_are_separated_by_commas(tmp_path: Path) -> None:
    config = load(None, {"FLAMENCO_WORKER_KINDS": "blender, ffmpeg"}, {"data_dir": tmp_path})
    assert config.kinds == ["blender", "ffmpeg"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name = ", "is not valid TOML"),
        ("names = 'x'", "unknown field `names`"),
        ("threads = 'many'", r"Expected `int`, got `str` - at `threads`"),
    ],
)
def test_a_bad_file_is_told_in_one_sentence(tmp_path: Path, text: str, says: str) -> None:
    file = tmp_path / "worker.toml"
    file.write_text(text)
    with pytest.raises(BadConfig, match=says) as error:
        load(file, {}, {})
    assert "\n" not in str(error.value)


def test_files_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(BadConfig, match=r"worker\.toml cannot be read: No such file"):
        load(tmp_path / "worker.toml", {}, {})
    config = load(None, {}, {"enrolment_file": tmp_path / "secret"})
    with pytest.raises(BadConfig, match=r"the enrolment file .*secret cannot be read"):
        config.enrolment_secret()


@pytest.mark.parametrize("address", ["localhost:8080", "ftp://site", "http://", "http:///x"])
def test_an_address_that_is_none_is_told(address: str) -> None:
    with pytest.raises(BadConfig, match="does not begin with http:// or https://"):
        Upstream(address)


def test_an_identity_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    made = identity.load(tmp_path / "identity.json")
    assert identity.load(tmp_path / "identity.json") == made
    assert stat.S_IMODE((tmp_path / "identity.json").stat().st_mode) == 0o600
    assert len(list(tmp_path.iterdir())) == 1


def test_an_identity_that_cannot_be_read_is_told_and_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "identity.json").write_text("{")
    with pytest.raises(BadConfig, match=r"the worker's identity in .*identity\.json cannot be read"):
        identity.load(tmp_path / "identity.json")
    assert (tmp_path / "identity.json").read_text() == "{"


def test_no_manager_on_the_network_is_told() -> None:
    with pytest.raises(BadConfig, match="no manager answers on the local network"):
        find_manager(0.2)


def test_the_command_ends_with_2_and_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    base = ["--manager-url", "http://127.0.0.1:9", "--no-find-blenders"]
    for arguments, says in (
        ([*base, "--config", str(tmp_path / "no.toml")], "the configuration file"),
        ([*base, "--data-dir", str(tmp_path), "--blender", "/bin/true"], "does not tell a Blender version"),
        (["--manager-url", "nowhere", "--data-dir", str(tmp_path), "--no-find-blenders"], "does not begin with http"),
        ([*base, "--data-dir", str(tmp_path / "file" / "below")], "Not a directory"),
    ):
        done = CliRunner().invoke(worker, arguments)
        assert done.exit_code == 2
        assert done.stderr.startswith("flamenco worker: ")
        assert says in done.stderr
        assert done.stderr.count("\n") == 1
