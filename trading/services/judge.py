"""Judge: one pair from one side. Each function is one mapped task: it reads what it needs and returns a signal."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import datetime
from typing import Any

import pandas as pd

from trading.calibration.making import forecast_of, signal_of
from trading.calibration.records import Forecast
from trading.candles import must_be_fresh
from trading.errors import Rejected, TradingError, Transient, Unknown
from trading.pairs import Pair
from trading.ports import CandleStore, Forecaster, Readings
from trading.ports.forecasts import Forecasts
from trading.ports.news import News
from trading.quality.frames import check_reading
from trading.quality.light import LightValidator
from trading.services.intents import decision_id_of
from trading.services.quality import Checked, must_be
from trading.signals.context import RANGES, ContextSignal, context_signal
from trading.signals.forecast import ForecastSignal
from trading.signals.sentiment import SentimentSignal, sentiment_signal
from trading.signals.technical import TechnicalSignal, technical_signal
from trading.strategy import Strategy
from trading.tables import FORECASTS, MARKET_CONTEXT, SENTIMENT

LIGHT = LightValidator()
"""For single rows; the daily Data Docs run the same rules through the other engine."""

SAME = 1e-9
"""What a number may lose on its way through the ledger."""


def technical(
    pair: Pair, at: datetime, store: CandleStore, strategy: Strategy, checked: Checked | None = None
) -> TechnicalSignal:
    """The chart of a pair, from its last closed candles. Raises InsufficientData when they are too few or too old.

    checked: the window as it was checked; Transient is raised when it is another one by now.
    """
    return technical_signal(_recent(pair, at, store, strategy, checked), strategy)


def forecast(
    pair: Pair, at: datetime, store: CandleStore, forecaster: Forecaster, strategy: Strategy
) -> ForecastSignal:
    """The next hour of a pair as the desk's forecaster sees it, plainly marked with the model that answered."""
    return forecaster.forecast(pair, _recent(pair, at, store, strategy), strategy)


def kept_forecast(  # noqa: PLR0913 (each is a port or a fact of its own)
    pair: Pair,
    at: datetime,
    store: CandleStore,
    forecaster: Forecaster,
    forecasts: Forecasts,
    strategy: Strategy,
    checked: Checked | None = None,
) -> ForecastSignal:
    """The same, kept before it is used; where one stands for this pair and time already, that one is used.

    So what is decided by is what will be judged. A ledger that fails twice does not keep a pair from being judged: the
    signal then says that it was not kept. Nor does one that stands but is not of this window, or not fit: it is named.
    """
    window = _recent(pair, at, store, strategy, checked)
    signal = forecaster.forecast(pair, window, strategy)
    made = forecast_of(pair.key, at, decision_id_of(at), signal, window, strategy)
    _must_be_fit(made, strategy)
    try:
        stands = _standing(made, forecasts)
        if stands is made:
            return signal
        _must_be_of(made, stands, strategy)
        return signal_of(stands, strategy)
    except TradingError as error:
        return replace(signal, note=f"not kept: {error}")


def _must_be_of(made: Forecast, stands: Forecast, strategy: Strategy) -> None:
    """Raise Rejected when what stands is not fit, or was not made from the window that this one was made from."""
    _must_be_fit(stands, strategy)
    for name in ("price", "momentum_pct"):
        was, now = getattr(stands, name), getattr(made, name)
        if not math.isclose(was, now, rel_tol=SAME, abs_tol=SAME):
            msg = f"the one that stands has {name} {was:g}, the candles say {now:g}"
            raise Rejected(msg)
    if stands.first_step_at != made.first_step_at:
        msg = f"the one that stands begins {stands.first_step_at:%Y-%m-%d %H:%M}, not {made.first_step_at:%H:%M}"
        raise Rejected(msg)


def _must_be_fit(made: Forecast, strategy: Strategy) -> None:
    """Raise Rejected for a forecast that breaks a rule of its table: its pair sits out (I18)."""
    row = {**asdict(made), "timestamp": int(made.at.timestamp())}
    checked = check_reading(FORECASTS, made.pair, [row], made.at, LIGHT, strategy)
    if not checked.passed:
        raise Rejected(f"the forecast of {made.pair}: {'; '.join(one.words for one in checked.findings)}")


def _standing(made: Forecast, forecasts: Forecasts) -> Forecast:
    """The forecast that stands for this pair and time after this one was put; tried twice."""
    try:
        return _put(made, forecasts)
    except (Transient, Unknown):
        return _put(made, forecasts)  # putting it again changes nothing


def _put(made: Forecast, forecasts: Forecasts) -> Forecast:
    return made if forecasts.put(made) else forecasts.get(made.pair, made.at) or made


def sentiment(pair: Pair, at: datetime, news: News, readings: Readings, strategy: Strategy) -> SentimentSignal:
    """The stored news mood of a pair; neutral, and saying so, when there is none, no source of it, or it is stale."""
    return sentiment_of(pair, readings.sentiment(pair, at), at, news, strategy)


def sentiment_of(
    pair: Pair, reading: Mapping[str, Any] | None, at: datetime, news: News, strategy: Strategy
) -> SentimentSignal:
    """What a stored reading is worth; one that breaks a rule of its table is worth nothing, and the note says why."""
    if reading is not None:
        checked = check_reading(SENTIMENT, pair.key, [reading], at, LIGHT, strategy)
        if not checked.passed:
            why = "; ".join(one.words for one in checked.findings)
            return sentiment_signal(None, at, strategy, f"the news reading is not fit to be judged: {why}")
    return sentiment_signal(reading, at, strategy, news.missing)


def context(at: datetime, readings: Readings, strategy: Strategy) -> ContextSignal:
    """The stored mood of the whole market; neutral, and saying so, when there is none or it is stale."""
    return context_of(readings.context(at), at, strategy)


def context_of(reading: Mapping[str, Any] | None, at: datetime, strategy: Strategy) -> ContextSignal:
    """What a stored reading is worth: values that break a rule of its table are left out, each with the reason.

    Where the row itself breaks one, its score for instance, nothing of it counts, and the note says why.
    """
    if reading is None:
        return context_signal(None, at, strategy)
    present = [name for name in RANGES if reading.get(name) is not None]
    alone = {**dict.fromkeys(RANGES), "timestamp": at.timestamp(), "score": 0, "sources": reading.get("sources")}
    faults = {name: _context_faults({**alone, name: reading[name]}, at, strategy) for name in present}
    unfit = {name: why for name, why in faults.items() if why}
    whole = {"score": 0, **reading, **dict.fromkeys(unfit)}  # the score is made again anyway
    if len(unfit) < len(present) and (why := _context_faults(whole, at, strategy)):
        neutral = context_signal(None, at, strategy)
        return replace(neutral, note=f"the market context is not fit to be judged: {why}: neutral")
    return context_signal(reading, at, strategy, unfit)


def _context_faults(row: Mapping[str, Any], at: datetime, strategy: Strategy) -> str:
    found = check_reading(MARKET_CONTEXT, "market", [row], at, LIGHT, strategy).findings
    return "; ".join(one.words for one in found)


def _recent(
    pair: Pair, at: datetime, store: CandleStore, strategy: Strategy, checked: Checked | None = None
) -> pd.DataFrame:
    """The window to judge by. A market that stopped coming in is missing input, not a flat market (I18)."""
    window = store.window(pair, at, strategy.candles_window)
    if checked is not None:
        must_be(checked, window)
    must_be_fresh(pair.key, window, at, strategy.candle_max_age_minutes)
    return window
