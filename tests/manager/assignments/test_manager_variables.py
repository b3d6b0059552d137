"""The farm's variables reach the commands; the site's own win, and the last known ones count while the server is away."""

from __future__ import annotations

from typing import Any

import pytest
from flamenco_common.commands import CopyFiles
from flamenco_manager.assignments.variables import FRESH_SECONDS
from played_server import Played, PlayedWorker

SHOTS = {"shots": {"linux": "/mnt/shots", "windows": "S:"}}


def target(manager: Played, worker: PlayedWorker) -> str:
    """Where the next task of the worker writes to."""
    copy = [{"command": "files.copy", "inputs": {"paths": ["a"]}, "target": "{shots}/x"}]
    manager.server.add_task(template=copy, storage="shared", job_root="/j", output_root="/o")
    made = worker.generate(*[run.id for run in manager.site.book.of(worker.id)])
    assert made is not None
    assert isinstance(made.commands[0], CopyFiles)
    return made.commands[0].target


def test_an_edit_at_the_server_counts_a_moment_later(manager: Played) -> None:
    manager.server.variables = dict(SHOTS)
    worker = manager.worker()
    assert target(manager, worker) == "/mnt/shots/x"
    manager.server.variables = {"shots": {"linux": "/new"}}
    assert target(manager, worker) == "/mnt/shots/x", "it is not asked for each task"
    manager.pass_time(FRESH_SECONDS + 1)
    assert target(manager, worker) == "/new/x"


def test_the_sites_own_variable_wins(tmp_path_factory: pytest.TempPathFactory) -> None:
    manager = Played(tmp_path_factory.mktemp("own"), variables={"shots": {"linux": "/here"}})
    manager.server.variables = dict(SHOTS)
    assert target(manager, manager.worker()) == "/here/x"


def test_the_last_known_ones_count_while_the_server_is_away(manager: Played) -> None:
    manager.server.variables = dict(SHOTS)
    assert manager.site.handing._variables()[0].name == "shots"
    manager.restart()
    manager.server.away = True
    assert manager.site.handing._variables()[0].values == SHOTS["shots"]


@pytest.mark.parametrize("table", [{"shots": 5}, {"shots": None}, []])
def test_a_table_that_is_none_changes_nothing(manager: Played, table: Any) -> None:
    manager.server.variables = dict(SHOTS)
    assert manager.site.handing._variables()[0].name == "shots"
    manager.server.variables = table
    manager.pass_time(FRESH_SECONDS + 1)
    assert manager.site.handing._variables()[0].name == "shots"
