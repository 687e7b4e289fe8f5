"""Where the stop of a position belongs, from its entry and its peak alone (strategy.md, "Positions")."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from trading.money import JPY, Price
from trading.strategy import Strategy

WHOLE = Decimal(100)


class ExitReason(StrEnum):
    """What sells a position. The first three say what set the stop that was hit."""

    STOP_LOSS = "STOP_LOSS"
    TRAILING_STOP = "TRAILING_STOP"
    BREAK_EVEN = "BREAK_EVEN"
    TAKE_PROFIT = "TAKE_PROFIT"
    SIGNAL = "SIGNAL"


def first_stop(entry: Price[JPY], strategy: Strategy) -> Price[JPY]:
    """The stop-loss of a new position."""
    return entry.scaled(1 - strategy.stop_loss_pct / WHOLE)


def take_profit(entry: Price[JPY], strategy: Strategy) -> Price[JPY]:
    """The price at which a position is sold in any case: a safety valve, checked last."""
    return entry.scaled(1 + strategy.take_profit_pct / WHOLE)


def gain_pct(entry: Price[JPY], price: Price[JPY]) -> Decimal:
    """How far a price is above the entry, in percent of it."""
    return (price / entry - 1) * WHOLE


def trail_pct(gain: Decimal, strategy: Strategy) -> Decimal | None:
    """How far below the peak, in percent of it, the stop hangs at a peak gain (percent); None before the first tier."""
    tiers = (
        (strategy.trail_4_from_pct, strategy.trail_4_pct),
        (strategy.trail_3_from_pct, strategy.trail_3_pct),
        (strategy.trail_2_from_pct, strategy.trail_2_pct),
        (strategy.trail_1_from_pct, strategy.trail_1_pct),
    )
    return next((trail for start, trail in tiers if gain >= start), None)


def trailing_stop(
    entry: Price[JPY], peak: Price[JPY], distance: Price[JPY] | None, strategy: Strategy
) -> Price[JPY] | None:
    """Where the trailing stop hangs: ``distance`` yen below the peak if the position has one, else by the tiers.

    None when it does not hang yet: below the first tier, or when the distance reaches down to 0.
    """
    if distance is not None:
        return Price(peak.number - distance.number, peak.coin, JPY) if distance < peak else None
    trail = trail_pct(gain_pct(entry, peak), strategy)
    return None if trail is None else peak.scaled(1 - trail / WHOLE)


def break_even_stop(
    entry: Price[JPY], peak: Price[JPY], trigger: Price[JPY] | None, strategy: Strategy
) -> Price[JPY] | None:
    """Just above the entry once the peak reached ``trigger`` if the position has one, else the strategy's gain."""
    reached = peak >= trigger if trigger is not None else gain_pct(entry, peak) >= strategy.break_even_from_pct
    return entry.scaled(1 + strategy.break_even_margin_pct / WHOLE) if reached else None
