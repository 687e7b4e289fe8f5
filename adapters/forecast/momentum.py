"""The forecaster of last resort: no model, recent momentum with little confidence, plainly marked as what it is."""

from __future__ import annotations

import pandas as pd

from trading.pairs import Pair
from trading.signals.forecast import ForecastSignal, momentum_signal
from trading.strategy import Strategy


class MomentumForecaster:
    """Answers for every pair with the momentum fallback; ``reason`` says why no model was asked."""

    def __init__(self, reason: str) -> None:
        self._reason = reason

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """Momentum of the last closed candles. Raises InsufficientData when there are too few."""
        del pair  # momentum is in the candles
        return momentum_signal(candles, strategy, self._reason)
