"""Replay: what a forecaster would have said over past candles, judged by what came."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta

import pandas as pd

from trading import candles as frames
from trading.calibration.making import forecast_of, outcome_of
from trading.calibration.records import Forecast
from trading.errors import BadInput, InsufficientData
from trading.pairs import Pair
from trading.ports import Forecaster
from trading.ports.candles import Answer
from trading.services import judge
from trading.services.calibrate import outcome_prices
from trading.strategy import Strategy


class PastCandles:
    """The CandleStore over one pair's frame: at a time it shows what had closed by then, never more."""

    def __init__(self, candles: pd.DataFrame) -> None:
        self._candles = candles
        self._closes = candles["open_time"] + frames.INTERVAL

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:  # noqa: ARG002 (one pair's frame)
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""
        end = int(self._closes.searchsorted(pd.Timestamp(at), side="right"))
        return self._candles.iloc[max(end - count, 0) : end].reset_index(drop=True)

    def read(self, pair: Pair, at: datetime, count: int) -> Answer:
        """The same, from the frame at hand."""
        return Answer(self.window(pair, at, count), "replay")

    def newest(self, pair: Pair) -> datetime | None:  # noqa: ARG002
        """Open time of the newest candle."""
        return None if self._candles.empty else self._candles["open_time"].iloc[-1].to_pydatetime()

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "") -> int:  # noqa: ARG002
        """The past is not written to."""
        msg = f"{len(candles)} candles of {pair.key} came too late: a replay only reads"
        raise BadInput(msg)


def moments(since: datetime, until: datetime, every: timedelta) -> list[datetime]:
    """The times of a replay: ``since`` and every so often after it, before ``until``."""
    if every < frames.INTERVAL or until <= since:
        msg = f"from {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M} every {every} is no replay of 5-minute candles"
        raise BadInput(msg)
    count = -((since - until) // every)
    return [since + number * every for number in range(count)]


def replayed(
    pair: Pair, candles: pd.DataFrame, forecaster: Forecaster, times: list[datetime], strategy: Strategy
) -> Iterator[Forecast | None]:
    """What the forecaster says at each time, with its outcome; None where the candles are too few or too old.

    Every forecast is made by what had closed by its time, as ``analyze`` makes it; candles to come only judge it.
    """
    store = PastCandles(candles)
    for at in times:
        try:
            signal = judge.forecast(pair, at, store, forecaster, strategy)
        except InsufficientData:
            yield None
            continue
        window = store.window(pair, at, strategy.candles_window)
        made = forecast_of(pair.key, at, "replay", signal, window, strategy)
        yield replace(made, outcome=outcome_of(outcome_prices(made, pair, store)))
