"""The event stream: `GET /events`, in a process of its own, so that watchers never take the threads that hand out work.

Each stream is a greenlet. All of them share one reading of the event table, about five times a second, and none while
nobody listens. Nothing is monkey-patched: the database is asked in real threads of gevent's pool.
"""

from __future__ import annotations

import logging
import signal
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs

import gevent
from gevent.lock import Semaphore
from gevent.pywsgi import WSGIServer
from gevent.queue import Empty, Queue

from flamenco_server.config import ServerConfig
from flamenco_server.db import Database
from flamenco_server.errors import Invalid, NotFound, ServerError, Unavailable, problem
from flamenco_server.modules.auth.authenticator import Authenticator
from flamenco_server.modules.auth.principal import Access, Principal, Role
from flamenco_server.modules.log.feed import EventTable, Sent, Sequencer
from flamenco_server.modules.log.tickets import check_ticket

T = TypeVar("T")
log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
BEAT_SECONDS = 15.0  # a comment goes out so often, which keeps proxies from closing a silent stream
CHECK_SECONDS = 120.0  # an open stream's token is looked at again so often
TRIM_SECONDS = 600.0
MOST_QUEUED = 5000  # a reader slower than this is closed; it comes again and catches up
MOST_MISSED = 50_000  # who missed more is told to start afresh
ACCESS = Access(Role.VIEWER, manager=True)


@dataclass(frozen=True)
class Wish:
    """What a watcher asked for; `since` is the last event that it has, None: begin now."""

    since: int | None = None
    job_id: int | None = None


@dataclass(eq=False)
class Stream:
    """One watcher's place in the hub."""

    wish: Wish
    queue: Queue[Sent] = field(default_factory=lambda: Queue(maxsize=MOST_QUEUED))
    broken: bool = False

    def offer(self, events: Sequence[Sent]) -> None:
        """Queue events, if there is room for all of them."""
        if self.broken or self.queue.qsize() + len(events) > MOST_QUEUED:
            self.broken = True
            return
        for event in events:
            self.queue.put_nowait(event)


class Hub:
    """Reads the table for all streams at once."""

    def __init__(self, table: EventTable, poll: float = POLL_SECONDS) -> None:
        self._table = table
        self._poll = poll
        self._streams: set[Stream] = set()
        self._sequencer: Sequencer | None = None
        self._starting = Semaphore()

    def join(self, stream: Stream) -> int:
        """Add a stream; the newest event that it will not get by its queue."""
        with self._starting:
            if self._sequencer is None:
                self._sequencer = in_thread(lambda: self._table.start(time.time()))
                gevent.spawn(self._run, self._sequencer)
            self._streams.add(stream)
            return self._sequencer.head

    def leave(self, stream: Stream) -> None:
        """Remove a stream; the reading stops with the last."""
        self._streams.discard(stream)

    def _run(self, sequencer: Sequencer) -> None:
        while self._streams:
            gevent.sleep(self._poll)
            try:
                rows = in_thread(lambda: self._table.read(*sequencer.wanted()))
            except Exception:
                log.warning("the events cannot be read now", exc_info=True)
                gevent.sleep(1)
                continue
            self._tell(sequencer.accept(rows, time.time()))
        self._sequencer = None

    def _tell(self, events: Sequence[Sent]) -> None:
        """Queue events for whoever wants them; most streams are of one job, in which little happens."""
        of_job: dict[int | None, list[Sent]] = defaultdict(list)
        for event in events:
            of_job[event.job_id].append(event)
        for stream in list(self._streams):
            stream.offer(events if stream.wish.job_id is None else of_job.get(stream.wish.job_id, ()))


class EventApp:
    """The WSGI application."""

    def __init__(self, database: Database, auth: Authenticator, beat: float = BEAT_SECONDS) -> None:
        self.table = EventTable(database)
        self.hub = Hub(self.table)
        self._auth = auth
        self._beat = beat

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer `GET /events` with a stream, anything else with a problem."""
        try:
            if environ["PATH_INFO"] == "/health":
                start_response("200 OK", [("Content-Type", "application/json")])
                return [b'{"status":"ok"}']
            if environ["PATH_INFO"] != "/events" or environ["REQUEST_METHOD"] != "GET":
                raise NotFound("only GET /events is here")
            query = {name: values[-1] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
            who = in_thread(lambda: self._principal(environ, query))
            ACCESS.check(who)
            wish = parse_wish(query, environ.get("HTTP_LAST_EVENT_ID", ""))
        except ServerError as error:
            return problem(error)(environ, start_response)
        except Exception:
            log.warning("a stream cannot be opened now", exc_info=True)
            return problem(Unavailable("the event stream cannot ask the database now"))(environ, start_response)
        start_response(
            "200 OK",
            [
                ("Content-Type", "text/event-stream"),
                ("Cache-Control", "no-store"),
                ("X-Accel-Buffering", "no"),
                # A ticket is in the address, never a cookie, so another site's page has nothing to abuse.
                ("Access-Control-Allow-Origin", "*"),
            ],
        )
        return self._stream(wish, who)

    def _principal(self, environ: dict[str, Any], query: dict[str, str]) -> Principal:
        if "ticket" in query:
            return check_ticket(self._auth, query["ticket"], time.time())
        return self._auth.principal(environ.get("HTTP_AUTHORIZATION", ""))

    def _stream(self, wish: Wish, who: Principal) -> Iterator[bytes]:
        stream = Stream(wish)
        try:
            head = self.hub.join(stream)
            yield b"retry: 2000\n: hello\n\n"
            yield from self._caught_up(wish, head)
            yield from self._live(stream, who)
        finally:
            self.hub.leave(stream)

    def _caught_up(self, wish: Wish, head: int) -> Iterator[bytes]:
        """What the watcher missed, or a reset if that is not kept, then where it stands."""
        after = head if wish.since is None else wish.since
        oldest = in_thread(self.table.oldest)
        if after > head or (after < head and after + 1 < oldest) or head - after > MOST_MISSED:
            yield b'id: %d\nevent: reset\ndata: {"since": %d, "oldest": %d}\n\n' % (head, after, oldest)
            return
        while after < head:
            rows = in_thread(partial(self.table.between, after, head, wish.job_id))
            if rows:
                yield b"".join(row.encoded for row in rows)
            after = rows[-1].id if rows else head
        yield b"id: %d\nevent: ready\ndata: {}\n\n" % head

    def _live(self, stream: Stream, who: Principal) -> Iterator[bytes]:
        check_at = time.monotonic() + CHECK_SECONDS
        while not stream.broken:
            try:
                batch = [stream.queue.get(timeout=self._beat)]
            except Empty:
                batch = []
            while not stream.queue.empty():
                batch.append(stream.queue.get_nowait())
            yield b"".join(event.encoded for event in batch) or b": alive\n\n"
            if time.monotonic() > check_at:
                check_at = time.monotonic() + CHECK_SECONDS
                if not in_thread(lambda: self._still_welcome(who)):
                    return

    def _still_welcome(self, who: Principal) -> bool:
        try:
            ACCESS.check(self._auth.owner_of(who.token_id)[0])
        except ServerError:
            return False
        return True


def parse_wish(query: dict[str, str], last_event_id: str) -> Wish:
    """What a request asks for; the header of a browser that comes again wins over the address. Raises `Invalid`."""
    return Wish(
        since=_number("since", last_event_id or query.get("since", "")), job_id=_number("job", query.get("job", ""))
    )


def _number(name: str, text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit()) or len(text) > 18:
        raise Invalid(f"{name} must be a whole number, not {text[:40]!r}", name)
    return int(text)


def in_thread(work: Callable[[], T]) -> T:
    """Do blocking work in a real thread while other greenlets go on."""

    def caught() -> T | _Raised:
        # gevent prints what leaves a pool's thread; so nothing does.
        try:
            return work()
        except Exception as error:
            return _Raised(error)

    result: T | _Raised = gevent.get_hub().threadpool.apply(caught)
    if isinstance(result, _Raised):
        raise result.error
    return result


@dataclass(frozen=True)
class _Raised:
    """An error on its way from a thread to the greenlet that waits for it."""

    error: Exception


def serve(config: ServerConfig, ready: Callable[[str], None] | None = None) -> None:
    """Serve the event stream until SIGINT or SIGTERM; `ready` learns the address."""
    database = Database(config.url())
    app = EventApp(database, Authenticator(database, time.time, config.token_cache_seconds))
    server = WSGIServer((config.events_host, config.events_port), app, log=None, error_log=log)
    for number in (signal.SIGINT, signal.SIGTERM):
        gevent.signal_handler(number, server.stop, timeout=1)
    try:
        server.start()
    except OSError as error:
        raise ServerError(f"cannot listen on {config.events_host}:{config.events_port}: {error.strerror}") from error
    trimmer = gevent.spawn(_trim_forever, app.table, config.events_keep_hours * 3600)
    if ready is not None:
        ready(f"http://{server.server_host}:{server.server_port}/events")
    try:
        server.serve_forever()
    finally:
        trimmer.kill()
        database.close()


def _trim_forever(table: EventTable, keep_seconds: float) -> None:
    while True:
        try:
            in_thread(lambda: table.trim(time.time() - keep_seconds))
        except Exception:
            log.warning("old events cannot be deleted now", exc_info=True)
        gevent.sleep(TRIM_SECONDS)
