"""The shapes that turn a measurement into a value: all continuous, so that a small move never makes a jump."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise


def clip(value: float, low: float = -1.0, high: float = 1.0) -> float:
    """``value`` held between two limits."""
    return min(max(value, low), high)


def polyline(x: float, points: Sequence[tuple[float, float]]) -> float:
    """The straight lines through ``points`` (by rising x), flat outside them."""
    if x <= points[0][0]:
        return points[0][1]
    for (x0, y0), (x1, y1) in pairwise(points):
        if x <= x1:
            return y0 + (y1 - y0) * (x - x0) / (x1 - x0)
    return points[-1][1]
