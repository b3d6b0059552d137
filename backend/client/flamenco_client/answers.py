"""What a server answered, read within bounds: a broken or malicious one costs neither memory nor time without end."""

from __future__ import annotations

import io
import time
from typing import Any

import requests

from flamenco_client.errors import (
    BadRequest,
    ClientError,
    Conflict,
    NotAllowed,
    NotFound,
    ServerFault,
    TryLater,
    Unreachable,
)

MOST_BYTES = 64 * 1024 * 1024  # of a document
MOST_ERROR_BYTES = 1024 * 1024
LONGEST_SENTENCE = 1000
_BLOCK = 64 * 1024


def read_bounded(answer: requests.Response, most: int, seconds: float) -> None:
    """Read the body of a streamed answer into memory, so that it is there as if it had not been streamed.

    Raises `ServerFault` above `most` bytes, and requests' `Timeout` after `seconds`.
    """
    end = time.monotonic() + seconds
    body = io.BytesIO()
    for block in answer.iter_content(_BLOCK):
        body.write(block)
        if body.tell() > most:
            answer.close()
            raise ServerFault(f"the server's answer is longer than {most // 1_000_000} MB")
        if time.monotonic() > end:
            answer.close()
            raise requests.exceptions.ReadTimeout("the answer takes too long")
    body.seek(0)
    answer._content = body.getvalue()  # what `content` gives; there is no public way to set it


def document_of(answer: requests.Response) -> Any:
    """The JSON of an answer. Raises `ValueError`, also for one that is nested without end."""
    try:
        return answer.json()
    except RecursionError as error:
        raise ValueError("nested too deep") from error


def error_for(answer: requests.Response) -> ClientError:
    """The error that an answer stands for."""
    problem = problem_of(answer)
    status = answer.status_code
    detail = sentence(problem.get("detail")) or _status_line(answer)
    if status in (401, 403):
        return NotAllowed(detail)
    if status == 404:
        return NotFound(detail)
    if status == 409:
        return Conflict(detail)
    if status == 429:
        told = answer.headers.get("Retry-After", "")
        return TryLater(detail, float(told) if told.isascii() and told.isdigit() and len(told) < 7 else 1.0)
    if status in (502, 503, 504):
        return Unreachable(detail)
    if status >= 500 or status < 400:
        return ServerFault(detail)
    return BadRequest(detail, sentence(problem.get("field")))


def _status_line(answer: requests.Response) -> str:
    told = sentence(f"the server answered {answer.status_code} {answer.reason}")
    there = sentence(answer.headers.get("Location", ""))[:200]
    return f"{told}: it leads to {there}; give the address that is meant" if there else told


def problem_of(answer: requests.Response) -> dict[str, Any]:
    """The document of an error; empty if there is none."""
    try:
        problem = document_of(answer)
    except ValueError:
        return {}
    return problem if isinstance(problem, dict) else {}


def sentence(text: object) -> str:
    """A text of a server as one that may be shown: no control characters, not without end."""
    if not isinstance(text, str):
        return ""
    return "".join(char for char in text[:LONGEST_SENTENCE] if char.isprintable() or char == "\n")
