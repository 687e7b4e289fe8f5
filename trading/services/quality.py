"""Quality: what may be judged.

A pair whose data look wrong is quarantined for this cycle: it is neither bought nor sold by its signals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from trading.lineage.inputs import CandleRange
from trading.quality.findings import Finding, Validation


@dataclass(frozen=True, slots=True)
class Checked:
    """One pair's window as it was checked: exactly this is judged, or nothing.

    tier      which store answered.  slower: why a faster one did not.
    repaired  how many missing candles were fetched again from the exchange.
    """

    pair: str
    at: datetime
    candles: CandleRange
    tier: str
    slower: tuple[str, ...]
    repaired: int
    validation: Validation


@dataclass(frozen=True, slots=True)
class Gate:
    """Which pairs may be judged, and why the others sit out, by key."""

    passed: tuple[str, ...]
    quarantined: Mapping[str, tuple[Finding, ...]]
    checked: Mapping[str, Checked]
