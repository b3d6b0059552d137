"""What can be wrong with a file that comes or goes.

ServerError
├── Invalid
│   ├── HashMismatch     the bytes that came do not have the hash that they should have
│   └── BadArchive       the body is not an archive of files named by their hashes
├── NotFound
│   └── UnknownFile      the farm does not have that file
├── Conflict
│   └── UploadOffset     the upload goes on at another byte
└── Unavailable
    └── StoreUnavailable the file store does not answer
"""

from __future__ import annotations

from flamenco_server.errors import Conflict, Invalid, NotFound, Unavailable


class HashMismatch(Invalid):
    """The bytes that came do not have the hash that they should have."""


class BadArchive(Invalid):
    """The body is not an archive of files named by their hashes."""


class UnknownFile(NotFound):
    """The farm does not have that file."""


class UploadOffset(Conflict):
    """The upload goes on at another byte: `offset`."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.offset = offset


class StoreUnavailable(Unavailable):
    """The file store does not answer."""
