"""What machines log of themselves, as people read it: wishes go down to managers, pieces come up, old ones go."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from flamenco_common.documents import LogChunk, LogWish
from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.migrating import alembic_config, migrate
from flamenco_server.modules.log import run_log
from flamenco_server.modules.log.models import LogState
from flamenco_server.modules.log.service import store_chunks, wishes
from flamenco_server.modules.managers.models import Worker
from processes import new_database, shared_postgres
from server_farm import BOTH
from server_parts import Farm, make_farm

LONG = "M1-" + "x" * 61  # a worker's id may have so many characters
NAME = f"worker.{LONG}"


@pytest.fixture(params=BOTH)
def farm(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Farm]:
    """On both databases, with a worker."""
    url = new_database(shared_postgres(), tmp_path.name) if request.param == "postgres" else ""
    made = make_farm(tmp_path, url)
    with made.database.writing() as session:
        session.add(
            Worker(
                id=LONG, manager_id=1, name="anvil", state="awake", abilities="{}", tags="[]", last_seen_at=0.0,
                created_at=0.0, failed_jobs=[],
            )
        )  # fmt: skip
    yield made
    made.database.close()


def read(farm: Farm, path: str = f"workers/{LONG}", offset: int = 0, who: str = "viewer") -> dict[str, Any]:
    answer = farm.by(who)("GET", f"/api/{path}/log?offset={offset}")
    assert answer.status_code == 200, answer.text
    return answer.json  # type: ignore[no-any-return]


def asked(farm: Farm, manager: int = 1) -> list[LogWish]:
    with farm.database.reading() as session:
        return wishes(session, manager, farm.clock.now)


def bring(farm: Farm, offset: int, text: str, size: int | None = None, name: str = NAME, manager: int = 1) -> None:
    whole = offset + len(text.encode()) if size is None else size
    with farm.database.writing() as session:
        store_chunks(session, manager, [LogChunk(name, offset, text, whole)], farm.clock.now)


def test_it_is_asked_for_brought_and_read_on(farm: Farm) -> None:
    assert read(farm) == {"offset": 0, "text": "", "size": 0, "next": 0, "start": 0, "available": False}
    assert asked(farm) == [LogWish(NAME, 0)]
    assert asked(farm, 2) == []
    bring(farm, 0, "", 0)
    assert read(farm)["available"], "it is empty"
    bring(farm, 0, "signed in ✓\n")
    assert read(farm) == {"offset": 0, "text": "signed in ✓\n", "size": 14, "next": 14, "start": 0, "available": True}
    assert asked(farm) == [LogWish(NAME, 14)]
    bring(farm, 14, "more\n")
    assert read(farm, offset=14)["text"] == "more\n"
    assert (read(farm, offset=19)["text"], read(farm, offset=19)["next"]) == ("", 19)
    farm.clock.now += run_log.WISH_SECONDS + 1
    assert asked(farm) == []


def test_the_beginning_goes_and_what_began_anew_takes_its_place(farm: Farm) -> None:
    read(farm)
    bring(farm, 1000, "only the end is kept\n")
    told = read(farm)
    assert (told["offset"], told["start"], told["text"]) == (1000, 1000, "only the end is kept\n")
    bring(farm, 5, "ignored", 2000)
    assert read(farm) == told | {"size": 1021}
    bring(farm, 0, "new\n", 4)
    assert read(farm, offset=1021) == {
        "offset": 0,
        "text": "new\n",
        "size": 4,
        "next": 4,
        "start": 0,
        "available": True,
    }
    block = 256 * 1024
    for number in range(6):
        bring(farm, 4 + number * block, "x" * block)
    told = read(farm)
    assert 2 * block <= told["size"] - told["start"] <= 4 * block
    assert told["offset"] == told["start"] > 0


def test_a_managers_own_log_is_read_and_only_it_brings_it(farm: Farm) -> None:
    read(farm, "managers/1", who="artist")
    assert asked(farm) == [LogWish("manager.1", 0)]
    bring(farm, 0, "forged\n", name="manager.1", manager=2)
    assert not read(farm, "managers/1")["available"]
    bring(farm, 0, "the server is away\n", name="manager.1")
    assert read(farm, "managers/1")["text"] == "the server is away\n"


@pytest.mark.parametrize("path", ["workers/M1-none", "managers/77"])
def test_of_a_machine_that_is_not_there_it_says_so(farm: Farm, path: str) -> None:
    assert farm.by("viewer")("GET", f"/api/{path}/log").status_code == 404


@pytest.mark.parametrize("who", ["nobody", "manager"])
def test_only_people_read_it(farm: Farm, who: str) -> None:
    assert farm.by(who)("GET", f"/api/workers/{LONG}/log").status_code in (401, 403)


@pytest.mark.parametrize("kind", BOTH)
def test_the_migration_keeps_the_logs_of_runs_both_ways(kind: str, tmp_path: Path) -> None:
    url = new_database(shared_postgres(), tmp_path.name) if kind == "postgres" else ""
    database = Database(ServerConfig(data_dir=tmp_path, database_url=url).url())
    migrate(database)
    with database.writing() as session:
        for name in ("1-2-abc", NAME):
            session.add(LogState(run_id=name, have=0, size=0, finished=False, touched_at=0.0))
    with database.engine.connect() as connection:
        command.downgrade(alembic_config(connection), "0005")
        connection.commit()
    migrate(database)
    with database.reading() as session:
        assert [each.run_id for each in session.query(LogState)] == ["1-2-abc"]
    database.close()
