"""What every call has in common, whoever serves it: a token, and a JSON body that is checked."""

from __future__ import annotations

import re
from typing import Any

import msgspec

from flamenco_manager.errors import Invalid, Malformed, NotAuthenticated

_AT = re.compile(r" - at `\$(?:\.\.\.)?\.?(.*)`$")
_NAMED = re.compile(r"field `([^`]+)`")


def bearer_of(header: str) -> str:
    """The token in an Authorization header. Raises `NotAuthenticated`."""
    scheme, _, token = header.partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise NotAuthenticated("this needs a token: send the header Authorization: Bearer TOKEN")
    return token.strip()


def decode(decoder: msgspec.json.Decoder[Any], body: bytes) -> Any:
    """A body as the decoder's type. Raises `Malformed` or `Invalid`."""
    try:
        return decoder.decode(body)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"the body is not valid JSON: {error}") from error


def _invalid(error: msgspec.ValidationError) -> Invalid:
    """Our error for one of msgspec's, with the path of the field to blame."""
    text = str(error)
    at, named = _AT.search(text), _NAMED.search(text)
    path = at[1] if at else ""
    if named:
        path = f"{path}.{named[1]}".lstrip(".")
    words = _AT.sub("", text)
    return Invalid(f"{path or 'the body'}: {words[:1].lower()}{words[1:]}", path)
