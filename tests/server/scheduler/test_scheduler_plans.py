"""Claims are bound by indexes, not by how many tasks there are: the query plans say so."""

from __future__ import annotations

import pytest
from flamenco_server.modules.scheduler import claims, losses
from server_farm import Site
from sqlalchemy.dialects import sqlite


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        (claims._QUEUE, "ix_tasks_queued"),
        (losses.EXPIRED, "ix_tasks_expiry"),
        (claims.PLACES, "ix_jobs_state_id"),
    ],
)
def test_a_hot_question_is_answered_from_its_index(site: Site, statement: object, index: str) -> None:
    compiled = statement.compile(dialect=sqlite.dialect())  # type: ignore[attr-defined]
    with site.database.engine.connect() as connection:
        values = tuple(1 for _ in compiled.positiontup or ())
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {compiled}", values).all()
    steps = [str(row[-1]) for row in plan]
    assert any(index in step for step in steps), steps
    assert not any(step.startswith("SCAN tasks") and index not in step for step in steps), steps


def test_the_tasks_of_a_lease_are_found_by_their_index(site: Site) -> None:
    with site.database.engine.connect() as connection:
        plan = connection.exec_driver_sql(
            "EXPLAIN QUERY PLAN SELECT id FROM tasks WHERE lease IN (?, ?) AND tasks.status = 'processing'", ("a", "b")
        ).all()
    assert "ix_tasks_lease" in str(plan)
