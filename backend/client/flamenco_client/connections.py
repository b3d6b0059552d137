"""Connections that another thread can cut, so that a call that hangs ends."""

from __future__ import annotations

import contextlib
import socket
import weakref
from typing import Any

from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool


class CuttableAdapter(HTTPAdapter):
    """Makes requests' connections, and knows those that are open."""

    def __init__(self, **more: Any) -> None:
        self._open: weakref.WeakSet[Any] = weakref.WeakSet()
        super().__init__(**more)

    def init_poolmanager(self, *arguments: Any, **more: Any) -> None:
        """As requests calls it."""
        super().init_poolmanager(*arguments, **more)
        known = self._open

        class Http(HTTPConnection):
            def connect(self) -> None:
                super().connect()
                known.add(self)

        class Https(HTTPSConnection):
            def connect(self) -> None:
                super().connect()
                known.add(self)

        class HttpPool(HTTPConnectionPool):
            ConnectionCls = Http

        class HttpsPool(HTTPSConnectionPool):
            ConnectionCls = Https

        manager: Any = self.poolmanager
        manager.pool_classes_by_scheme = {"http": HttpPool, "https": HttpsPool}

    def cut(self) -> None:
        """End all connections, whoever waits for them."""
        for connection in list(self._open):
            sock = connection.sock
            if sock is not None:
                with contextlib.suppress(OSError, ValueError):
                    # Not by the method of a TLS socket, which is not safe while another thread reads.
                    socket.socket.shutdown(sock, socket.SHUT_RDWR)
