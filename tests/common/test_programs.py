"""How programs ended, in words."""

from __future__ import annotations

import signal

import pytest
from flamenco_common.programs import ending


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (9, "exit code 9"), (-int(signal.SIGTERM), "signal SIGTERM"), (-12345, "signal 12345")],
)
def test_ends_in_words(code: int, words: str) -> None:
    assert ending(code) == words
