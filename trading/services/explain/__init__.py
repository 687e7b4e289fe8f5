"""Explain: everything behind an order, a decision, a position or an hour of nothing, as a person would tell it."""

from __future__ import annotations

from trading.services.explain.quiet import explain_time
from trading.services.explain.shapes import Explanation, Sources
from trading.services.explain.things import explain

__all__ = ["Explanation", "Sources", "explain", "explain_time"]
