"""Tells the local network by mDNS that a manager is here, so that workers find it without its address."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from flamenco_common.hosts import address_of
from zeroconf import Error as ZeroconfError
from zeroconf import IPVersion, ServiceInfo, Zeroconf

_log = logging.getLogger(__name__)
SERVICE = "_flamenco._tcp.local."


@contextmanager
def announced(host: str, port: int, name: str) -> Iterator[None]:
    """Be found while the block runs; where the network forbids that, say so and go on."""
    zeroconf = _announced(host, port, name)
    try:
        yield
    finally:
        if zeroconf is not None:
            zeroconf.unregister_all_services()
            zeroconf.close()


def _announced(host: str, port: int, name: str) -> Zeroconf | None:
    zeroconf = None
    try:
        zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
        info = ServiceInfo(SERVICE, f"{name}.{SERVICE}", port=port, parsed_addresses=[address_of(host)])
        zeroconf.register_service(info, allow_name_change=True)
    except (OSError, ZeroconfError) as error:
        _log.warning("workers cannot find this manager on the network by themselves: %r", error)
        if zeroconf is not None:
            zeroconf.close()
        return None
    return zeroconf
