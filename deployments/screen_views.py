"""What the screen is shown: plain values, made by whoever runs the cycles."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from decimal import Decimal


@dataclass(frozen=True, slots=True)
class PairView:
    """One pair now. Anything unknown is None and shown as a dash; ``size`` and ``pnl_jpy`` are of the open position."""

    pair: str
    price_jpy: Decimal | None = None
    change_1h_pct: float | None = None
    score: float | None = None
    buy_threshold: float | None = None
    sell_threshold: float | None = None
    size: Decimal | None = None
    pnl_jpy: Decimal | None = None


@dataclass(frozen=True, slots=True)
class CycleView:
    """The state of the world after cycle ``cycle`` of ``cycles``; ``at`` is the market's time, aware UTC."""

    market: str
    at: datetime
    cycle: int
    cycles: int
    pairs: Sequence[PairView]
    equity_jpy: Decimal | None = None
    realized_pnl_jpy: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Summary:
    """What ``trader demo --json`` ends with, and the panel that says the same to a person.

    pairs       how many are watched.
    decisions   BUY, SELL, HOLD; orders: sent, filled, rejected, unknown; positions: opened, closed, open.
    report      path of the HTML report; prefect_ui: how to open the UI on these runs; state: the directory of the rest.
    """

    cycles: int
    pairs: int
    candles_stored: int
    analyses: int
    decisions: Mapping[str, int]
    orders: Mapping[str, int]
    positions: Mapping[str, int]
    pnl_jpy: Decimal
    report: str
    prefect_ui: str
    seconds: float
    state: str = ""
    headline: str = ""
    notes: Sequence[str] = field(default_factory=tuple)

    def as_json(self) -> dict[str, object]:
        """The fields as JSON values: yen as text, because JSON numbers are floats."""
        values = asdict(self)
        return values | {"pnl_jpy": str(self.pnl_jpy), "seconds": round(self.seconds, 1), "notes": list(self.notes)}


def clean(text: str) -> str:
    """One line that cannot steer the terminal: control characters, escapes among them, become blanks."""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())
