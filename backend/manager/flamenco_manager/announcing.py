"""Tells the local network by mDNS that a manager is here, so that workers find it without its address."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

SERVICE = "_flamenco._tcp.local."


@contextmanager
def announced(host: str, port: int, name: str) -> Iterator[None]:
    """Be found while the block runs."""
    from zeroconf import IPVersion, ServiceInfo, Zeroconf

    zeroconf = Zeroconf(ip_version=IPVersion.V4Only)
    info = ServiceInfo(SERVICE, f"{name}.{SERVICE}", port=port, parsed_addresses=addresses(host))
    try:
        zeroconf.register_service(info, allow_name_change=True)
        yield
    finally:
        zeroconf.unregister_all_services()
        zeroconf.close()


def addresses(host: str) -> list[str]:
    """The addresses at which workers reach a manager that listens on `host`."""
    if host not in ("", "0.0.0.0", "::"):  # noqa: S104 - compared, not bound
        return [socket.gethostbyname(host)]
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            # Nothing is sent: this only asks which of this machine's addresses leads outside.
            probe.connect(("192.0.2.1", 9))
            return [str(probe.getsockname()[0])]
        except OSError:
            return ["127.0.0.1"]
