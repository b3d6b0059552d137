"""What the environment may not change about calls to the manager."""

from __future__ import annotations

from pathlib import Path

import pytest
from fake_manager import ENROLMENT, FakeManager
from flamenco_common.abilities import Abilities
from flamenco_common.documents import Registration
from flamenco_worker.upstream import Upstream
from processes import free_port

MINE = Registration("i", "W", Abilities("linux", 1, 1))


def test_a_manager_on_this_machine_is_asked_without_the_proxy(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert Upstream(manager.address, ENROLMENT).register(MINE).token


def test_a_netrc_entry_does_not_replace_the_token(
    manager: FakeManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password else\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    upstream = Upstream(manager.address, ENROLMENT)
    upstream._session.trust_env = True  # as it is for a manager on another machine
    assert upstream.register(MINE).token
