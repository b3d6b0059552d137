"""Cleaning up on demand."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from processes import until
from server_farm import Site, on_both
from server_parts import sha


def storage(site: Site) -> Any:
    return site.by("viewer")("GET", "/api/storage").json


@on_both
def test_what_nobody_needs_goes_and_one_sees_what_came_of_it(site: Site) -> None:
    for data in (b"one", b"two two"):
        site.by("artist")("PUT", f"/api/files/{sha(data)}", data=data)
    assert (storage(site)["files"], storage(site)["clean_up"]["last_at"]) == (2, None)
    site.clock.now += 3 * 86400
    assert site.by("admin")("POST", "/api/storage/clean-up").status_code == 202
    until(lambda: storage(site)["clean_up"]["last_at"], 30, "the clean-up is over")
    shown = storage(site)
    assert (shown["files"], shown["files_bytes"]) == (0, 0)
    assert (shown["clean_up"]["files"], shown["clean_up"]["bytes"], shown["clean_up"]["running_since"]) == (2, 10, None)
    (line,) = site.by("admin")("GET", "/api/log?kind=storage").json["items"]
    assert (line["actor"], line["action"], line["detail"]) == ("admin", "clean up", "2 files, 0.0 MB")


def test_one_goes_on_at_a_time_and_a_dead_one_is_given_up(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    go, began = threading.Event(), threading.Event()
    collector = type(site.files.collector)
    real = collector.collect

    def slow(self: Any, only: Any = None) -> Any:
        began.set()
        assert go.wait(30)
        return real(self, only)

    monkeypatch.setattr(collector, "collect", slow)
    assert site.by("admin")("POST", "/api/storage/clean-up").json["clean_up"]["running_since"]
    assert began.wait(30)
    again = site.by("admin")("POST", "/api/storage/clean-up")
    assert (again.status_code, again.json["detail"]) == (409, "a clean-up goes on already")
    site.clock.now += 7 * 3600
    assert storage(site)["clean_up"]["running_since"] is None, "its process must have died"
    go.set()
    until(lambda: storage(site)["clean_up"]["last_at"], 30, "the clean-up is over")


def test_one_that_breaks_off_is_not_taken_for_one_that_goes_on(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(self: Any, only: Any = None) -> Any:
        raise OSError("the disk is gone")

    monkeypatch.setattr(type(site.files.collector), "collect", broken)
    assert site.by("admin")("POST", "/api/storage/clean-up").status_code == 202
    until(lambda: storage(site)["clean_up"]["running_since"] is None, 30, "it broke off")
    assert storage(site)["clean_up"]["last_at"] is None


def test_only_admins_clean_up(site: Site) -> None:
    assert site.by("supervisor")("POST", "/api/storage/clean-up").status_code == 403
