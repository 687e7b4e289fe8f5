"""``Forecaster`` of a desk without a model: recent momentum, with little confidence, marked as a stand-in."""

from __future__ import annotations

import pandas as pd

from trading.errors import InsufficientData
from trading.pairs import Pair
from trading.signals.forecast import ForecastSignal, momentum_signal
from trading.strategy import Strategy


class MomentumForecaster:
    """Answers from the candles alone. ``reason`` says why there is no model; every signal carries it."""

    def __init__(self, reason: str = "no forecast model is configured") -> None:
        self._reason = reason

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """Momentum of the closed candles. Raises InsufficientData, naming the pair, when there are too few."""
        try:
            return momentum_signal(candles, strategy, self._reason)
        except InsufficientData as error:
            raise InsufficientData(f"{pair.key}: {error}") from error
