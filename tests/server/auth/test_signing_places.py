"""Where people approve, from where programs come, and the page for farms without a dashboard."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flamenco_server.cli import _offer_setup
from flamenco_server.modules.signing.codes import LETTERS, new_user_code, tidy
from flamenco_server.modules.signing.setup import offer_setup, setup_file
from server_farm import Site, make_site
from sqlalchemy import text

Maker = Callable[..., Site]


@pytest.fixture
def farm_with(tmp_path: Path) -> Iterator[Maker]:
    """Makes a farm with settings of its own."""
    made: list[Site] = []

    def make(**settings: Any) -> Site:
        made.append(make_site(tmp_path, **settings))
        return made[-1]

    yield make
    for each in made:
        each.database.close()


def start(site: Site, remote: str = "10.0.0.7", headers: dict[str, str] | None = None) -> Any:
    more = {"json": {"program": "x"}, "environ_overrides": {"REMOTE_ADDR": remote}}
    return site.by("nobody")("POST", "/api/sign-ins", headers, **more).json


def test_the_dashboard_is_where_people_approve_if_there_is_one(farm_with: Maker) -> None:
    begun = start(farm_with(dashboard_url="https://farm.studio/dashboard/"))
    assert begun["url"] == "https://farm.studio/dashboard/approve"
    assert begun["url_with_code"] == f"{begun['url']}?code={begun['user_code']}"


@pytest.mark.parametrize(
    ("remote", "told", "seen"),
    [
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "9.9.9.9, 1.2.3.4", "1.2.3.4"),
        ("10.0.0.1", "1.2.3.4, 10.0.0.1", "1.2.3.4"),
        ("10.0.0.2", "1.2.3.4", "10.0.0.2"),
    ],
)
def test_only_a_trusted_proxy_tells_who_calls(farm_with: Maker, remote: str, told: str, seen: str) -> None:
    farm = farm_with(trusted_proxies=["10.0.0.1"], public_url="https://farm.studio")
    begun = start(farm, remote, {"X-Forwarded-For": told} if told else {})
    assert begun["url"] == "https://farm.studio/api/sign-in"
    assert farm.by("viewer")("GET", f"/api/sign-ins/{begun['user_code']}").json["address"] == seen


def test_codes_are_read_however_they_are_typed() -> None:
    code = new_user_code()
    assert {tidy(code), tidy(code.lower()), tidy(f" {code.replace('-', '')} ")} == {code}
    assert not set("AEIOUY0123456789") & set(LETTERS)
    assert [tidy(text) for text in ("", "KXTW", "KXTW-RZP1", "KXTW-RZPQQ", "AAAA-AAAA", "K" * 99)] == [""] * 6


def test_the_page_runs_its_own_parts_only(farm_with: Maker) -> None:
    nobody = farm_with().by("nobody")
    page = nobody("GET", "/api/sign-in?code=KXTW-RZPQ")
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
    assert (page.headers["Referrer-Policy"], page.headers["Cache-Control"]) == ("no-referrer", "no-store")
    assert not re.search(r"<script(?! src=)|<style|style=| on[a-z]+=", page.text), "nothing inline"
    parts = [part for part in re.findall(r'(?:src|href)="([^"]+)"', page.text) if part != "data:,"]
    assert len(parts) == 2
    own = [nobody("GET", f"/api/{part}") for part in parts]
    assert [each.status_code for each in own] == [200, 200]
    assert not any("//" in re.sub(r"^\s*//.*$|; //.*$", "", each.text, flags=re.M) for each in own), "no other host"
    assert "innerHTML" not in own[1].text + own[0].text
    for name in ("views.py", "..%2fviews.py", "sign-in.html", "nothing"):
        assert nobody("GET", f"/api/sign-in/{name}").status_code == 404


def test_the_server_says_at_its_start_how_to_make_the_first_admin(
    farm_with: Maker, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = farm_with()
    _offer_setup(farm.config, farm.database)
    assert capsys.readouterr().err == ""
    with farm.database.writing() as session:
        session.execute(text("DELETE FROM users"))
    _offer_setup(farm.config, farm.database)
    code = setup_file(farm.config.data_dir).read_text(encoding="utf-8").strip()
    assert f"the setup code {code} " in capsys.readouterr().err


def first_admin(farm: Site, remote: str, headers: dict[str, str], **more: Any) -> Any:
    body = {"name": "boss", "password": "correct horse", **more}
    return farm.by("nobody")("POST", "/api/first-admin", headers, json=body, environ_overrides={"REMOTE_ADDR": remote})


@pytest.mark.parametrize(
    ("remote", "headers"),
    [
        ("10.0.0.7", {}),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}),
        ("127.0.0.1", {"Forwarded": "for=10.0.0.7"}),
        ("127.0.0.1", {"Host": "farm.studio"}),
        ("127.0.0.1", {"Host": "localhost.evil.example"}),
        ("127.0.0.1", {"Origin": "https://evil.example"}),
        ("127.0.0.1", {"Origin": "null"}),
    ],
)
def test_others_need_the_setup_code(farm_with: Maker, remote: str, headers: dict[str, str]) -> None:
    farm = farm_with()
    with farm.database.writing() as session:
        session.execute(text("DELETE FROM users"))
    code = offer_setup(farm.database, farm.config.data_dir, farm.clock.now)
    refused = first_admin(farm, remote, headers)
    assert (refused.status_code, "setup code" in refused.json["detail"]) == (403, True)
    assert first_admin(farm, remote, headers, setup_code=f" {code} ").status_code == 201
    assert not setup_file(farm.config.data_dir).exists()


def test_one_subscriber_of_ipv6_is_one_place(farm_with: Maker) -> None:
    farm = farm_with()
    for number in range(20):
        assert "user_code" in start(farm, f"2001:db8:1:2::{number:x}")
    assert start(farm, "2001:db8:1:2:ff::1")["status"] == 429
    assert "user_code" in start(farm, "2001:db8:1:3::1")
