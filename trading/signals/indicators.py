"""The last values of the indicators, by pandas-ta.

Always ``talib=False``, so that a library that happens to be installed changes no result, and ``ddof=0``, because the
Bollinger bands of strategy.md are made of the population standard deviation.
"""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from trading.strategy import Strategy

NOTHING = 1e-12
"""Part of a price below which a distance is only the last digits of a float."""


def indicators_of(window: pd.DataFrame, strategy: Strategy) -> dict[str, float | None]:
    """Indicators at the last candle of ``window`` (at least ``candles_min`` of them), undefined ones made neutral.

    Prices in USDT. ``macd_histogram_change`` is the mean of the last one-bar changes of the histogram (USDT a bar);
    ``volume_ratio`` is the last volume against the mean of the bars before it, None when that mean is 0.
    """
    close = window["close"]
    last = float(close.iloc[-1])
    upper, lower = _bands(close, strategy)
    atr = _atr(window, strategy)
    atr = 0.0 if atr < last * NOTHING else atr  # the library adds the least float to a range of 0
    return {
        "rsi": _rsi(close, strategy),
        **_macd(close, strategy),
        "sma_20": float(close.tail(strategy.sma_short).mean()),
        "sma_200": float(close.tail(strategy.sma_long).mean()) if len(close) >= strategy.sma_long else None,
        "bb_upper": upper,
        "bb_lower": lower,
        "bb_width": (upper - lower) / last,
        "adx": _adx(window, strategy),
        "atr": atr,
        "atr_percent": atr / last * 100,
        "volume_ratio": _volume_ratio(window["volume"], strategy),
    }


def _ta() -> Any:
    import pandas_ta as ta  # noqa: PLC0415 - it takes seconds to import, and not everything that knows a signal computes one

    return ta


def _last(series: Any, undefined: float) -> float:
    """The last value; ``undefined`` when the library gives none (None or NaN), as on candles that stand still."""
    value = float("nan") if series is None else float(series.iloc[-1])
    return undefined if math.isnan(value) else value


def _rsi(close: pd.Series[float], strategy: Strategy) -> float:
    return _last(_ta().rsi(close, length=strategy.rsi_length, talib=False), undefined=50.0)


def _macd(close: pd.Series[float], strategy: Strategy) -> dict[str, float | None]:
    names = (strategy.macd_fast, strategy.macd_slow, strategy.macd_signal)
    table = _ta().macd(close, *names, talib=False)
    suffix = "_".join(str(name) for name in names)
    histogram = table[f"MACDh_{suffix}"]
    bars = strategy.macd_slope_bars
    return {
        "macd": float(table[f"MACD_{suffix}"].iloc[-1]),
        "macd_signal": float(table[f"MACDs_{suffix}"].iloc[-1]),
        "macd_histogram": float(histogram.iloc[-1]),
        "macd_histogram_change": float(histogram.iloc[-1] - histogram.iloc[-1 - bars]) / bars,
    }


def _bands(close: pd.Series[float], strategy: Strategy) -> tuple[float, float]:
    table = _ta().bbands(
        close, length=strategy.bb_length, lower_std=strategy.bb_std, upper_std=strategy.bb_std, ddof=0, talib=False
    )
    columns = {str(name)[:3]: name for name in table.columns}
    return float(table[columns["BBU"]].iloc[-1]), float(table[columns["BBL"]].iloc[-1])


def _adx(window: pd.DataFrame, strategy: Strategy) -> float:
    length = strategy.adx_length
    table = _ta().adx(window["high"], window["low"], window["close"], length=length, talib=False)
    return _last(None if table is None else table[f"ADX_{length}"], undefined=0.0)


def _atr(window: pd.DataFrame, strategy: Strategy) -> float:
    series = _ta().atr(window["high"], window["low"], window["close"], length=strategy.atr_length, talib=False)
    return _last(series, undefined=0.0)


def _volume_ratio(volume: pd.Series[float], strategy: Strategy) -> float | None:
    before = float(volume.iloc[-1 - strategy.volume_length : -1].mean())
    return float(volume.iloc[-1]) / before if before > 0 else None
