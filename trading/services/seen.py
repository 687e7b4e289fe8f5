"""Seen: everything that one decision is made from, in one place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trading.basis import Basis
from trading.calibration.weight import EarnedWeight
from trading.services.books import Books
from trading.services.looks import Look, Outcomes
from trading.services.quality import Gate
from trading.signals.context import ContextSignal


@dataclass(frozen=True, slots=True)
class Seen:
    """What the checks, the judges, the venues and the books said before a decision.

    gate: which pairs might be judged.  weighed: the weight that the forecasts have earned, or why it is not known.
    basis: the premium between the venues, by pair.
    """

    gate: Gate
    looks: Sequence[Look]
    mood: ContextSignal
    weighed: Outcomes[EarnedWeight]
    basis: Mapping[str, Basis]
    books: Books
