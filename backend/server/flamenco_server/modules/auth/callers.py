"""From where a request comes: the address behind trusted proxies, and whether it is surely this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from urllib.parse import urlsplit

from flask import Request

_FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
_LOOPBACK_NAMES = ("localhost", "127.0.0.1", "::1")


def caller_address(request: Request, trusted_proxies: Sequence[str]) -> str:
    """The address of who calls; what a proxy tells counts only if the proxy is trusted."""
    address = request.remote_addr or ""
    told = [part.strip() for part in ",".join(request.headers.getlist("X-Forwarded-For")).split(",") if part.strip()]
    while told and address in trusted_proxies:
        address = told.pop()
    return address[:100]


def network_of(address: str) -> str:
    """What is counted as one place: an IPv4 address, or the /64 that one subscriber of IPv6 has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(parsed.ipv4_mapped or ipaddress.ip_network((parsed, 64), strict=False))
    return str(parsed)


def is_this_machine(request: Request) -> bool:
    """Whether the caller surely sits at this machine: not behind a proxy, and not led here by another site's page."""
    if any(name in request.headers for name in _FORWARDING):
        return False
    if (urlsplit(f"//{request.host}").hostname or "") not in _LOOPBACK_NAMES:
        return False
    if urlsplit(request.headers.get("Origin", f"//{request.host}")).netloc != request.host:
        return False
    try:
        return ipaddress.ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False
