"""How many yen one entry may spend (strategy.md, "Sizing"): Kelly with a history, steps of the score before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trading.money import JPY, Amount, Price, floor_to, yen
from trading.pairs import LotRules
from trading.strategy import Strategy

SCORE_STEP = Decimal("0.000000001")
"""What a score is rounded to where it meets money."""


@dataclass(frozen=True, slots=True)
class NoEntry:
    """Nothing is bought, and why, in a sentence. Not an error."""

    reason: str


def exact_score(score: float) -> Decimal:
    """The border between judging and money: a score as a decimal of nine places. 0 for what is not a number."""
    return Decimal(repr(score)).quantize(SCORE_STEP) if math.isfinite(score) else Decimal(0)


def entry_spend(
    score: float, free: Amount[JPY], history: Sequence[Decimal], strategy: Strategy, lot: LotRules, ask: Price[JPY]
) -> Amount[JPY] | NoEntry:
    """The yen that one market buy may spend, rounded down to the lot's step of whole yen, or why there is no entry.

    score    the pair's total score.
    free     the yen that can be traded now; the reserve is taken off here.
    history  realised returns (profit / cost) of the trades closed in the last ``kelly_days`` days.
    ask      what one coin costs now; the spend buys the venue's least size even when the price rises to the band's end.
    """
    available = free - yen(strategy.reserve_jpy)
    if available <= yen(0):
        return NoEntry(f"Free are {free}, the reserve is {strategy.reserve_jpy} JPY: nothing to spend.")
    share = entry_share(exact_score(score), history, strategy)
    if isinstance(share, NoEntry):
        return share
    wanted = min(available * share, yen(strategy.position_cap_jpy))
    step = max(lot.market_buy_step_jpy, Decimal(1))
    spend = Amount(floor_to(wanted.number, step), JPY)
    floor = max(yen(strategy.position_floor_jpy), least_spend(lot, ask, strategy))
    if spend < floor:
        return NoEntry(f"{share:.0%} of {available} is {spend}, below the least entry of {floor.rounded()}.")
    return spend


def least_spend(lot: LotRules, ask: Price[JPY], strategy: Strategy) -> Amount[JPY]:
    """The yen that surely buy the venue's least size: at the highest price that the entry's price band allows."""
    return Amount(lot.min_size * ask.number * (1 + strategy.price_band_pct / 100), JPY)


def entry_share(score: Decimal, history: Sequence[Decimal], strategy: Strategy) -> Decimal | NoEntry:
    """The share (0 to 1) of the available yen that a score and a history are worth."""
    if len(history) < strategy.kelly_min_trades:
        return _share_by_score(score, strategy)
    kelly = kelly_fraction(history)
    if kelly <= 0:
        return NoEntry(f"The last {len(history)} trades have no edge (Kelly {kelly:.3f}): no entry.")
    factor = (score - strategy.kelly_score_start) / strategy.kelly_score_span
    factor = min(max(factor, strategy.kelly_score_min), Decimal(1))
    return min(max(kelly * strategy.kelly_part * factor, strategy.kelly_share_min), strategy.kelly_share_max)


def kelly_fraction(history: Sequence[Decimal]) -> Decimal:
    """(p b - q) / b with b = mean win / mean loss, as p - q x mean loss / mean win.

    Written so, it needs no b: without a loss it is p, and without a win there is no edge (-1). A return of exactly 0
    is a loss of 0.
    """
    wins = [one for one in history if one > 0]
    losses = [-one for one in history if one <= 0]
    if not wins:
        return Decimal(-1)
    p = Decimal(len(wins)) / len(history)
    mean_win = sum(wins, Decimal(0)) / len(wins)
    mean_loss = sum(losses, Decimal(0)) / len(losses) if losses else Decimal(0)
    return p - (1 - p) * mean_loss / mean_win


def _share_by_score(score: Decimal, strategy: Strategy) -> Decimal | NoEntry:
    steps = (
        (strategy.size_1_score, strategy.size_1_share),
        (strategy.size_2_score, strategy.size_2_share),
        (strategy.size_3_score, strategy.size_3_share),
        (strategy.size_4_score, strategy.size_4_share),
    )
    share = next((share for start, share in steps if score >= start), None)
    if share is None:
        return NoEntry(f"A score of {score:.3f} is below {strategy.size_4_score}, the least that is sized: no entry.")
    return share
