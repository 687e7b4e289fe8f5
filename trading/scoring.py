"""What to do now, of all that was found: sell first, then buy at most one, else hold (strategy.md, "Decision")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from trading.limits import Mode
from trading.order import Side
from trading.strategy import Strategy
from trading.thresholds import buy_threshold, own_sell_threshold, sell_threshold
from trading.weighing import ContextInputs, PairInputs, Ranked, base_weights, ranked

__all__ = ["ContextInputs", "Decision", "Held", "Market", "MissingInputs", "PairInputs", "Ranked", "decide"]

HOLD = "HOLD"
PLACES = 12
"""Decimals to which a score is compared with a threshold: the last digits of a float sum decide nothing."""


@dataclass(frozen=True, slots=True)
class MissingInputs:
    """What is missing of a pair, such as ``("technical",)``: it is neither bought nor sold by its signal."""

    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Held:
    """A pair that is held, since when (aware UTC), and at which yen price if that is known."""

    pair: str
    entered_at: datetime
    entry_price_jpy: Decimal | None = None


@dataclass(frozen=True, slots=True)
class Market:
    """The state of the world that a decision is made from; nothing else enters it.

    breakers         name -> whether it stops buying; ``kill_switch`` may also be a mode (OFF, NO_ENTRIES, NOTHING).
    forecast_weight  the weight the forecast has earned; None for the strategy's own.
    barred           pair -> why it may not be entered, such as its premium; it may still be sold.
    """

    now: datetime
    pairs: Mapping[str, PairInputs | MissingInputs]
    context: ContextInputs | None
    positions: Sequence[Held]
    breakers: Mapping[str, bool | str]
    forecast_weight: float | None = None
    barred: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Decision:
    """BUY, SELL or HOLD, of which pairs, why in sentences, and every number behind it. ``ranking``: best first."""

    action: str
    pairs: tuple[str, ...]
    reasons: tuple[str, ...]
    buy_threshold: float
    sell_threshold: float
    ranking: tuple[Ranked, ...]


def decide(market: Market, strategy: Strategy) -> Decision:
    """The one decision of an analysis. Missing input never leads to a BUY; HOLD is only ever a decision."""
    scored = {key: found for key, found in market.pairs.items() if isinstance(found, PairInputs)}
    context, notes = _fresh(market.context, strategy)
    weights = base_weights(strategy, market.forecast_weight)
    ranking = sorted((ranked(key, found, context, weights, strategy) for key, found in scored.items()), key=_best_first)
    widths = [found.bb_width for found in scored.values()]
    buy_at = buy_threshold(widths, None if context is None else context.fear_greed, strategy)
    sell_at = sell_threshold(widths, strategy)
    notes += _missing(market)
    sells, why_sell = _sells(market, ranking, sell_at, strategy)
    if sells:
        return Decision(Side.SELL, sells, (*why_sell, *notes), buy_at, sell_at, tuple(ranking))
    buys, why_buy = _buys(market, ranking, buy_at)
    action = Side.BUY if buys else HOLD
    return Decision(action, buys, (*why_buy, *why_sell, *notes), buy_at, sell_at, tuple(ranking))


def _best_first(one: Ranked) -> tuple[float, str]:
    return -round(one.score, PLACES), one.pair


def _reaches(score: float, threshold: float) -> bool:
    return round(score - threshold, PLACES) >= 0


def _fresh(context: ContextInputs | None, strategy: Strategy) -> tuple[ContextInputs | None, list[str]]:
    """The context if it may be used, and what is to be said of one that may not."""
    if context is None:
        return None, ["There is no market context: it counts as neutral."]
    limit_h = strategy.context_stale_hours
    if context.age_s > limit_h * 3600:
        return None, [f"Market context is {context.age_s / 3600:.1f} h old, over {limit_h:g} h: it counts as neutral."]
    if context.age_s < 0:
        return None, ["Market context is from the future: it counts as neutral."]
    return context, []


def _missing(market: Market) -> list[str]:
    held = {position.pair for position in market.positions}
    said = []
    for key, found in sorted(market.pairs.items()):
        if isinstance(found, MissingInputs):
            tail = ", held: only its stop can sell it" if key in held else ""
            said.append(f"{key} sits out: {', '.join(found.missing) or 'its input'} missing{tail}.")
    unseen = sorted(held - set(market.pairs))
    return said + [f"{key} is held but was not analysed: only its stop can sell it." for key in unseen]


def _sells(
    market: Market, ranking: Sequence[Ranked], general: float, strategy: Strategy
) -> tuple[tuple[str, ...], list[str]]:
    """The held pairs to sell, worst first, and a sentence on every held pair that its score would sell."""
    stopped = _mode(market) is Mode.NOTHING
    held: dict[str, datetime] = {}
    for position in market.positions:  # a pair bought twice is as young as its youngest entry
        held[position.pair] = max(position.entered_at, held.get(position.pair, position.entered_at))
    sells, said = [], []
    for one in reversed(ranking):
        found = market.pairs[one.pair]
        if one.pair not in held or not isinstance(found, PairInputs):
            continue
        own = own_sell_threshold(general, found, strategy)
        if not _reaches(own, one.score):
            continue
        slowed = "" if own == general else " (eased: its rise is losing speed)"
        why = f"{one.pair} scores {one.score:+.3f}, at or below its sell threshold {own:+.3f}{slowed}"
        minutes = (market.now - held[one.pair]).total_seconds() / 60
        if minutes < strategy.min_hold_minutes:
            said.append(f"{why}, but was bought {minutes:.0f} min ago: kept for {strategy.min_hold_minutes:g} min.")
        elif stopped:
            said.append(f"{why}, but the kill switch stops everything.")
        else:
            sells.append(one.pair)
            said.append(f"{why}: sell.")
    return tuple(sells), said


def _buys(market: Market, ranking: Sequence[Ranked], threshold: float) -> tuple[tuple[str, ...], list[str]]:
    """The one pair to buy, if any, and why or why not. A barred one is passed over, and said if it was better."""
    held = {position.pair for position in market.positions}
    free = [one for one in ranking if one.pair not in held]
    if not free:
        return (), ["No pair that is not held could be scored: nothing to buy."]
    open_to_us = [one for one in free if one.pair not in market.barred]
    better = free[: free.index(open_to_us[0])] if open_to_us else free
    passed = [f"{one.pair} scores {one.score:+.3f}, but is barred: {market.barred[one.pair]}." for one in better]
    if not open_to_us:
        return (), [f"Each of {len(free)} not held is barred: nothing to buy.", *passed]
    best, kind = open_to_us[0], "not held and not barred" if len(open_to_us) < len(free) else "not held"
    if not _reaches(best.score, threshold):
        best_is = f"Best of {len(open_to_us)} {kind} is {best.pair} at {best.score:+.3f}"
        return (), [f"{best_is}, {threshold - best.score:.3f} short of the buy threshold {threshold:+.3f}.", *passed]
    why = f"{best.pair} scores {best.score:+.3f}, at or above the buy threshold {threshold:+.3f}"
    stops = _stops(market)
    if stops:
        return (), [f"{why}, but buying is stopped by {', '.join(stops)}.", *passed]
    return (best.pair,), [f"{why}, best of {len(open_to_us)} {kind}: buy.", *passed]


def _stops(market: Market) -> list[str]:
    """The names of what stops buying now."""
    names = sorted(name for name, on in market.breakers.items() if name != "kill_switch" and on)
    return names if _mode(market) is Mode.OFF else ["kill_switch", *names]


def _mode(market: Market) -> Mode:
    """The kill switch as a mode; plainly true means no entries, and a mode that nobody knows stops everything."""
    value = market.breakers.get("kill_switch", False)
    if isinstance(value, bool):
        return Mode.NO_ENTRIES if value else Mode.OFF
    return Mode(value) if value in Mode.__members__ else Mode.NOTHING
