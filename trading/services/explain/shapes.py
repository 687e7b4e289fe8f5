"""What an explanation is made from, and what it says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from trading.pairs import Pair
from trading.ports import Archive, CandleStore, Ledger, Readings
from trading.ports.candles import Revisions
from trading.ports.forecasts import Forecasts
from trading.ports.lineage import Lineage
from trading.report.words import JST
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Sources:
    """Where explanations are looked up; ``now``: the market's time."""

    pairs: Sequence[Pair]
    ledger: Ledger
    lineage: Lineage
    candles: CandleStore
    revisions: Revisions
    readings: Readings
    forecasts: Forecasts
    strategy: Strategy
    now: datetime
    archive: Archive

    def pair(self, key: str) -> Pair | None:
        """A configured pair; None for one that is configured no more."""
        return next((pair for pair in self.pairs if pair.key == key), None)


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened, in a sentence; ``at`` is None where nobody wrote down when."""

    at: datetime | None
    words: str


@dataclass(frozen=True, slots=True)
class PairLine:
    """How one pair was judged. ``parts``: the judges' own scores by name.  verdict: what that came to, in words."""

    pair: str
    score: float | None
    short_by: float | None
    parts: Mapping[str, float | None]
    verdict: str


@dataclass(frozen=True, slots=True)
class InputLine:
    """One thing that was looked at: what it was, whether it is still the same, and which payload it came from.

    kind   candles, forecast, news, context or evidence.  pair: empty for what is of the whole market.
    sound  False when it is not what was seen and nothing explains why.
    """

    kind: str
    pair: str
    was: str
    now: str
    raw: str = ""
    sound: bool = True


@dataclass(frozen=True, slots=True)
class Explanation:
    """The answer to "why?".

    headline  the answer in a sentence or two.  steps: what happened, in order.
    judged    which decision ``pairs``, ``reasons`` (its own sentences) and ``inputs`` are of, and when it was.
    record    what the chain says of the record of the decision; ``sound``: whether all of it is as it was written.
    ids       everything that can be asked about further.  data: the stored record and rows, for programs.
    """

    about: str
    headline: str
    steps: tuple[Step, ...] = ()
    judged: str = ""
    pairs: tuple[PairLine, ...] = ()
    reasons: tuple[str, ...] = ()
    inputs: tuple[InputLine, ...] = ()
    record: str = ""
    sound: bool = True
    ids: Mapping[str, str] = field(default_factory=dict)
    data: Mapping[str, Any] = field(default_factory=dict)


def when(at: datetime) -> str:
    """``3 January 2024 21:10 JST (12:10 UTC)``; a UTC day that is another one is named too."""
    here = at.astimezone(JST)
    utc = f"{at:%H:%M} UTC" if here.date() == at.date() else f"{at.day} {at:%B %H:%M} UTC"
    return f"{here.day} {here:%B %Y %H:%M} JST ({utc})"


def span(seconds: float) -> str:
    """``25 minutes``, ``3.5 hours``, ``2 days``: as exactly as anybody wants to know."""
    if seconds < 90:
        return f"{seconds:.0f} seconds"
    if seconds < 5400:
        return f"{seconds / 60:.0f} minutes"
    return f"{seconds / 3600:.1f} hours" if seconds < 2 * 86400 else f"{seconds / 86400:.0f} days"
