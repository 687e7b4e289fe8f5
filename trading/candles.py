"""The candle frame: what it holds, which candles are closed, and how a file becomes one.

A frame has the columns ``open_time`` (start of the candle, aware UTC, millisecond), ``open high low close`` (USDT) and
``volume`` (base coins), float64, oldest first, on the 5-minute grid. One that opened at T is known at T + 5 minutes.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd

from trading.errors import BadInput, InsufficientData

INTERVAL = timedelta(minutes=5)
COLUMNS = ("open_time", "open", "high", "low", "close", "volume")
PRICES = ("open", "high", "low", "close")


def empty() -> pd.DataFrame:
    """A frame without candles, with the right columns and types."""
    return frame([])


def frame(rows: list[tuple[datetime, float, float, float, float, float]]) -> pd.DataFrame:
    """Rows of (open_time, open, high, low, close, volume) as a candle frame; nothing is checked or sorted."""
    data = pd.DataFrame(rows, columns=list(COLUMNS))
    data["open_time"] = pd.to_datetime(data["open_time"], utc=True).astype("datetime64[ms, UTC]")
    return data.astype(dict.fromkeys(COLUMNS[1:], "float64"))


def floor_time(at: datetime) -> datetime:
    """The start of the 5-minute slot that holds ``at``: the open time of the candle still forming."""
    step = int(INTERVAL.total_seconds())
    return datetime.fromtimestamp(int(at.timestamp()) // step * step, UTC)


def closed(candles: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """The candles that are final at ``at``: open time + 5 minutes <= ``at``. The forming one never counts."""
    return candles[candles["open_time"] + INTERVAL <= pd.Timestamp(at)]


def proven(candles: pd.DataFrame, at: datetime) -> pd.DataFrame:
    """The candles that a venue's page itself shows to be final: closed by ``at``, and followed by a later one.

    A page that a cache made before a candle closed ends with it half formed, and says so nowhere. A page that was made
    after the close goes on with the candle that forms now.
    """
    found = closed(candles, at)
    return found if candles.empty else found[found["open_time"] < candles["open_time"].max()]


def window(candles: pd.DataFrame, at: datetime, count: int) -> pd.DataFrame:
    """The last ``count`` candles closed by ``at``, oldest first, index from 0."""
    return closed(candles, at).tail(count).reset_index(drop=True)


def must_be_fresh(pair: str, candles: pd.DataFrame, at: datetime, max_age_minutes: float) -> None:
    """Raise InsufficientData for no candles, or when the newest closed too long ago: that is no market of now (I18)."""
    if candles.empty:
        msg = f"{pair} has no candles yet"
        raise InsufficientData(msg)
    age = at - (candles["open_time"].iloc[-1].to_pydatetime() + INTERVAL)
    if age > timedelta(minutes=max_age_minutes):
        msg = f"the last candle of {pair} closed {age} ago, over {max_age_minutes:g} min"
        raise InsufficientData(msg)


def one_hour_change_pct(candles: pd.DataFrame) -> float | None:
    """Change of the last close against the close one hour before, in percent; None when that candle is missing."""
    if candles.empty:
        return None
    last = candles.iloc[-1]
    before = candles.loc[candles["open_time"] == last["open_time"] - timedelta(hours=1), "close"]
    return None if before.empty else float((last["close"] / before.iloc[0] - 1) * 100)


def problems(candles: pd.DataFrame) -> list[str]:
    """What is wrong with a frame, each as one phrase; empty when it can be computed on."""
    if candles.empty:
        return ["has no rows"]
    values = candles[list(COLUMNS[1:])].to_numpy()
    if not np.isfinite(values).all():
        return [f"has {int((~np.isfinite(values)).any(axis=1).sum())} rows with values that are not numbers"]
    times = candles["open_time"]
    tops, floors = candles[["open", "close"]].max(axis=1), candles[["open", "close"]].min(axis=1)
    checks = {
        "duplicate times": times.duplicated(),
        "times out of order": times.diff() < pd.Timedelta(0),
        "times off the 5-minute grid": times.astype("int64") % int(INTERVAL.total_seconds() * 1000) != 0,
        "prices not above zero": (candles[list(PRICES)] <= 0).any(axis=1),
        "highs below or lows above another price": (candles["high"] < tops) | (candles["low"] > floors),
        "negative volumes": candles["volume"] < 0,
    }
    return [f"has {int(bad.sum())} {name}" for name, bad in checks.items() if bad.any()]


def candle_file(folder: Path, symbol: str) -> Path:
    """Where a folder keeps the 5-minute candles of a symbol, such as ``BTCUSDT``."""
    return folder / f"{symbol}-5m.parquet"


def load_candles(path: Path) -> pd.DataFrame:
    """The candles of one Parquet file, checked. Raises BadInput with one line that names the file and the fault."""
    if not path.is_file():
        msg = f"candle file {path} is missing; a candle folder holds <SYMBOL>-5m.parquet files"
        raise BadInput(msg)
    try:
        raw = pd.read_parquet(path)
    except Exception as error:  # pyarrow raises many types for a broken file; all mean the same to the reader
        msg = f"candle file {path} cannot be read as Parquet: {str(error).splitlines()[0]}"
        raise BadInput(msg) from error
    missing = [name for name in COLUMNS if name not in raw.columns]
    if missing:
        msg = f"candle file {path} lacks the columns {', '.join(missing)}; expected {', '.join(COLUMNS)}"
        raise BadInput(msg)
    candles = raw[list(COLUMNS)].reset_index(drop=True)
    try:
        candles["open_time"] = pd.to_datetime(candles["open_time"], utc=True).astype("datetime64[ms, UTC]")
        candles = candles.astype(dict.fromkeys(COLUMNS[1:], "float64"))
    except (TypeError, ValueError) as error:
        msg = f"candle file {path} holds values that are not times or numbers: {str(error).splitlines()[0]}"
        raise BadInput(msg) from error
    found = problems(candles)
    if found:
        remedy = "fetch it again" if candles.empty else "sort and clean it first"
        msg = f"candle file {path} {', '.join(found)}; {remedy}"
        raise BadInput(msg)
    return candles
