"""Whatever came, as a frame that every rule can be run over: declared columns only, each of its kind, or missing.

A value of another kind (a word where a number should be, infinity, a time without zone) becomes a missing one, and is
counted: nothing is lost by it, and no engine can stumble over it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from trading.quality.rules import WRONG_KIND, Kind, Suite

type Series = pd.Series[Any]


def prepared(suite: Suite, frame: pd.DataFrame) -> pd.DataFrame:
    """The suite's columns that the frame has, each of its kind, rows counted from 0, with ``wrong_kind`` added."""
    given = one_each(frame)
    found: dict[str, Any] = {}
    wrong = np.zeros(len(given), dtype=np.float64)
    for name, kind in suite.columns:
        if name in given.columns:
            found[name] = BY_KIND[kind](given[name])
            if (nothing := found[name].isna().to_numpy()).any():
                wrong += nothing & ~missing(given[name])
    return pd.DataFrame({**found, WRONG_KIND: wrong})


def one_each(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with rows counted from 0 and the first of each column of the same name."""
    whole = frame.reset_index(drop=True)
    return whole if whole.columns.is_unique else whole.loc[:, ~whole.columns.duplicated()]


def missing(values: Series) -> npt.NDArray[np.bool_]:
    """Where nothing stands: None, NaN, NaT."""
    if values.dtype == object:
        return np.array([_nothing(value) for value in values], dtype=np.bool_)
    return values.isna().to_numpy(dtype=np.bool_)


def numbers(values: Series) -> Series:
    """A column as float64; what is no finite number is missing."""
    if values.dtype.kind in "fiu":
        plain = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return pd.Series(plain if np.isfinite(plain).all() else np.where(np.isfinite(plain), plain, np.nan))
    return pd.Series([_number(value) for value in values], dtype="float64")


def times(values: Series) -> Series:
    """A column as UTC times by the millisecond; what is no time with a zone is missing."""
    if not isinstance(values.dtype, pd.DatetimeTZDtype):
        values = pd.Series([_time(value) for value in values], dtype="datetime64[ms, UTC]")
    return values.astype("datetime64[ms, UTC]").reset_index(drop=True)


def texts(values: Series) -> Series:
    """A column of text; what is none is missing."""
    return pd.Series([value if isinstance(value, str) else None for value in values], dtype=object)


BY_KIND: dict[Kind, Callable[[Series], Series]] = {"number": numbers, "time": times, "text": texts}


def _nothing(value: Any) -> bool:
    if isinstance(value, Decimal):
        return value.is_nan()
    return bool(pd.isna(value)) if pd.api.types.is_scalar(value) else False


def _number(value: Any) -> float:
    if isinstance(value, bool | np.bool_) or not isinstance(value, int | float | Decimal | np.number):
        return math.nan
    try:
        found = float(value)
    except (TypeError, ValueError, OverflowError):  # a signalling NaN, a whole number that no float can hold
        return math.nan
    return found if math.isfinite(found) else math.nan


def _time(value: Any) -> datetime | None:
    if not isinstance(value, datetime) or value.tzinfo is None:  # NaT has no zone
        return None
    try:
        return pd.Timestamp(value).tz_convert("UTC").as_unit("ms")
    except (OverflowError, ValueError):  # a year that cannot be kept
        return None
