"""Which farm is talked to, and as whom."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from flamenco_cli.settings import find
from flamenco_client import api
from flamenco_client.account import Account, account_file, local_file, write_account
from flamenco_here import Command
from processes import free_port
from served_farm import Served


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Tries follow each other at once."""
    monkeypatch.setattr(api, "PAUSE", 0.0)


@pytest.fixture
def nobody(flamenco: Command, monkeypatch: pytest.MonkeyPatch) -> Command:
    """The command without a farm in the environment."""
    monkeypatch.delenv("FLAMENCO_SERVER")
    monkeypatch.delenv("FLAMENCO_TOKEN")
    return flamenco


def test_a_farm_is_remembered_for_ones_own_eyes(served: Served, nobody: Command) -> None:
    said = nobody("login", served.address + "/", "--token", served.farm.tokens["artist"])
    assert said.out == f"Logged in at {served.address} as artist (artist).\n"
    assert account_file().stat().st_mode & 0o777 == 0o600
    assert account_file().parent.stat().st_mode & 0o777 == 0o700
    assert nobody("jobs").out == "There are no jobs.\n"
    assert [path.name for path in account_file().parent.iterdir()] == ["farm.json"], "nothing half-written stays"


def test_a_wrong_token_is_not_remembered(served: Served, nobody: Command) -> None:
    assert "token" in nobody("login", served.address, "--token", "user_1_wrong").mistake()
    assert not account_file().exists()
    assert "does not answer" in nobody("login", f"127.0.0.1:{free_port()}", "--token", "x").mistake()


def test_address_and_token_are_asked_for(served: Served, nobody: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("click.termui.visible_prompt_func", lambda _text: served.address)
    monkeypatch.setattr("click.termui.hidden_prompt_func", lambda _text: f" {served.farm.tokens['artist']} ")
    said = nobody("login", "--token", "-", "--json")
    assert said.json["name"] == "artist"
    assert served.farm.tokens["artist"] not in said.out + said.err
    assert json.loads(account_file().read_text())["token"] == served.farm.tokens["artist"]


def test_options_win_over_the_environment_over_login_over_a_farm_on_this_machine(home: Path) -> None:
    assert home
    write_account(Account("http://local", "local"), local_file())
    assert find(None, None, {}) == Account("http://local", "local")
    write_account(Account("http://login", "login"), account_file())
    assert find(None, None, {}) == Account("http://login", "login")
    assert find(None, "other", {}) == Account("http://login", "other")
    environment = {"FLAMENCO_SERVER": "http://env", "FLAMENCO_TOKEN": "env"}
    assert find(None, None, environment) == Account("http://env", "env")
    assert find("http://option", "option", environment) == Account("http://option", "option")
    assert find("http://option", None, environment) == Account("http://option", "env")
    assert find("login/", None, {}) == Account("http://login", "login")


def test_a_broken_file_is_no_farm(nobody: Command) -> None:
    account_file().parent.mkdir(parents=True)
    for junk in ("", "[]", "{}", "{", '{"address": "a"}'):
        account_file().write_text(junk)
        assert "no farm is known here" in nobody("jobs").mistake()


def test_a_config_that_cannot_be_written_is_named(served: Served, nobody: Command) -> None:
    account_file().parent.parent.mkdir(parents=True)
    account_file().parent.write_text("in the way")
    said = nobody("login", served.address, "--token", served.farm.tokens["artist"])
    assert f"{account_file()} cannot be written" in said.mistake()


class Person:
    """Somebody at a browser, who decides as soon as a program asks; called in the pauses between its questions."""

    def __init__(self, served: Served, decision: str, capsys: pytest.CaptureFixture[str]) -> None:
        self._served, self._decision, self._capsys = served, decision, capsys

    def __call__(self, _seconds: float) -> None:
        code = re.search(r"yes to the code (\S+)\.", self._capsys.readouterr().err)
        assert code
        artist = self._served.farm.by("artist")
        assert artist("GET", f"/api/sign-ins/{code[1]}").json["program"].startswith("flamenco on ")
        assert artist("POST", f"/api/sign-ins/{code[1]}/{self._decision}").status_code == 204


def test_without_a_token_one_signs_in_through_the_browser(
    served: Served, nobody: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flamenco_cli.login.time.sleep", Person(served, "approve", capsys))
    said = nobody("login", served.address)
    assert said.out == f"Logged in at {served.address} as artist (artist).\n"
    assert nobody("jobs").out == "There are no jobs.\n"
    assert nobody("logout").out == f"Logged out at {served.address}.\n"
    assert not account_file().exists()
    assert nobody("logout").mistake() == "you are not logged in anywhere"


def test_who_is_refused_in_the_browser_is_told(
    served: Served, nobody: Command, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("flamenco_cli.login.time.sleep", Person(served, "deny", capsys))
    assert nobody("login", served.address).mistake() == "it was refused in the browser"
    assert not account_file().exists()


def test_a_sign_in_that_nobody_answers_ends(served: Served, nobody: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def wait(_seconds: float) -> None:
        served.farm.clock.now += 100

    monkeypatch.setattr("flamenco_cli.login.time.sleep", wait)
    said = nobody("login", served.address)
    assert (said.code, said.out) == (2, "")
    shown = said.err.splitlines()
    assert shown[0].startswith(f"Open {served.address}/api/sign-in?code=")
    assert shown[-1] == "flamenco: nobody said yes in time: say `flamenco login` again"


def test_a_token_that_was_taken_back_is_forgotten_too(served: Served, nobody: Command) -> None:
    nobody("login", served.address, "--token", served.farm.tokens["artist"])
    served.farm.by("admin")("DELETE", "/api/tokens/2")
    assert nobody("logout").code == 0
    assert not account_file().exists()
