"""The stage of the study: recorded candles, a store and a venue in memory, and one damaged pair's way to a decision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from trading import candles as frames
from trading.basis import Rate, premiums
from trading.candles import INTERVAL, PRICES
from trading.errors import TradingError, Transient
from trading.lineage.inputs import range_of
from trading.pairs import parse_pairs
from trading.ports.candles import Answer
from trading.ports.payloads import Fetched
from trading.quality.light import LightValidator
from trading.quality.memory import Memory
from trading.services.collect import collect
from trading.services.looks import Outcomes
from trading.services.quality import Checked, Gate, check_pair, gate
from trading.services.revisions import History
from trading.strategy import Strategy

PAIRS = parse_pairs(None)
STRATEGY = Strategy()
VALIDATOR = LightValidator()
WINDOW = STRATEGY.candles_window
UNTOUCHED, BARRED = "never stored", "barred by the basis"
NONE = frames.empty()
NOISE = 0.003
"""The most that the perpetual was away from spot in the recorded weeks that have both: 30 bp."""


@cache
def recorded(folder: Path) -> Mapping[str, Any]:
    """The candles of every pair, by its key."""
    return {pair.key: frames.load_candles(frames.candle_file(folder, pair.binance)) for pair in PAIRS}


class Stored:
    """A CandleStore: a frame a pair, whatever is in it."""

    def __init__(self, rows: Any = None) -> None:
        self.rows: dict[str, Any] = dict(rows or {})

    def put(self, pair: Any, candles: Any, raw: str = "") -> int:
        """One candle a slot, the last one put; in order."""
        held = self.rows.get(pair.key, NONE)
        kept = held[~held["open_time"].isin(candles["open_time"])]
        self.rows[pair.key] = pd.concat([kept, candles]).sort_values("open_time", kind="stable").reset_index(drop=True)
        return len(candles)

    def window(self, pair: Any, at: datetime, count: int) -> Any:
        """The last closed candles, as they lie there."""
        return frames.window(self.rows.get(pair.key, NONE), at, count)

    def read(self, pair: Any, at: datetime, count: int) -> Answer:
        """The same."""
        return Answer(self.window(pair, at, count), "memory")

    def newest(self, pair: Any) -> datetime | None:
        """The newest stored."""
        rows = self.rows.get(pair.key, NONE)
        return None if rows.empty else rows["open_time"].max().to_pydatetime()


class Venue:
    """MarketData: the right candles; for so many questions of one pair a damaged page instead. ``asked`` counts."""

    def __init__(self, right: Mapping[str, Any]) -> None:
        self.right, self.times, self.whole = right, 0, False
        self.reachable, self.asked = True, 0
        self.bad: dict[str, Any] = {}

    def fetch(self, pair: Any, since: datetime | None, limit: int) -> Fetched:
        """The rows from a time on. ``whole``: a damaged page ignores what was asked for."""
        self.asked += 1
        if not self.reachable:
            msg = "Binance: no answer; try again"
            raise Transient(msg)
        damaged = pair.key in self.bad and self.times > 0
        self.times -= damaged
        rows = self.bad[pair.key] if damaged else self.right[pair.key]
        if not (damaged and self.whole):
            rows = rows[rows["open_time"] >= since].head(limit)
        return Fetched(rows.reset_index(drop=True))


class Perpetual:
    """SecondVenue: the right candles, each up to 30 bp away; or no answer. ``asked`` counts."""

    def __init__(self, right: Mapping[str, Any], dice: np.random.Generator, *, reachable: bool = True) -> None:
        self.right, self.dice, self.reachable, self.asked = right, dice, reachable, 0

    def candles(self, pair: Any, since: datetime, until: datetime) -> Any:
        """Raises Transient when it is not reachable."""
        self.asked += 1
        if not self.reachable:
            msg = "Binance futures: no answer; try again"
            raise Transient(msg)
        rows = self.right[pair.key]
        rows = rows[rows["open_time"].between(since, until)].reset_index(drop=True)
        return rows.assign(**{name: rows[name] * (1 + self.dice.uniform(-NOISE, NOISE, len(rows))) for name in PRICES})


class Kept:
    """Archive and Revisions in one: what was changed later, and files that nobody reads."""

    def __init__(self) -> None:
        self.changed: list[Any] = []

    def put(self, *what: Any) -> str:
        """A file, or revisions."""
        self.changed += what[0] if len(what) == 1 else []
        return "memory"

    def of(self, *_span: Any) -> list[Any]:
        """Nothing is known before."""
        return []


@dataclass
class Case:
    """Damaged pairs among right ones, at a time."""

    at: datetime
    right: Mapping[str, Any]
    store: Stored
    venue: Any
    second: Perpetual
    rate: Rate
    usd_jpy: float
    memory: Memory = field(default_factory=Memory)
    checked: dict[str, Checked] = field(default_factory=dict)


@dataclass(frozen=True)
class Fate:
    """What became of the damaged pair. wrong: it would be judged, and entered, on data that are not right."""

    refused: bool
    how: str
    wrong: bool


def way(case: Case, damaged: Iterable[Any]) -> dict[str, Fate]:
    """The real way: collect, store, check, gate, basis. The fate of each damaged pair."""
    kept: Any = Kept()
    history = History(kept, kept)
    said: dict[str, Any] = {}
    values, errors = dict(case.checked), {}
    for pair in damaged:
        try:
            said[pair.key] = collect(pair, case.at, case.venue, case.store, STRATEGY, history)
        except TradingError as error:
            said[pair.key] = error
        try:
            values[pair.key] = check_pair(
                pair, case.at, case.store, case.venue, VALIDATOR, STRATEGY, case.memory, history
            )
        except TradingError as error:
            errors[pair.key] = str(error)
    windows = {pair: case.store.window(pair, case.at, WINDOW) for pair in PAIRS}
    judged = gate(Outcomes(values, errors), windows, case.second, case.at, STRATEGY, case.memory)
    barred = _barred(case, {pair.key: windows[pair] for pair in PAIRS if pair.key in judged.passed})
    return {pair.key: _fate(case, pair, windows[pair], judged, barred, said[pair.key]) for pair in damaged}


def _barred(case: Case, windows: Mapping[str, Any]) -> dict[str, str]:
    usdt = {key: float(rows["close"].iloc[-1]) for key, rows in windows.items()}
    jpy = {key: Decimal(repr(float(case.right[key]["close"].iloc[-1]) * case.usd_jpy)) for key in usdt}
    return {key: one.why for key, one in premiums(usdt, jpy, case.rate, STRATEGY).items() if one.barred}


def _fate(case: Case, pair: Any, window: Any, judged: Gate, barred: Mapping[str, str], said: Any) -> Fate:
    refused = isinstance(said, TradingError)
    if findings := judged.quarantined.get(pair.key):
        return Fate(refused, f"quarantined: {findings[0].rule}", wrong=False)
    right = case.right[pair.key]
    if range_of("", window) == range_of("", frames.window(right, case.at, WINDOW)):
        if pair.key in barred:
            return Fate(refused, BARRED, wrong=False)
        again = not refused and said.revised
        how = "repaired" if judged.checked[pair.key].repaired else "put right: read again" if again else UNTOUCHED
        return Fate(refused, how, wrong=False)
    if pair.key in barred:
        return Fate(refused, BARRED, wrong=False)
    true = len(window.merge(right)) == len(window)
    fresh = case.at - window["open_time"].iloc[-1] - INTERVAL <= timedelta(minutes=STRATEGY.candle_max_age_minutes)
    return Fate(refused, "true, with a gap the exchange has too" if true and fresh else "ESCAPED", not (true and fresh))
