"""Moves that are hard to believe, and whether a second venue made them too.

A market that crashes takes every pair along: that is data. One pair alone that jumps is news, or a broken feed; only
another venue can tell. A feed that breaks for all pairs looks like a crash: there the two that moved most are asked
about. The limits are measured on 671 real days of six pairs (docs/decisions/0015).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.candles import INTERVAL, PRICES
from trading.strategy import Strategy

PAIRS_MIN = 3
"""Fewer have no median: a pair's own move is then taken for what the others did not do."""
WITNESSES = 2
"""Of a market that moved as a whole, so many pairs are asked about: those that moved most."""
WICK_SHARE = 0.5
"""A wick ends in one trade of one venue: another one shows it that went at least this far."""

type Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Jump:
    """A candle that is hard to believe: its prices, and the close it came from (its own open in a window's first).

    beyond_pct: how far beyond the other pairs, or away from the close before, at most.
    """

    pair: str
    open_time: datetime
    before_at: datetime | None
    before: float
    prices: tuple[float, float, float, float]
    beyond_pct: float = field(compare=False)


def jumps(windows: Mapping[str, pd.DataFrame], strategy: Strategy) -> dict[str, list[Jump]]:
    """The suspicious candles of each pair, oldest first; pairs without any are left out.

    windows: checked ones only, each increasing and above zero: a broken one would be measured against.
    """
    there = {pair: window for pair, window in windows.items() if not window.empty}
    if not there:
        return {}
    market = _Market(there)
    found = {pair: _of_pair(market, pair, strategy) for pair in there}
    return {pair: some for pair, some in found.items() if some}


def market_jumps(windows: Mapping[str, pd.DataFrame], strategy: Strategy) -> list[tuple[Jump, ...]]:
    """The slots in which the median of all pairs moved by ``jump_pct``, oldest first: of each the most moved candles.

    windows: as for ``jumps``; fewer than three have no median.
    """
    there = {pair: window for pair, window in windows.items() if not window.empty}
    if len(there) < PAIRS_MIN:
        return []
    market = _Market(there)
    moved = np.full((len(PRICES), len(market.times), len(there)), np.nan)
    earlier = np.zeros(moved.shape[1:], dtype=np.int64)
    for own in market.columns.values():
        rows, before, bases = _steps(market, own)
        earlier[rows, own] = before
        for number, name in enumerate(PRICES):
            moved[number, rows, own] = _moves(market.prices[name][rows, own], bases[:, own])
    slots = np.flatnonzero((~np.isnan(moved[0])).sum(axis=1) >= PAIRS_MIN)
    middle = np.abs(np.nanmedian(moved[:, slots], axis=2)).max(axis=0)
    far = np.nan_to_num(np.abs(moved).max(axis=0), nan=-1.0)
    pairs = list(market.columns)
    return [
        tuple(
            _jump(market, pairs[own], int(slot), int(earlier[slot, own]), float(far[slot, own]))
            for own in np.argsort(-far[slot], kind="stable")[:WITNESSES]
        )
        for slot in slots[middle > math.log1p(strategy.jump_pct / 100)]
    ]


def doubts(jump: Jump, venue: pd.DataFrame, strategy: Strategy) -> str:
    """Why a second venue's candles do not show a jump, in words; empty when they do. venue: by open time."""
    if jump.open_time not in venue.index or (jump.before_at is not None and jump.before_at not in venue.index):
        return f"the second venue has no candle of {jump.open_time:%Y-%m-%d %H:%M}"
    there = {name: float(venue[name].loc[pd.Timestamp(jump.open_time)]) for name in PRICES}
    here = dict(zip(PRICES, jump.prices, strict=True))
    if not all(0 < price < math.inf for price in (*here.values(), *there.values(), jump.before)):
        return f"a price of {jump.open_time:%Y-%m-%d %H:%M} is none"
    there_before = there["open"] if jump.before_at is None else float(venue["close"].loc[pd.Timestamp(jump.before_at)])
    for name in ("open", "close"):
        if not _near(here[name], there[name], strategy):
            return _off(f"{name} of {jump.open_time:%Y-%m-%d %H:%M}", here[name], there[name])
    if not _near(jump.before, there_before, strategy):
        return _off(f"price before {jump.open_time:%Y-%m-%d %H:%M}", jump.before, there_before)
    for name in ("high", "low"):
        gone, gone_there = math.log(here[name] / jump.before), math.log(there[name] / there_before)
        as_far = gone * gone_there > 0 and abs(gone_there) >= WICK_SHARE * abs(gone)
        if not as_far and not _near(here[name], there[name], strategy):
            return _off(f"{name} of {jump.open_time:%Y-%m-%d %H:%M}", here[name], there[name])
    return ""


def level_doubts(window: pd.DataFrame, venue: pd.DataFrame, strategy: Strategy) -> str:
    """Why the newest close is not what a second venue says; empty when it is, within ``second_venue_pct``."""
    at, here = window["open_time"].iloc[-1], float(window["close"].iloc[-1])
    if at not in venue.index:
        return f"the second venue has no candle of {at:%Y-%m-%d %H:%M}"
    there = float(venue["close"].loc[at])
    return "" if _near(here, there, strategy) else _off("newest close", here, there)


class _Market:
    """All windows on one grid of times: rows are slots, columns pairs, NaN where a pair has no candle."""

    def __init__(self, windows: Mapping[str, pd.DataFrame]) -> None:
        self.columns = {pair: column for column, pair in enumerate(windows)}
        times = [pd.DatetimeIndex(window["open_time"]) for window in windows.values()]
        self.times = _union(times)
        self.prices = {name: np.full((len(self.times), len(windows)), np.nan) for name in PRICES}
        for column, (at, window) in enumerate(zip(times, windows.values(), strict=True)):
            rows = self.times.get_indexer(at)
            for name in PRICES:
                self.prices[name][rows, column] = window[name].to_numpy(dtype=np.float64)


def _union(times: list[pd.DatetimeIndex]) -> pd.DatetimeIndex:
    every = np.unique(np.concatenate([one.tz_localize(None).to_numpy() for one in times]))
    return pd.DatetimeIndex(every).tz_localize("UTC")


def _of_pair(market: _Market, pair: str, strategy: Strategy) -> list[Jump]:
    """The candles of a pair that moved beyond the others by ``jump_pct``, or opened ``seam_pct`` away."""
    own = market.columns[pair]
    rows, earlier, bases = _steps(market, own)
    alone = len(market.columns) < PAIRS_MIN
    beyond = np.zeros(len(rows))
    for name in PRICES:
        moves = _moves(market.prices[name][rows], bases)
        beyond = np.fmax(beyond, np.abs(moves[:, own] - (0.0 if alone else _median_but(moves, own))))
    seams = np.abs(_moves(market.prices["open"][rows, own], bases[:, own]))
    seams[market.times[rows] - market.times[earlier] != INTERVAL] = 0.0
    limits = (math.log1p(strategy.jump_pct / 100), math.log1p(strategy.seam_pct / 100))
    bad = np.flatnonzero((beyond > limits[0]) | (seams > limits[1]))
    return [_jump(market, pair, int(rows[n]), int(earlier[n]), max(beyond[n], seams[n])) for n in bad]


def _steps(market: _Market, own: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64], Numbers]:
    """The slots of a pair, those of the candles before, and what all pairs came from in them: their closes then."""
    rows = np.flatnonzero(~np.isnan(market.prices["close"][:, own]))
    earlier = np.concatenate([rows[:1], rows[:-1]])
    bases = market.prices["close"][earlier]
    bases[0] = market.prices["open"][rows[0]]  # a window's first candle has only its own open to come from
    return rows, earlier, bases


def _moves(prices: Numbers, bases: Numbers) -> Numbers:
    """Logarithms of the ratios; what is not above zero is as far away as can be, and found."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.log(np.maximum(prices, 0.0) / np.maximum(bases, 0.0)), dtype=np.float64)


def _median_but(moves: Numbers, own: int) -> Numbers:
    """The median move of the other pairs by slot; 0 where fewer than two of them have a candle."""
    others = np.sort(np.delete(moves, own, axis=1), axis=1)  # NaN comes last
    known = (~np.isnan(others)).sum(axis=1)
    slots = np.arange(len(others))
    middle = (
        others[slots, np.maximum(known - 1, 0) // 2] + others[slots, np.minimum(known // 2, len(others[0]) - 1)]
    ) / 2
    return np.where(known >= PAIRS_MIN - 1, middle, 0.0)


def _jump(market: _Market, pair: str, row: int, earlier: int, beyond: float) -> Jump:
    own = market.columns[pair]
    first = row == earlier
    opened, high, low, close = (float(market.prices[name][row, own]) for name in PRICES)
    return Jump(
        pair=pair,
        open_time=market.times[row].to_pydatetime(),
        before_at=None if first else market.times[earlier].to_pydatetime(),
        before=opened if first else float(market.prices["close"][earlier, own]),
        prices=(opened, high, low, close),
        beyond_pct=round(math.expm1(beyond) * 100, 2),
    )


def _near(here: float, there: float, strategy: Strategy) -> bool:
    return there > 0 and abs(here / there - 1) * 100 <= strategy.second_venue_pct


def _off(what: str, here: float, there: float) -> str:
    away = f" ({(here / there - 1) * 100:+.1f} %)" if there > 0 else ""
    return f"{what} is {here:g} here, {there:g} at the second venue{away}"
