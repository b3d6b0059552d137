"""Times: floats since 1970 in the database and between the parts, ISO 8601 in UTC in the public API."""

from __future__ import annotations

from datetime import datetime, timezone


def moment(seconds: float | None) -> datetime | None:
    """A stored time as one for the API."""
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc)


def moment_of(seconds: float) -> datetime:
    """A stored time that is always there."""
    return datetime.fromtimestamp(seconds, timezone.utc)
