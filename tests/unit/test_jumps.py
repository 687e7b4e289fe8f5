"""Jumps of one pair that no other made: what is suspicious, and what a second venue must show for it to be believed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trading.candles import INTERVAL, PRICES, frame
from trading.quality.jumps import Jump, doubts, jumps, level_doubts
from trading.quality.memory import Memory
from trading.quality.repeats import repeated
from trading.strategy import Strategy

START = datetime(2026, 1, 5, tzinfo=UTC)
STRATEGY = Strategy()
COUNT = 30


def market(pairs: int = 6, moves: Any = None, count: int = COUNT) -> dict[str, Any]:
    """Pairs that all make the same moves, each a little of its own."""
    shared = np.zeros(count) if moves is None else np.asarray(moves)
    return {f"p{number}_usdt": one(100.0 * 10**number, shared, number) for number in range(pairs)}


def one(price: float, moves: Any, seed: int = 0) -> Any:
    """Seamless candles: each opens where the last one closed."""
    closes = price * np.exp(np.cumsum(moves + np.random.default_rng(seed).normal(0, 0.001, len(moves))))
    opens = np.concatenate([[price], closes[:-1]])
    tops, floors = np.maximum(opens, closes) * 1.0005, np.minimum(opens, closes) * 0.9995
    values = zip(opens, tops, floors, closes, range(1, len(moves) + 1), strict=True)
    rows: Any = [(START + n * INTERVAL, *map(float, row)) for n, row in enumerate(values)]
    return frame(rows)


def moved(candles: Any, spot: int, factor: float, *, level: bool) -> Any:
    """One candle, or all from it on, times a factor, seamless."""
    rows = candles.copy()
    upto = len(rows) if level else spot
    rows.loc[spot:upto, list(PRICES)] *= factor
    rows.loc[spot, "open"] = rows.loc[spot - 1, "close"]
    if spot + 1 < len(rows):
        rows.loc[spot + 1, "open"] = rows.loc[spot, "close"]
    rows["high"], rows["low"] = rows[list(PRICES)].max(axis=1), rows[list(PRICES)].min(axis=1)
    return rows


def there(candles: Any, factor: float = 1.0) -> Any:
    """The same at the second venue, a little away."""
    return candles.assign(**{name: candles[name] * factor for name in PRICES}).set_index("open_time")


@settings(max_examples=15)
@given(
    moves=st.lists(st.floats(-0.3, 0.3), min_size=COUNT, max_size=COUNT),
    lost=st.sets(st.integers(0, COUNT - 1), max_size=10),
)
def test_what_the_whole_market_does_is_never_suspicious(moves: list[float], lost: set[int]) -> None:
    """Whatever all pairs do at once, crashes and holes of one pair included, no candle is: it is data."""
    windows = market(moves=moves)
    windows["p0_usdt"] = windows["p0_usdt"].drop(index=sorted(lost)).reset_index(drop=True)
    assert jumps(windows, STRATEGY) == {}


@settings(max_examples=25)
@given(
    spot=st.integers(1, COUNT - 1),
    size=st.floats(0.05, 0.5),
    up=st.booleans(),
    level=st.booleans(),
    number=st.integers(0, 5),
    pairs=st.integers(3, 6),
)
def test_one_pair_alone_is_suspicious_at_that_slot_and_not_shown_by_the_true_market(
    spot: int, size: float, up: bool, level: bool, number: int, pairs: int
) -> None:
    """A spike or a level of 5 to 50 % of one pair is found where it is, and its true candles elsewhere disprove it."""
    windows, key = market(pairs), f"p{number % pairs}_usdt"
    true = windows[key]
    windows[key] = moved(true, spot, 1 + size if up else 1 - size, level=level)
    found = jumps(windows, STRATEGY)[key]
    assert START + spot * INTERVAL in {jump.open_time for jump in found}
    assert any(doubts(jump, there(true), STRATEGY) for jump in found)
    assert all(doubts(jump, there(windows[key], 0.997), STRATEGY) == "" for jump in found)


@pytest.mark.parametrize("name", ["high", "low"])
def test_a_wick_is_believed_when_the_second_venue_went_half_as_far(name: str) -> None:
    """A wick of 10 % alone is suspicious; 5.5 % there show it, 2 % do not."""
    windows = market()
    sign = 1 if name == "high" else -1
    wicked = windows["p1_usdt"].copy()
    wicked.loc[9, name] = wicked.loc[8, "close"] * (1 + sign * 0.1)
    windows["p1_usdt"] = wicked
    (jump,) = jumps(windows, STRATEGY)["p1_usdt"]
    for far, shown in ((0.055, True), (0.02, False)):
        venue = there(wicked)
        venue.loc[venue.index[9], name] = wicked.loc[8, "close"] * (1 + sign * far)
        assert (doubts(jump, venue, STRATEGY) == "") is shown


def test_an_open_away_from_the_close_before_is_suspicious_even_of_all_pairs() -> None:
    """A feed whose unit changes for every pair at once has a seam of 100 in each; trading has none over 2 %."""
    windows = {key: rows.copy() for key, rows in market().items()}
    for rows in windows.values():
        rows.loc[15:, list(PRICES)] *= 100.0
    found = jumps(windows, STRATEGY)
    assert {key: [jump.open_time for jump in some] for key, some in found.items()} == {
        key: [START + 15 * INTERVAL] for key in windows
    }


@pytest.mark.parametrize("name", PRICES)
@pytest.mark.parametrize("price", [0.0, -1.0])
def test_a_price_that_is_none_is_found_and_not_believed(name: str, price: float) -> None:
    """Even if no rule had seen it: 0 and less are as far from the market as can be, whatever a second venue says."""
    windows = market()
    windows["p3_usdt"].loc[12, name] = price
    found = jumps(windows, STRATEGY)
    assert START + 12 * INTERVAL in {jump.open_time for jump in found["p3_usdt"]}
    assert doubts(found["p3_usdt"][0], there(windows["p3_usdt"]), STRATEGY) != ""


def test_after_a_hole_the_move_over_it_is_compared() -> None:
    """Candles that a pair lost are no jump: its move over the hole is held against the others' over the same time."""
    windows = market(moves=np.full(COUNT, 0.01))
    windows["p2_usdt"] = windows["p2_usdt"].drop(index=range(5, 25)).reset_index(drop=True)
    assert jumps(windows, STRATEGY) == {}


def test_with_fewer_than_three_pairs_a_move_of_its_own_is_suspicious() -> None:
    """Two pairs have no median: a crash of both is asked about, too."""
    moves = np.zeros(COUNT)
    moves[20] = -0.1
    assert set(jumps(market(2, moves), STRATEGY)) == {"p0_usdt", "p1_usdt"}
    assert jumps({}, STRATEGY) == {}
    assert jumps({"p0_usdt": frame([])}, STRATEGY) == {}


def test_a_venue_that_lacks_the_candle_shows_nothing() -> None:
    """Neither a jump nor a level is believed when the second venue has no candle of that time."""
    rows = market()["p0_usdt"]
    jump = Jump("p0_usdt", START + INTERVAL, START, 100.0, (100.0, 110.0, 100.0, 110.0), 10.0)
    assert "no candle" in doubts(jump, there(rows.iloc[2:]), STRATEGY)
    assert "no candle" in doubts(jump, there(rows.iloc[1:]), STRATEGY)
    assert "no candle" in level_doubts(rows, there(rows.iloc[:-1]), STRATEGY)


@pytest.mark.parametrize("factor", [0.0, 0.01, 0.97, 0.981, 1.0, 1.02, 1.021, 100.0, 145.0])
def test_a_level_is_right_within_the_limit(factor: float) -> None:
    """The newest close may be ``second_venue_pct`` away, and not more; a price of 0 is none."""
    rows = market(1)["p0_usdt"]
    off = level_doubts(rows, there(rows, factor), STRATEGY)
    assert bool(off) is not (factor > 0 and abs(1 / factor - 1) * 100 <= STRATEGY.second_venue_pct)


def test_what_was_shown_is_remembered_as_it_was_and_forgotten_with_its_window() -> None:
    """The same candle of the same prices is not asked about again; another price of it is; old ones are dropped."""
    memory = Memory()
    jump = Jump("p0_usdt", START, None, 100.0, (100.0, 110.0, 100.0, 110.0), 10.0)
    memory.note_shown("p0_usdt", [jump], START)
    assert memory.is_shown(jump)
    assert not memory.is_shown(Jump("p0_usdt", START, None, 100.0, (100.0, 111.0, 100.0, 111.0), 10.0))
    memory.note_shown("p0_usdt", [], START + INTERVAL)
    assert not memory.is_shown(jump)
    memory.note_absent("p0_usdt", [START], START)
    memory.note_absent("p0_usdt", [START + INTERVAL], START)
    assert memory.absent("p0_usdt") == {START, START + INTERVAL}
    memory.note_absent("p0_usdt", [], START + INTERVAL)
    assert memory.absent("p0_usdt") == {START + INTERVAL}


def test_a_level_goes_on_only_over_the_same_candles() -> None:
    """A window with the same candles goes on from the last one; one that was replaced, or shares none, does not."""
    memory, rows = Memory(), market()["p0_usdt"]
    memory.note_level("p0_usdt", rows.iloc[:-2])
    assert memory.level_is_known("p0_usdt", rows.iloc[1:])
    assert not memory.level_is_known("p0_usdt", rows.iloc[-2:])
    assert not memory.level_is_known("p0_usdt", rows.assign(close=rows["close"] * 100))
    assert not memory.level_is_known("p1_usdt", rows)


def test_a_candle_that_comes_again_under_a_new_time_is_found() -> None:
    """Equal in every price and in volume is a stuck feed; equal prices of another volume, or without any, are not."""
    rows = market()["p0_usdt"]
    values = ["open", "high", "low", "close", "volume"]
    again = rows.copy()
    again.loc[20:22, values] = rows.loc[3:5, values].to_numpy()
    assert repeated(rows) == ()
    (finding,) = repeated(again)
    assert finding.rows == 3
    assert finding.broken[0]["open_time"] == (START + 20 * INTERVAL).isoformat()
    assert repeated(again.assign(volume=0.0)) == ()
    assert repeated(pd.concat([again.iloc[:20], again.iloc[20:].assign(volume=0.5)])) == ()
    assert repeated(rows.assign(**dict.fromkeys(PRICES, 1.0))) == ()
