"""The collaborators of a manager, built once, and how a view reaches them."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from flamenco_common.journal import Journal
from flask import current_app

from flamenco_manager.assignments.book import Book
from flamenco_manager.assignments.claims import Claims
from flamenco_manager.assignments.handing import Handing
from flamenco_manager.assignments.reports import Reports
from flamenco_manager.assignments.variables import Variables
from flamenco_manager.assignments.watch import Watch
from flamenco_manager.config import ManagerConfig
from flamenco_manager.db import Database
from flamenco_manager.enrolment import enrolment_secret
from flamenco_manager.files.cache import FileCache
from flamenco_manager.files.fetching import Fetcher
from flamenco_manager.files.forwarding import Forwarder
from flamenco_manager.files.manifests import Manifests
from flamenco_manager.files.pins import Pins
from flamenco_manager.logs.machines import Machines
from flamenco_manager.logs.store import LogStore
from flamenco_manager.logs.wishes import Wishes
from flamenco_manager.upstream.courier import Bell, Courier
from flamenco_manager.upstream.delivery import Delivery
from flamenco_manager.upstream.outbox import Outbox
from flamenco_manager.upstream.server import Server
from flamenco_manager.workers.fleet import Fleet
from flamenco_manager.workers.member import Member
from flamenco_manager.workers.ordering import Ordering
from flamenco_manager.workers.tokens import hashed

EXTENSION = "flamenco"


@dataclass(frozen=True)
class Site:
    """All that views need; lives at `app.extensions["flamenco"]`."""

    config: ManagerConfig
    server: Server
    fleet: Fleet
    ordering: Ordering
    book: Book
    reports: Reports
    watch: Watch
    handing: Handing
    manifests: Manifests
    cache: FileCache
    pins: Pins
    fetcher: Fetcher
    forwarder: Forwarder
    machines: Machines
    outbox: Outbox
    delivery: Delivery
    courier: Courier
    bell: Bell
    enrolment_hash: str
    ticks: Callable[[], float]

    def heard_of(self, member: Member) -> None:
        """A worker that sends or fetches a large file lives, and so do its runs, though it reports nothing meanwhile."""
        member.last_seen = self.ticks()
        self.book.heard_of(member.id)


def build(
    config: ManagerConfig,
    database: Database,
    clock: Callable[[], float] = time.time,
    ticks: Callable[[], float] = time.monotonic,
    server: Server | None = None,
    journal: Journal | None = None,
) -> Site:
    """Build them. `clock` tells the time of day, `ticks` measures how long things take, `journal` is this process's own."""
    server = server or Server(
        config.server_url, config.manager_token(), config.server_timeout_seconds, config.threads, config.reached_at()
    )
    fleet, book = Fleet(database, clock, ticks), Book(database, clock, ticks)
    outbox, pins, bell = Outbox(database), Pins(database), Bell()
    cache = FileCache(config.data_dir / "files", config.cache_bytes, pins.__contains__)
    logs = LogStore(config.data_dir / "logs", config.log_piece_mb << 20, config.most_log_mb << 20)
    machines = Machines(config.data_dir / "machines", journal or Journal(config.data_dir / "log"), fleet.get)
    wishes = Wishes(book, logs, machines)
    delivery = Delivery(server, book, fleet, wishes, cache, pins, config.lease_renewal_seconds, ticks, bell.ring)
    reports = Reports(database, book, outbox, logs, delivery, clock, bell.ring, bell.run_is_over)
    variables = Variables(config.own_variables(), server.farm_variables, config.data_dir / "variables.json", ticks)
    claims = Claims(database, book, fleet, server, clock, ticks, delivery.obey_orders)
    forwarder = Forwarder(server, cache, pins)
    ordering = Ordering(fleet, book, wishes, clock, ticks, config.most_idle_requests)
    return Site(
        config=config,
        server=server,
        fleet=fleet,
        ordering=ordering,
        book=book,
        reports=reports,
        watch=Watch(config, fleet, book, reports, delivery, (logs, machines), clock, ticks, bell.ring),
        handing=Handing(book, fleet, claims, reports, ordering, variables, ticks),
        manifests=Manifests(server),
        cache=cache,
        pins=pins,
        fetcher=Fetcher(server, cache),
        forwarder=forwarder,
        machines=machines,
        outbox=outbox,
        delivery=delivery,
        courier=Courier(bell, reports, delivery, outbox, forwarder, pins, logs, server),
        bell=bell,
        enrolment_hash=hashed(enrolment_secret(config)),
        ticks=ticks,
    )


def site() -> Site:
    """The collaborators of the app that handles this request."""
    return cast(Site, current_app.extensions[EXTENSION])
