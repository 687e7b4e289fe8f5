"""Seeded damages on their way to a decision: every kind so many times, and what became of each."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import numpy as np

from tests.quality.corruptions import KINDS, REPLIES_ONLY, Rightly
from tests.quality.stage import (
    PAIRS,
    STRATEGY,
    UNTOUCHED,
    VALIDATOR,
    WINDOW,
    Case,
    Fate,
    Perpetual,
    Stored,
    Venue,
    recorded,
    way,
)
from trading import candles as frames
from trading.basis import Rate, rate_of
from trading.candles import INTERVAL
from trading.services.quality import Checked, check_pair

USD_JPY = 145.0
LATE = timedelta(seconds=20)
EVERYONE = "USD/JPY swapped, all six"
RATE = "USD/JPY rate wrong"
ALL_KINDS = (*KINDS, EVERYONE, RATE)
OWN_RATE = "judged by the rate that the pairs themselves show"
RATES: Sequence[Any] = (1 / USD_JPY, USD_JPY * 100, 0.0, float("nan"), None, USD_JPY * 1.09)
"""Upside down, in another unit, none, no number, missing, the euro's."""

type Moment = tuple[Any, dict[str, Any], dict[str, Any], dict[str, Checked]]


def moments(folders: Sequence[Path], count: int, dice: np.random.Generator) -> Iterator[Moment]:
    """Random times of the recorded weeks: the time, 336 right candles a pair and the 336 before, and their checks."""
    made = 0
    while made < count:
        everything = recorded(folders[made % len(folders)])
        end = int(dice.integers(2 * WINDOW, len(everything["btc_usdt"])))
        before = {
            key: rows.iloc[end - 2 * WINDOW : end - WINDOW].reset_index(drop=True) for key, rows in everything.items()
        }
        right = {key: rows.iloc[end - WINDOW : end].reset_index(drop=True) for key, rows in everything.items()}
        at = right["btc_usdt"]["open_time"].iloc[-1].to_pydatetime() + INTERVAL + LATE
        store, venue = Stored(right), Venue(right)
        checked = {pair.key: check_pair(pair, at, store, venue, VALIDATOR, STRATEGY) for pair in PAIRS}  # type: ignore[arg-type]
        if all(one.validation.passed for one in checked.values()):
            made += 1
            yield at, right, before, checked


def fate_of(kind: str, moment: Moment, dice: np.random.Generator) -> dict[str, Fate]:
    """One damage of a kind at a moment: of a reply or the store, once or for good, in a new process or an old one."""
    at, right, before, checked = moment
    hit = list(PAIRS) if kind == EVERYONE else [PAIRS[int(dice.integers(len(PAIRS)))]]
    wrong_rate = RATES[int(dice.integers(len(RATES)))]
    usual = Rate(USD_JPY * (1 + dice.normal(0, 0.002))) if dice.random() < 0.7 else Rate(None, "no USD/JPY is stored")
    rate = usual
    if kind == RATE:
        rate = rate_of(
            {"usd_jpy": wrong_rate, "usd_jpy_as_of": at.isoformat(), "timestamp": int(at.timestamp())}, at, STRATEGY
        )
    venue = Venue(right)
    second = Perpetual(right, dice, reachable=bool(dice.random() < 0.75))
    case = Case(at, right, Stored(right), venue, second, rate, USD_JPY, checked=dict(checked))
    if dice.random() < 0.5:  # a process that has judged the window before
        for pair in PAIRS:
            case.memory.note_level(pair.key, right[pair.key].iloc[:-1])
    if kind != RATE:
        _damage(case, kind, hit, before, dice)
    fates = way(case, hit)
    if kind == RATE:
        return {key: replace(fate, how=OWN_RATE if fate.how == UNTOUCHED else fate.how) for key, fate in fates.items()}
    return fates


def _damage(case: Case, kind: str, hit: Sequence[Any], before: dict[str, Any], dice: np.random.Generator) -> None:
    damage = KINDS.get(kind, KINDS["USD/JPY swapped"])
    stored = kind not in REPLIES_ONLY and bool(dice.random() < 0.4)
    fresh = int(dice.integers(1, 4)) if kind == "unclosed" and stored else 0 if stored else int(dice.integers(1, 41))
    cold = not stored and dice.random() < 0.3
    case.venue.times = int(dice.choice([1, 2, 10**9])) * len(hit)
    case.venue.whole = kind in REPLIES_ONLY
    state = dice.bit_generator.state
    for pair in hit:
        if kind == EVERYONE:
            dice.bit_generator.state = state  # the same form from the same candle on
        rows = case.right[pair.key]
        old = rows.iloc[: len(rows) - fresh].reset_index(drop=True)
        base = old if stored else rows
        other = case.right[next(one.key for one in PAIRS if one.key != pair.key)].iloc[: len(base)]
        what = Rightly(base, other, before[pair.key], USD_JPY, fresh, stored)
        seen = base["open_time"].iloc[0] if stored or cold else old["open_time"].iloc[-3]
        bad = damage(dice, what)
        while not _visible(bad, base, seen):
            bad = damage(dice, what)
        case.store.rows[pair.key] = bad if stored else frames.empty() if cold else old
        if not stored:
            case.venue.bad[pair.key] = bad


def _visible(bad: Any, right: Any, seen: Any) -> bool:
    """Whether the damage is in what is asked for."""
    return (
        not bad[bad["open_time"] >= seen]
        .reset_index(drop=True)
        .equals(right[right["open_time"] >= seen].reset_index(drop=True))
    )


def study(
    folders: Sequence[Path], each: int, seed: int = 1, kinds: Sequence[str] = ALL_KINDS
) -> dict[str, Counter[str]]:
    """Every kind ``each`` times: by kind, how often what became of it. ``refused`` counts besides the fates."""
    dice = np.random.default_rng(seed)
    found: dict[str, Counter[str]] = {kind: Counter() for kind in kinds}
    for moment in moments(folders, each, dice):
        for kind in kinds:
            for fate in fate_of(kind, moment, dice).values():
                found[kind].update([fate.how, *(["refused"] if fate.refused else [])])
    return found
