"""Not yet."""

from __future__ import annotations

from typing import Any

from .problems import Problem


def bake(**_parameters: Any) -> dict[str, Any]:
    raise Problem("not built yet")
