"""Finds a manager on the local network by mDNS."""

from __future__ import annotations

import threading

from zeroconf import ServiceBrowser, ServiceListener, Zeroconf

from flamenco_worker.errors import BadConfig

SERVICE = "_flamenco._tcp.local."


class _First(ServiceListener):
    """Keeps the first manager that answers."""

    def __init__(self) -> None:
        self.address = ""
        self.found = threading.Event()

    def add_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        info = zc.get_service_info(type_, name)
        if info and info.parsed_addresses() and not self.address:
            host = info.parsed_addresses()[0]
            self.address = f"http://[{host}]:{info.port}" if ":" in host else f"http://{host}:{info.port}"
            self.found.set()

    def update_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """A manager that changes is still there."""

    def remove_service(self, zc: Zeroconf, type_: str, name: str) -> None:
        """The first answer is enough."""


def find_manager(seconds: float = 10.0) -> str:
    """Return a manager's address. Raises `BadConfig` if none answers."""
    listener = _First()
    zeroconf = Zeroconf()
    try:
        browser = ServiceBrowser(zeroconf, SERVICE, listener)
        listener.found.wait(seconds)
        browser.cancel()
    finally:
        zeroconf.close()
    if not listener.address:
        raise BadConfig("no manager answers on the local network; give its address with --manager-url")
    return listener.address
