"""What stops orders: the kill switch, set by a person, and the breakers, set by losses (strategy.md, "Breakers").

Breakers stop buying only; selling is always allowed. They are computed from the books each time, never stored:
nothing has to be reset, and nothing goes stale.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from zoneinfo import ZoneInfo

from trading.money import JPY, Amount, yen
from trading.order import Trade
from trading.position import Position
from trading.strategy import Strategy

TOKYO = ZoneInfo("Asia/Tokyo")
"""A trading day is a day in Japan: the operator's yen, losses and reports are counted by it."""


class Mode(StrEnum):
    """How far the kill switch stops us, mildest first."""

    OFF = "OFF"
    NO_ENTRIES = "NO_ENTRIES"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """The switch as last set, with who and why."""

    mode: Mode
    reason: str
    by: str
    at: datetime | None
    version: int = 0


def allows_entry(mode: Mode) -> bool:
    """Whether a BUY may be sent."""
    return mode is Mode.OFF


def allows_exit(mode: Mode) -> bool:
    """Whether a SELL may be sent: always, unless the operator chose to stop everything."""
    return mode is not Mode.NOTHING


@dataclass(frozen=True, slots=True)
class Equity:
    """All our money now (yen plus coins at the bid) and the most it has been."""

    now: Amount[JPY]
    peak: Amount[JPY]

    @property
    def drawdown_pct(self) -> Decimal:
        """How far it is below the peak, in percent of it; 0 when there never was any."""
        return max((self.peak - self.now) / self.peak * 100, Decimal(0)) if self.peak > yen(0) else Decimal(0)


def realised_equity(start: Amount[JPY], closed: Sequence[Position]) -> Equity:
    """Equity by closed positions alone, from what there was at the start: for where open coins are not valued."""
    now = peak = start
    for _, result in _results(closed):
        now = now + result
        peak = max(peak, now)
    return Equity(now, peak)


def exposure(positions: Sequence[Position], pending: Sequence[Trade]) -> Amount[JPY]:
    """The yen in positions and in entries that are under way: what could be lost at once."""
    entering = [trade.intent.spend for trade in pending if trade.intent.spend is not None]
    return sum((*(position.cost for position in positions), *entering), yen(0))


def breakers(closed: Sequence[Position], at: datetime, equity: Equity, strategy: Strategy) -> dict[str, bool]:
    """Which breakers stop buying at a time (aware), from the closed positions known and the equity.

    daily_loss       what the positions closed on this day (JST) lost, gains set off, reached the limit.
    losses_in_a_row  the last so many closed positions all lost, and the last of them less than the cool-down ago.
    drawdown         equity is that far below its peak.
    Positions closed after ``at`` are not known yet and do not count.
    """
    results = [(when, result) for when, result in _results(closed) if when <= at]
    return {
        "daily_loss": _daily_loss(results, at, strategy),
        "losses_in_a_row": _losses_in_a_row(results, at, strategy),
        "drawdown": equity.drawdown_pct >= strategy.max_drawdown_pct,
    }


def _results(closed: Sequence[Position]) -> list[tuple[datetime, Amount[JPY]]]:
    """When each closed position was closed and what it brought, oldest first (ties by id, so that the order is one)."""
    known = sorted(closed, key=lambda one: (one.closed_at is not None and one.closed_at.timestamp(), one.position_id))
    return [(p.closed_at, p.realized_pnl) for p in known if p.closed_at is not None and p.realized_pnl is not None]


def _daily_loss(results: Sequence[tuple[datetime, Amount[JPY]]], at: datetime, strategy: Strategy) -> bool:
    today = at.astimezone(TOKYO).date()
    net = sum((result for when, result in results if when.astimezone(TOKYO).date() == today), yen(0))
    return net <= -yen(strategy.daily_loss_limit_jpy)


def _losses_in_a_row(results: Sequence[tuple[datetime, Amount[JPY]]], at: datetime, strategy: Strategy) -> bool:
    last = results[-strategy.losses_in_a_row :]
    if len(last) < strategy.losses_in_a_row or any(result >= yen(0) for _, result in last):
        return False
    return at - last[-1][0] < timedelta(hours=strategy.cool_down_hours)
