"""Workers enrol once, come back with their own token, and sign off."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from manager_parts import ABILITIES
from played_server import ENROLMENT, Played, update

BODY: dict[str, Any] = {"identity": "i", "name": "n", "abilities": ABILITIES}


def register(manager: Played, token: str, **more: Any) -> Any:
    headers = {"Authorization": f"Bearer {token}"}
    return manager.app.test_client().post("/register", json={**BODY, **more}, headers=headers)


def test_an_enrolled_worker_has_an_id_of_this_manager_and_is_told_upward(manager: Played) -> None:
    worker = manager.worker()
    manager.deliver()
    assert worker.id.startswith("M1-")
    assert manager.server.workers[worker.id].state.value == "awake"
    assert manager.server.workers[worker.id].abilities.blenders[0].version == "4.5.1"


@pytest.mark.parametrize(
    "token", ["wrong", "worker_1_wrong", "worker_999999_x", "worker__", "user_1_x", ENROLMENT + "x"]
)
def test_nobody_gets_in_with_a_wrong_token(manager: Played, token: str) -> None:
    manager.worker()
    answer = register(manager, token)
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    for method, path in (("GET", "/generate"), ("POST", "/available"), ("PATCH", "/tasks"), ("POST", "/offline")):
        headers = {"Authorization": f"Bearer {token}"}
        assert manager.app.test_client().open(path, method=method, headers=headers).status_code == 401


def test_a_token_that_was_made_at_the_server_lets_the_worker_join_that_the_server_says(manager: Played) -> None:
    manager.server.joining = {"join_1_secret": "i"}
    joined = register(manager, "join_1_secret").json
    assert register(manager, "join_1_secret").json["worker_id"] == joined["worker_id"]
    for token, identity in (("join_1_secret", "other"), ("join_2_secret", "i"), ("join_", "i")):
        refused = register(manager, token, identity=identity)
        assert (refused.status_code, refused.json["detail"]) == (401, "this token lets no worker join")
    headers = {"Authorization": "Bearer join_1_secret"}
    assert manager.app.test_client().get("/generate", headers=headers).status_code == 401, "it lets join, and no more"


def test_while_the_server_is_away_a_newcomer_is_told_to_try_again(manager: Played) -> None:
    manager.worker()
    manager.server.away = True
    assert register(manager, "join_1_secret").status_code == 503


@pytest.mark.parametrize("header", ["", "Basic eDp5", "Bearer", "Bearer   "])
def test_no_token_is_told_so(manager: Played, header: str) -> None:
    answer = manager.app.test_client().get("/generate", headers={"Authorization": header} if header else {})
    assert answer.status_code == 401
    assert "needs a token" in answer.json["detail"]


def test_the_same_identity_is_one_worker_with_a_new_token(manager: Played) -> None:
    first, second = register(manager, ENROLMENT).json, register(manager, ENROLMENT, name="renamed").json
    assert first["worker_id"] == second["worker_id"]
    assert first["token"] != second["token"]
    assert [member.name for member in manager.site.fleet.all()] == ["renamed"]
    assert register(manager, first["token"]).status_code == 401


def test_the_old_token_counts_until_the_new_one_was_used(manager: Played) -> None:
    """The answer with the new one may get lost; the worker must not be locked out."""
    worker = manager.worker()
    old = worker.token
    new = register(manager, old, identity="w1").json["token"]
    assert worker("POST", "/available").status_code == 200
    worker.token = new
    assert worker("POST", "/available").status_code == 200
    worker.token = old
    assert worker("POST", "/available").status_code == 401


def test_a_worker_cannot_take_another_ones_identity(manager: Played) -> None:
    first, second = manager.worker("w1"), manager.worker("w2")
    assert register(manager, first.token, identity="w2").status_code == 403
    assert register(manager, first.token, identity="w3").status_code == 403
    assert second.generate() is None


def test_tokens_and_identities_outlive_a_restart_and_are_stored_hashed(manager: Played, tmp_path: Path) -> None:
    worker = manager.worker()
    manager.restart()
    assert worker.generate() is None
    files = b"".join(file.read_bytes() for file in tmp_path.glob("*.sqlite*"))
    assert worker.token.encode() not in files
    assert worker.token.rsplit("_", 1)[1].encode() not in files


def test_the_first_registration_needs_the_server_and_says_so(manager: Played) -> None:
    manager.server.away = True
    answer = register(manager, ENROLMENT)
    assert answer.status_code == 503
    manager.server.away = False
    manager.worker()
    manager.server.away = True
    assert register(manager, ENROLMENT).status_code == 200


def test_signing_off_gives_runs_back_at_once(manager: Played) -> None:
    manager.server.add_task()
    worker = manager.worker()
    task = worker.work()
    worker.report(update(task, 1, progress=0.5))
    answer = worker("POST", "/offline")
    assert answer.status_code == 204
    assert "Flamenco-Orders" in answer.headers
    last = manager.server.updates[-1]
    assert (last.run_id, last.status and last.status.value, last.reason) == (
        task.run_id,
        "canceled",
        "the worker signed off",
    )
    manager.deliver()
    assert manager.server.workers[worker.id].state.value == "offline"
    assert worker.generate() is None  # awake again, and holding nothing


def test_names_and_identities_are_bounded(manager: Played) -> None:
    for field, value in (("name", ""), ("name", "x" * 201), ("identity", ""), ("identity", "x" * 201)):
        answer = register(manager, ENROLMENT, **{field: value})
        assert (answer.status_code, answer.json["field"]) == (422, field)


def test_the_database_is_what_the_models_say(manager: Played, tmp_path: Path) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.runtime.migration import MigrationContext
    from flamenco_manager.models import all_tables

    with manager.database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, all_tables()) == []
    with sqlite3.connect(tmp_path / "flamenco-manager.sqlite") as raw:
        assert raw.execute("PRAGMA journal_mode").fetchone() == ("wal",)
