"""What goes wrong with candles on their way, as seeded functions: right rows in, wrong rows out.

Each kind has several forms. ``Damage.rows`` is what a reply or a store then holds of one pair, in any state at all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from trading.candles import INTERVAL, PRICES

VALUES = [*PRICES, "volume"]


@dataclass(frozen=True)
class Rightly:
    """What a damage is made of: a pair's right rows, another pair's of the same times, the rows before, and a rate.

    fresh: how many of the newest rows are not stored yet.  stored: it is the store that is damaged, not a reply.
    """

    rows: Any
    other: Any
    before: Any
    usd_jpy: float
    fresh: int
    stored: bool


type Damage = Callable[[np.random.Generator, Rightly], Any]


def gap(dice: np.random.Generator, right: Rightly) -> Any:
    """A run of 1 to 30 candles is missing; half of the time among the newest 40."""
    size = int(dice.integers(1, 31))
    first = len(right.rows) - 41 if dice.random() < 0.5 else 1
    start = int(dice.integers(max(first, 1), max(len(right.rows) - size, 2)))
    return right.rows.drop(right.rows.index[start : start + size]).reset_index(drop=True)


def duplicate(dice: np.random.Generator, right: Rightly) -> Any:
    """One to five candles come twice, as they are or with another price."""
    again = right.rows.iloc[_some(dice, right.rows, 5)].copy()
    if dice.random() < 0.5:
        again[list(PRICES)] *= 1.001
    return pd.concat([right.rows, again]).sort_values("open_time", kind="stable").reset_index(drop=True)


def stale(dice: np.random.Generator, right: Rightly) -> Any:
    """The newest 3 to 40 candles never came, or are the last one again under new times."""
    size = int(dice.integers(3, 41))
    rows = right.rows.copy()
    if dice.random() < 0.5:
        return rows.iloc[:-size].reset_index(drop=True)
    rows.loc[len(rows) - size :, VALUES] = rows.loc[len(rows) - size - 1, VALUES].to_numpy()
    return rows


def out_of_order(dice: np.random.Generator, right: Rightly) -> Any:
    """Newest first, two rows changed round, or all shuffled."""
    form = dice.integers(3)
    if form == 0:
        return right.rows.iloc[::-1].reset_index(drop=True)
    order = np.arange(len(right.rows))
    if form == 1:
        spot = int(dice.integers(1, len(order)))
        order[[spot - 1, spot]] = order[[spot, spot - 1]]
    else:
        dice.shuffle(order)
    return right.rows.iloc[order].reset_index(drop=True)


def unclosed(dice: np.random.Generator, right: Rightly) -> Any:
    """A reply brings the forming candle and two that are not even open; or the newest stored one is half of itself."""
    rows = right.rows.copy()
    if right.stored:
        last = len(rows) - 1
        start = rows.loc[last, "open"]
        middle = (start + rows.loc[last, "close"]) / 2
        rows.loc[last, ["high", "low", "close"]] = [max(middle, start), min(middle, start), middle]
        rows.loc[last, "volume"] /= 2
        return rows
    more = rows.tail(int(dice.integers(1, 4))).copy()
    more["open_time"] = [rows["open_time"].iloc[-1] + number * INTERVAL for number in range(1, len(more) + 1)]
    more[list(PRICES)] *= 1 + dice.normal(0, 0.01)
    return pd.concat([rows, more]).reset_index(drop=True)


def high_under_low(dice: np.random.Generator, right: Rightly) -> Any:
    """High and low changed round, a high under the close, or a low above the open."""
    rows = right.rows.copy()
    spots = _some(dice, rows, 5)
    form = dice.integers(3)
    if form == 0:
        rows.loc[spots, ["high", "low"]] = rows.loc[spots, ["low", "high"]].to_numpy() * [0.999, 1.001]
    elif form == 1:
        rows.loc[spots, "high"] = rows.loc[spots, "close"] * 0.997
    else:
        rows.loc[spots, "low"] = rows.loc[spots, "open"] * 1.003
    return rows


def not_a_number(dice: np.random.Generator, right: Rightly) -> Any:
    """NaN, or an infinity, in one column or in all of up to five rows."""
    rows = right.rows.copy()
    columns = VALUES if dice.random() < 0.3 else [str(dice.choice(VALUES))]
    rows.loc[_some(dice, rows, 5), columns] = float(dice.choice([np.nan, np.inf, -np.inf]))
    return rows


def zero(dice: np.random.Generator, right: Rightly) -> Any:
    """A price of 0 or under it, or a whole row of zeros."""
    rows = right.rows.copy()
    columns = VALUES if dice.random() < 0.3 else [str(dice.choice(PRICES))]
    rows.loc[_some(dice, rows, 5), columns] = 0.0 if dice.random() < 0.7 else -1.0
    return rows


def unit(dice: np.random.Generator, right: Rightly) -> Any:
    """All prices times 100, or a hundredth of themselves: everywhere, from a candle on, or of one candle."""
    return _scaled(dice, right, 100.0 if dice.random() < 0.5 else 0.01, ("all", "level", "one"))


def spike(dice: np.random.Generator, right: Rightly) -> Any:
    """One pair alone 5 to 50 % away: one candle, one close, one wick, or from a candle on; sudden or seamless."""
    size = dice.uniform(0.05, 0.5)
    return _scaled(
        dice, right, 1 + size if dice.random() < 0.5 else 1 - size, ("one", "close", "wick", "level", "seamless")
    )


def yen(dice: np.random.Generator, right: Rightly) -> Any:
    """Yen for dollars, or dollars divided by the rate: everywhere, or from a candle on."""
    return _scaled(dice, right, right.usd_jpy if dice.random() < 0.7 else 1 / right.usd_jpy, ("all", "level"))


def swapped(dice: np.random.Generator, right: Rightly) -> Any:
    """Another pair's candles: everywhere, or from a candle on."""
    rows = right.rows.copy()
    start = 0 if dice.random() < 0.5 else int(dice.integers(1, len(rows)))
    rows.loc[start:, VALUES] = right.other.loc[start:, VALUES].to_numpy()
    return rows


def truncated(dice: np.random.Generator, right: Rightly) -> Any:
    """A page cut short: only its first rows, only its last, some of the middle, or none."""
    rows, form = right.rows, dice.integers(4)
    start, end = sorted(int(number) for number in dice.integers(0, len(rows), 2))
    cut = (rows.iloc[:end], rows.iloc[start:], rows.iloc[start:end], rows.iloc[:0])[form]
    return cut.reset_index(drop=True)


def repeated(dice: np.random.Generator, right: Rightly) -> Any:
    """A page that came before: instead of the right one, in front of it, twice, or its values under the new times."""
    rows, form = right.rows, dice.integers(4)
    if form == 3:
        count = max(right.fresh, 1)
        old = rows.copy()
        old.loc[len(rows) - count :, VALUES] = rows[VALUES].to_numpy()[-2 * count : -count]
        return old
    pages = ([right.before], [right.before, rows], [rows, rows])[form]
    return pd.concat(pages).reset_index(drop=True)


REPLIES_ONLY = {"truncated page", "repeated page"}
"""What can only happen to a reply."""

KINDS: Mapping[str, Damage] = {
    "gap": gap,
    "duplicate": duplicate,
    "stale": stale,
    "out of order": out_of_order,
    "unclosed": unclosed,
    "high < low": high_under_low,
    "NaN": not_a_number,
    "zero": zero,
    "unit error x100": unit,
    "single-pair spike": spike,
    "USD/JPY swapped": yen,
    "two pairs swapped": swapped,
    "truncated page": truncated,
    "repeated page": repeated,
}


def _some(dice: np.random.Generator, rows: pd.DataFrame, most: int) -> list[int]:
    """Up to ``most`` rows; half of the time among the newest."""
    first = max(len(rows) - 12, 0) if dice.random() < 0.5 else 0
    return sorted({int(spot) for spot in dice.integers(first, len(rows), int(dice.integers(1, most + 1)))})


def _scaled(dice: np.random.Generator, right: Rightly, factor: float, forms: tuple[str, ...]) -> Any:
    """Prices times a factor, in one of several forms. Each stays a candle: its high on top, its low below."""
    rows, form = right.rows.copy(), str(dice.choice(forms))
    first = max(len(rows) - 24, 1) if dice.random() < 0.5 else 1
    spot = int(dice.integers(first, len(rows)))
    if form == "all":
        rows[list(PRICES)] *= factor
    elif form in ("level", "seamless"):
        rows.loc[spot:, list(PRICES)] *= factor
    elif form == "one":
        rows.loc[spot, list(PRICES)] *= factor
    elif form == "close":
        rows.loc[spot, "close"] *= factor
    else:
        wick = "high" if factor > 1 else "low"
        rows.loc[spot, wick] *= factor
    if form == "seamless":  # the venue's own opens: each where the last one closed
        rows.loc[spot, "open"] = rows.loc[spot - 1, "close"]
    rows["high"], rows["low"] = rows[list(PRICES)].max(axis=1), rows[list(PRICES)].min(axis=1)
    return rows
