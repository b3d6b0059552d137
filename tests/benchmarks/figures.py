"""A figure of the farm, as the benchmark prints it: name, value, unit, goal, and whether the goal is met."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

HEAD = f"{'figure':<62}{'value':>10}  {'unit':<12}{'goal':<10}"


@dataclass(frozen=True)
class Figure:
    """One measured figure. At most, or at least, what its goal says; without either it only informs."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def verdict(self) -> str:
        """`ok`, `short`, or a dash where there is no goal."""
        if self.at_most is None and self.at_least is None:
            return "–"
        low = self.at_least is not None and self.value < self.at_least
        high = self.at_most is not None and self.value > self.at_most
        return "short" if low or high else "ok"

    def row(self) -> str:
        """A line of the table."""
        goal = f"<= {self.at_most:g}" if self.at_most is not None else ""
        goal = f">= {self.at_least:g}" if self.at_least is not None else goal or "–"
        return f"{self.name:<62}{_rounded(self.value):>10}  {self.unit:<12}{goal:<10}{self.verdict}"


def spread(name: str, values: Sequence[float], unit: str, **goal: float) -> Figure:
    """The median of several runs; the name tells the least and the most of them."""
    least, most = _rounded(min(values)), _rounded(max(values))
    return Figure(f"{name} ({len(values)} runs: {least} to {most})", statistics.median(values), unit, **goal)


def _rounded(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}" if abs(value) < 100 else f"{value:,.0f}"
