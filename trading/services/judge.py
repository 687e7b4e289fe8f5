"""Judge: one pair from one side. Each function is one mapped task: it reads what it needs and returns a signal."""

from __future__ import annotations

from datetime import datetime

from trading.pairs import Pair
from trading.ports import CandleStore, Forecaster, Readings
from trading.signals.context import ContextSignal, context_signal
from trading.signals.forecast import ForecastSignal
from trading.signals.sentiment import SentimentSignal, sentiment_signal
from trading.signals.technical import TechnicalSignal, technical_signal
from trading.strategy import Strategy


def technical(pair: Pair, at: datetime, store: CandleStore, strategy: Strategy) -> TechnicalSignal:
    """The chart of a pair, from its last closed candles. Raises InsufficientData when there are too few."""
    return technical_signal(store.window(pair, at, strategy.candles_window), strategy)


def forecast(
    pair: Pair, at: datetime, store: CandleStore, forecaster: Forecaster, strategy: Strategy
) -> ForecastSignal:
    """The next hour of a pair as the desk's forecaster sees it, plainly marked with the model that answered."""
    return forecaster.forecast(pair, store.window(pair, at, strategy.candles_window), strategy)


def sentiment(pair: Pair, at: datetime, readings: Readings, strategy: Strategy) -> SentimentSignal:
    """The stored news mood of a pair; neutral, and saying so, when there is none or it is stale."""
    return sentiment_signal(readings.sentiment(pair, at), at, strategy)


def context(at: datetime, readings: Readings, strategy: Strategy) -> ContextSignal:
    """The stored mood of the whole market; neutral, and saying so, when there is none or it is stale."""
    return context_signal(readings.context(at), at, strategy)
