"""The farm as a whole over HTTP."""

from __future__ import annotations

from typing import cast

import msgspec
from flask import Flask, current_app

from flamenco_server.context import Core, core, principal
from flamenco_server.endpoints import Endpoints
from flamenco_server.errors import NotFound
from flamenco_server.modules.auth.principal import Role
from flamenco_server.modules.farm import history
from flamenco_server.modules.farm.cleaning import Cleaning
from flamenco_server.modules.farm.schemas import Farm, History, HistoryQuery, StorageAnswer, WorkerHistoryQuery
from flamenco_server.modules.farm.service import FarmNow
from flamenco_server.modules.files.views import files
from flamenco_server.modules.managers.models import Worker

endpoint = Endpoints("farm")


def setup(app: Flask, core: Core) -> None:
    """Build the module's collaborators."""
    app.extensions["flamenco.farm"] = FarmNow(core.database, core.config, core.clock)


def farm_now() -> FarmNow:
    """What answers what goes on now."""
    return cast(FarmNow, current_app.extensions["flamenco.farm"])


def cleaning() -> Cleaning:
    """What cleans up."""
    return Cleaning(core().database, files().collector, core().clock, core().config.log_keep_days * 86400)


@endpoint("GET", "/farm", answer=Farm, role=Role.VIEWER)
def show_farm() -> Farm:
    """Show what goes on now: workers, jobs, the last hour, when the queue is empty, storage, and what is wrong."""
    return farm_now()()


@endpoint("GET", "/farm/history", query=HistoryQuery, answer=History, role=Role.VIEWER)
def show_history(query: HistoryQuery) -> History:
    """Show what the farm did in the last hours, as columns: workers, busy seconds, frames, failures."""
    with core().database.reading() as session:
        return history.farm_history(session, query.hours, query.slot_minutes, core().clock())


@endpoint(
    "GET", "/workers/<worker_id>/history", query=WorkerHistoryQuery, answer=History, role=Role.VIEWER, statuses=(404,)
)  # fmt: skip
def show_worker_history(worker_id: str, query: WorkerHistoryQuery) -> History:
    """Show what a worker did in the last hours, hour by hour."""
    with core().database.reading() as session:
        if session.get(Worker, worker_id) is None:
            raise NotFound(f"there is no worker {worker_id!r}")
        return history.worker_history(session, worker_id, query.hours, core().clock())


@endpoint("GET", "/storage", answer=StorageAnswer, role=Role.VIEWER)
def show_storage() -> StorageAnswer:
    """Show what the farm's files take, what is free, and what the last clean-up took away."""
    with core().database.reading() as session:
        return StorageAnswer(
            **msgspec.structs.asdict(farm_now().storage(session)), clean_up=cleaning().state(session)
        )  # fmt: skip


@endpoint("POST", "/storage/clean-up", answer=StorageAnswer, status=202, role=Role.ADMIN, statuses=(409,))
def clean_up() -> StorageAnswer:
    """Begin to delete files that no job needs, abandoned uploads and old records; look at the storage for what came of it."""
    cleaning().start(principal().name)
    return show_storage()
