"""The order book at an instant: two sides around the market's price in yen, from the seed, the pair and the second.

Its first three levels are thin (a few thousand yen each) and the rest is deep, so that ordinary market orders fill in
one to four parts at different prices. Taking from it leaves no mark: in the next instant it is full again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

import numpy as np

from simulator.coincheck.rules import Rule
from simulator.seeded import rng

LEVELS = 12
THIN_LEVELS = 3


@dataclass(frozen=True, slots=True)
class Level:
    """One price and the coins offered at it."""

    price: Decimal
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Book:
    """Asks from the lowest, bids from the highest; ``mid`` is the market's price on the tick."""

    mid: Decimal
    asks: tuple[Level, ...]
    bids: tuple[Level, ...]


def on_tick(price: Decimal, tick: Decimal, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """A price on the tick, at least one tick."""
    return max((price / tick).to_integral_value(rounding) * tick, tick)


def best(price: Decimal, rule: Rule, spread_pct: Decimal) -> tuple[Decimal, Decimal]:
    """Best bid and best ask around an exact price: half the spread to each side, away from it to the tick."""
    half = price * spread_pct / 200
    bid, ask = (
        on_tick(price - half, rule.price_tick, ROUND_FLOOR),
        on_tick(price + half, rule.price_tick, ROUND_CEILING),
    )
    return bid, max(ask, bid + rule.price_tick)


def build(price: Decimal, rule: Rule, spread_pct: Decimal, seed: int, pair: str, ms: int) -> Book:
    """The book of a pair around an exact price in yen."""
    draw = rng(seed, "book", pair, ms // 1000)
    bid, ask = best(price, rule, spread_pct)
    asks = _side(draw, ask, 1, rule)
    bids = _side(draw, bid, -1, rule)
    return Book(on_tick(price, rule.price_tick), asks, bids)


def _side(draw: np.random.Generator, first: Decimal, direction: int, rule: Rule) -> tuple[Level, ...]:
    """Levels away from the best price: a tick to a few hundredths of a percent between two of them."""
    thin_yen = draw.integers(1_500, 9_000, THIN_LEVELS).tolist()
    deep_yen = draw.integers(3_000_000, 20_000_000, LEVELS - THIN_LEVELS).tolist()
    gaps = [0, *draw.integers(1, 30, LEVELS - 1).tolist()]  # in millionths x 10 of the price
    levels, price = [], first
    for yen, gap in zip([*thin_yen, *deep_yen], gaps, strict=True):
        if gap:
            step = max(on_tick(first * gap / 100_000, rule.price_tick), rule.price_tick)
            price = max(price + direction * step, rule.price_tick)
        amount = max((Decimal(yen) / price).quantize(rule.amount_step, ROUND_DOWN), rule.amount_step)
        levels.append(Level(price, amount))
    return tuple(levels)
