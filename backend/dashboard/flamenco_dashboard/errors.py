"""The dashboard's errors; the text of each is one sentence for people.

DashboardError
├── BadConfig      the configuration is wrong
├── ServerAway     the server does not answer
├── SignedOut      there is no session, or it has ended
└── Forged         a request that changes something came without the page's own mark
"""

from __future__ import annotations


class DashboardError(Exception):
    """Root of all; `status` is that of the HTTP answer."""

    status = 500


class BadConfig(DashboardError):
    """The configuration is wrong."""


class ServerAway(DashboardError):
    """The server does not answer."""

    status = 502


class SignedOut(DashboardError):
    """There is no session, or it has ended."""

    status = 401


class Forged(DashboardError):
    """A request that changes something came without the page's own mark."""

    status = 403
