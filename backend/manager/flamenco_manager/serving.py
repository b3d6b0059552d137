"""The HTTP server, waitress, and what a manager needs of it beyond the usual.

Waitress takes a whole body in before the app sees anything of it. A worker that sends a large output over a slow line says
nothing else meanwhile, so the arriving bytes themselves are taken as its sign of life.
"""

from __future__ import annotations

import tempfile
import time
from typing import Any

import waitress.channel
import waitress.parser
import waitress.server
from flamenco_common.admission import SERVING, admitting

from flamenco_manager.app import create_app
from flamenco_manager.config import ManagerConfig
from flamenco_manager.errors import ManagerError
from flamenco_manager.reading import bearer_of
from flamenco_manager.site import Site

_HEARD_SECONDS = 5.0


def make_server(config: ManagerConfig, site: Site) -> Any:
    """The server, listening. Raises `ManagerError`."""
    # Bodies that come in are kept on the disk that has room for files, not on the system's.
    tempfile.tempdir = str(site.cache.incoming)
    try:
        serving = waitress.server.create_server(
            create_app(site),
            host=config.host,
            port=config.port,
            threads=config.threads,
            **SERVING,
        )
    except OSError as error:
        raise ManagerError(f"cannot listen on {config.host}:{config.port}: {error.strerror}") from error
    for each in list(getattr(serving, "map", {}).values()) or [serving]:
        if isinstance(each, waitress.server.BaseWSGIServer):
            each.channel_class = _channel_class(site)
    return serving


def _channel_class(site: Site) -> type:
    class Channel(waitress.channel.HTTPChannel):  # type: ignore[misc]
        """A connection that tells when bytes of a body come in."""

        parser_class = admitting(waitress.parser.HTTPRequestParser, lambda header: heard(site, header))
        heard_at = 0.0

        # These two are asked of every connection whenever anything arrives: waitress's own say the same at more cost.

        def readable(self) -> bool:
            """Whether to wait for more to arrive."""
            return not (self.requests or self.total_outbufs_len or self.will_close or self.close_when_flushed)

        def writable(self) -> bool:
            """Whether something waits to go out."""
            return bool(self.total_outbufs_len or self.will_close or self.close_when_flushed)

        def received(self, data: bytes) -> bool:
            """Take bytes from the socket."""
            request = self.request
            now = time.monotonic()
            if request is not None and request.headers_finished and now - self.heard_at > _HEARD_SECONDS:
                self.heard_at = now
                heard(site, request.headers.get("AUTHORIZATION", ""))
            return bool(super().received(data))

    return Channel


def heard(site: Site, authorization: str) -> bool:
    """A worker that shows this header lives; False if there is none."""
    try:
        site.heard_of(site.fleet.by_token(bearer_of(authorization)))
    except ManagerError:
        return False
    return True
