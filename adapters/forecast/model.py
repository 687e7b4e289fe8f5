"""A model that forecasts quantiles, and the ``Forecaster`` that any such model makes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pandas as pd

from trading.errors import TradingError
from trading.pairs import Pair
from trading.signals.forecast import ForecastSignal
from trading.signals.outlook import Quantiles, Series, judged, series_of
from trading.strategy import Strategy

type Answer = Quantiles | TradingError
"""What came of one series."""


class QuantileModel(Protocol):
    """Forecasts many series at once. ``kind`` says where it runs, ``name`` which model answers."""

    @property
    def kind(self) -> str:
        """``sagemaker``, ``local``: what a reason for a fallback begins with."""

    @property
    def name(self) -> str:
        """The model's own name, such as ``chronos-2-small``."""

    def predict(self, asked: Sequence[Series], steps: int) -> list[Answer]:
        """One answer or one error per series, in their order. It raises nothing of its own accord."""


class ModelForecaster:
    """The Forecaster port over one model. Safe for many threads when the model is."""

    def __init__(self, model: QuantileModel) -> None:
        self._model = model

    @property
    def kind(self) -> str:
        """Where the model runs."""
        return self._model.kind

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """The scored outlook of a pair from its closed candles.

        Raises InsufficientData when there are too few candles, and whatever kept the model from answering.
        """
        series = series_of(pair.key, candles, strategy)
        (answer,) = self._model.predict([series], strategy.forecast_steps)
        if isinstance(answer, TradingError):
            raise answer
        return judged(answer, series.price, strategy, answer.by or self._model.name)
