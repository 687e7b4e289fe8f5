"""What a window of candles must be besides the values of each: fresh, closed, without gaps, alive.

Each is a computed column, so that both engines test it like any other.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.candles import INTERVAL
from trading.pairs import Pair
from trading.ports.quality import Validator
from trading.quality.findings import Validation
from trading.quality.prepare import numbers, one_each, times
from trading.quality.suites import COMPUTED, candle_suite
from trading.strategy import Strategy

STEP_MS = int(INTERVAL.total_seconds() * 1000)

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


def check_window(
    pair: Pair,
    candles: pd.DataFrame,
    at: datetime,
    validator: Validator,
    strategy: Strategy,
    absent: Collection[datetime] = (),
) -> Validation:
    """Whether a pair's window may be judged at a time.

    absent: open times of candles that the exchange said it does not have either. An old gap of those alone is a fact;
    any other is lost data, however old.
    """
    frame = with_computed(candles, at, strategy, absent)
    return validator.validate(candle_suite(strategy), frame, pair.key, at)


def with_computed(
    candles: pd.DataFrame, at: datetime, strategy: Strategy, absent: Collection[datetime] = ()
) -> pd.DataFrame:
    """The window with the columns that its rules need; they are empty where nothing can be computed.

    off_grid_s           seconds after the slot's start.
    unclosed_s           seconds until it closes at ``at``; negative once it has.
    age_min              minutes since it closed, of the newest candle alone.
    missing_before       slots without a candle between it and the one before.
    quiet_run            candles without volume up to it, one after the other, among the newest slots.
    moved_without_trade  range (USDT) of a candle without volume.
    """
    frame = one_each(candles)
    lacking = dict.fromkeys(COMPUTED, np.full(len(frame), np.nan))
    if "open_time" not in frame.columns or frame.empty:
        return frame.assign(**lacking)
    found = _computed(frame, at, strategy, _slots(absent))
    return frame.assign(**{**lacking, **found})


def _computed(frame: pd.DataFrame, at: datetime, strategy: Strategy, absent: Ints) -> dict[str, Floats]:
    opened = times(frame["open_time"])
    known = opened.notna().to_numpy()
    open_ms = opened.astype("int64").to_numpy(dtype=np.int64)
    now_ms = int(at.timestamp() * 1000)
    volume = _column(frame, "volume")
    found = {
        "off_grid_s": np.where(known, open_ms % STEP_MS / 1000, np.nan),
        "unclosed_s": np.where(known, (open_ms + STEP_MS - now_ms) / 1000, np.nan),
        "moved_without_trade": np.where(volume == 0, _range(frame), np.nan),
    }
    if known.any():
        newest = open_ms == open_ms[known].max()
        found["age_min"] = np.where(newest & known, (now_ms - STEP_MS - open_ms) / 60_000, np.nan)
        slots = np.floor_divide(open_ms[known], STEP_MS)
        remembered = now_ms // STEP_MS - strategy.gap_memory_slots  # the first of the newest closed slots
        found["missing_before"] = _at(known, _missing_before(slots, remembered, absent))
        found["quiet_run"] = _at(known, _quiet_run(slots, volume[known], remembered))
    return found


def _at(known: npt.NDArray[np.bool_], values: Floats) -> Floats:
    """Values of the rows whose time is known, as a whole column."""
    column = np.full(len(known), np.nan)
    column[known] = values
    return column


def _missing_before(slots: Ints, remembered: int, absent: Ints) -> Floats:
    """Empty slots before each candle. Those that the exchange lacks too count only while they are among the newest."""
    there, where = np.unique(slots, return_inverse=True)
    counts = np.diff(there, prepend=there[0] - 1) - 1
    for gap in np.flatnonzero(counts):
        if there[gap] - 1 < remembered:
            first = there[gap] - counts[gap]
            counts[gap] -= int(((absent >= first) & (absent < there[gap])).sum())
    return np.asarray(counts[where], dtype=np.float64)


def _quiet_run(slots: Ints, volume: Floats, remembered: int) -> Floats:
    """How many candles without volume there are up to each, by time; 0 for those that are not among the newest."""
    order = np.argsort(slots, kind="stable")
    quiet = volume[order] == 0
    places = np.arange(1, len(order) + 1)
    run = places - np.maximum.accumulate(np.where(quiet, 0, places))
    found = np.zeros(len(order), dtype=np.float64)
    found[order] = np.where(slots[order] >= remembered, run, 0)
    return found


def _slots(absent: Collection[datetime]) -> Ints:
    return np.array(sorted({int(one.timestamp() * 1000) // STEP_MS for one in absent}), dtype=np.int64)


def _column(frame: pd.DataFrame, name: str) -> Floats:
    lacking = np.full(len(frame), np.nan)
    return numbers(frame[name]).to_numpy() if name in frame.columns else lacking


def _range(frame: pd.DataFrame) -> Any:
    prices = [_column(frame, name) for name in ("open", "high", "low", "close")]
    return np.maximum.reduce(prices) - np.minimum.reduce(prices)
