"""What the judges need: a model of the next hour, stored readings."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from trading.pairs import Pair
    from trading.signals.forecast import ForecastSignal
    from trading.strategy import Strategy


class Forecaster(Protocol):
    """A model of the next hour."""

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """The scored outlook of a pair from its closed candles, marked with the model that made it."""


class Readings(Protocol):
    """Stored news sentiment and market context."""

    def sentiment(self, pair: Pair, at: datetime) -> Mapping[str, Any] | None:
        """The newest sentiment of a pair not after ``at``, with its ``timestamp`` (epoch s), or None."""

    def context(self, at: datetime) -> Mapping[str, Any] | None:
        """The newest market context not after ``at``, with its ``timestamp`` (epoch s); None when there is none."""

    def put_sentiment(self, pair: Pair, at: datetime, row: Mapping[str, Any]) -> None:
        """Store a pair's sentiment of a time; the last one stored stands. Raises BadInput for no number."""

    def put_context(self, at: datetime, row: Mapping[str, Any]) -> None:
        """Store the market context of a time; the last one stored stands. Raises BadInput for no number."""
