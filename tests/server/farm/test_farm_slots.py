"""A stretch of time is spread over slots."""

from __future__ import annotations

import pytest
from flamenco_server.modules.farm.recording import spread
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(0, 1e6), st.floats(0, 1e5), st.sampled_from([300, 3600]))
def test_a_stretch_is_spread_without_loss(began: float, seconds: float, length: int) -> None:
    slots = dict(spread(began, began + seconds, length))
    assert sum(slots.values()) == pytest.approx(seconds, abs=1e-3)
    assert all(start % length == 0 and 0 < part <= length + 1e-6 for start, part in slots.items())
