"""What the quality tests are made of: a clean window, and ways for one to go wrong, each with the rule it breaks."""

from collections.abc import Callable
from datetime import UTC, timedelta

import numpy as np
import pandas as pd

from tests.unit.made import waves
from trading.candles import INTERVAL, PRICES
from trading.pairs import Pair
from trading.strategy import Strategy

S = Strategy()
SOL = Pair("sol_usdt", "SOLUSDT", "sol_jpy", "SOL", "Solana")
WINDOW = waves(S.candles_window)
AT = (WINDOW["open_time"].iloc[-1] + INTERVAL + timedelta(seconds=20)).to_pydatetime().astimezone(UTC)

type Spoil = Callable[[pd.DataFrame, int], pd.DataFrame]


def with_value(column, value) -> Spoil:
    """One cell replaced."""

    def spoil(frame, row):
        changed = frame.astype({column: object}) if isinstance(value, str) or value is None else frame.copy()
        changed.loc[row, column] = value
        return changed

    return spoil


def times_factor(column, factor) -> Spoil:
    """One cell multiplied."""

    def spoil(frame, row):
        changed = frame.copy()
        changed.loc[row, column] *= factor
        return changed

    return spoil


def moved(minutes) -> Spoil:
    """One candle at another time."""

    def spoil(frame, row):
        changed = frame.copy()
        changed.loc[row, "open_time"] += pd.Timedelta(minutes=minutes)
        return changed

    return spoil


def repeated(frame, row):
    """One candle twice."""
    return pd.concat([frame.iloc[: row + 1], frame.iloc[row:]], ignore_index=True)


def swapped(frame, row):
    """Two candles in each other's place."""
    order = np.arange(len(frame))
    order[[row - 1, row]] = order[[row, row - 1]]
    return frame.iloc[order].reset_index(drop=True)


def without(count) -> Spoil:
    """Candles missing in the middle."""
    return lambda frame, row: frame.drop(index=range(row, row + count)).reset_index(drop=True)


def unclosed(frame, _row):
    """The forming candle as if it were closed."""
    last = frame.iloc[[-1]].assign(open_time=frame["open_time"].iloc[-1] + INTERVAL)
    return pd.concat([frame, last], ignore_index=True)


def quiet(frame, _row):
    """The newest three candles without a trade."""
    changed = frame.copy()
    changed.loc[changed.index[-3:], "volume"] = 0.0
    closes = changed["close"].iloc[-4]
    changed.loc[changed.index[-3:], list(PRICES)] = closes
    return changed


SPOILS: dict[str, tuple[str, Spoil]] = {
    "nan": ("open_time, open, high, low, close and volume are there", with_value("close", np.nan)),
    "nothing": ("open_time, open, high, low, close and volume are there", with_value("volume", None)),
    "infinity": ("values are of their kind", with_value("high", np.inf)),
    "a word": ("values are of their kind", with_value("open", "n/a")),
    "zero": ("prices are above zero", with_value("low", 0.0)),
    "below zero": ("prices are above zero", with_value("low", -1.0)),
    "high below low": ("high is the highest", times_factor("high", 0.5)),
    "high x 100 too low": ("low is the lowest", times_factor("low", 100)),
    "negative volume": ("volume is not negative", with_value("volume", -1.0)),
    "moved without a trade": ("only trades move a price", with_value("volume", 0.0)),
    "twice": ("each time once", repeated),
    "out of order": ("times rise", swapped),
    "off the grid": ("on the 5-minute grid", moved(1)),
    "unclosed": ("closed", unclosed),
    "stale": ("fresh", lambda frame, _row: frame.iloc[:-3]),
    "gap": ("no gap", without(S.gap_slots_max + 1)),
    "quiet": ("trading goes on", quiet),
    "short": ("enough candles", lambda frame, _row: frame.tail(S.candles_min - 1)),
    "column lost": ("has its columns", lambda frame, _row: frame.drop(columns="volume")),
}
"""By kind: the rule that it breaks, perhaps with others, and how it is done at a row of the middle."""
