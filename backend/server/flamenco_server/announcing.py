"""Tells the local network by mDNS that a server is here, so that the add-on finds it without its address."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flamenco_common.hosts import address_of
from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion, ServiceInfo, Zeroconf

_log = logging.getLogger(__name__)
SERVICE = "_flamenco-server._tcp.local."
_LONGEST_TEXT = 250  # of what a record of mDNS takes in one piece


@contextmanager
def announced(host: str, port: int, name: str, public_url: str = "") -> Iterator[None]:
    """Be found while the block runs; where the network forbids that, say so and go on.

    `public_url` is told along, for servers that people reach through a proxy.
    """
    zeroconf = None
    try:
        zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
        told = {"url": public_url} if public_url and len(public_url) < _LONGEST_TEXT else {}
        info = ServiceInfo(
            SERVICE, f"{name}.{SERVICE}", port=port, parsed_addresses=[address_of(host)], properties=told
        )
        zeroconf.register_service(info, allow_name_change=True)
    except (OSError, ZeroconfError) as error:
        _log.warning("the add-on cannot find this server on the network by itself: %r", error)
    try:
        yield
    finally:
        if zeroconf is not None:
            zeroconf.unregister_all_services()
            zeroconf.close()
