"""Which farm is talked to, and as whom."""

from __future__ import annotations

import json
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
    said = nobody("login", "--json")
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
