"""The client's errors; the text of each is one sentence for people.

ClientError
├── Unreachable      the server does not answer
├── BadRequest       what was sent is wrong; `field` names the part to blame
├── NotAllowed       no token, a wrong one, or one that may not do this
├── NotFound         there is no such thing
├── Conflict         it cannot be done in the state that things are in
├── TryLater         there were too many tries; `seconds` says how long to wait
├── ServerFault      the server failed
├── BadBlend         a .blend file that cannot be read
├── FilesMissing     files that the .blend uses are not there; `paths` names them
├── LocalFault       a file or folder of this machine cannot be read or written
└── Canceled         somebody canceled it
"""

from __future__ import annotations

from collections.abc import Sequence

MOST_NAMED = 5


class ClientError(Exception):
    """Root of all."""


class Unreachable(ClientError):
    """The server does not answer."""


class BadRequest(ClientError):
    """What was sent is wrong."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class NotAllowed(ClientError):
    """No token, a wrong one, or one that may not do this."""


class NotFound(ClientError):
    """There is no such thing."""


class Conflict(ClientError):
    """It cannot be done in the state that things are in."""


class TryLater(ClientError):
    """There were too many tries."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class ServerFault(ClientError):
    """The server failed."""


class BadBlend(ClientError):
    """A .blend file that cannot be read."""


class FilesMissing(ClientError):
    """Files that the .blend uses are not there."""

    def __init__(self, blend: str, paths: Sequence[str]) -> None:
        self.paths = list(paths)
        named = ", ".join(self.paths[:MOST_NAMED])
        rest = len(self.paths) - MOST_NAMED
        more = f" and {rest} more" if rest > 0 else ""
        super().__init__(f"{blend} uses files that are missing: {named}{more}")


class LocalFault(ClientError):
    """A file or folder of this machine cannot be read or written."""


class Canceled(ClientError):
    """Somebody canceled it."""
