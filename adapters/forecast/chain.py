"""The desk's forecaster: the best model that answers, and recent momentum when none does, always saying why."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

import pandas as pd

from adapters.clock import SystemClock
from adapters.redaction import one_line
from trading.errors import InsufficientData, TradingError, Transient
from trading.pairs import Pair
from trading.ports import Clock, Forecaster
from trading.ports.metrics import Metrics
from trading.signals.forecast import ForecastSignal
from trading.strategy import Strategy

LOG = logging.getLogger("trader.forecast")
FALLBACKS = "ForecastFallbacks"
REASON_MAX = 160
"""Characters kept of each reason."""


class Link(Forecaster, Protocol):
    """A forecaster that may fail; ``kind`` begins its reason."""

    @property
    def kind(self) -> str:
        """``sagemaker``, ``local``."""


class ForecastChain:
    """The Forecaster port over models, asked in their order. The first valid answer wins.

    momentum  answers when no model did; the only one that needs nothing but the candles.
    clock     dates the metric; this machine's, since CloudWatch takes no counts of a replayed past.
    """

    def __init__(
        self, links: Sequence[Link], momentum: Forecaster, metrics: Metrics, clock: Clock | None = None
    ) -> None:
        self._links, self._momentum = tuple(links), momentum
        self._metrics, self._clock = metrics, clock or SystemClock()

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """The outlook of a pair, marked with who answered and with why nobody better did.

        Raises InsufficientData, when there are too few candles for any model: then the pair sits out (I18).
        """
        failures: list[tuple[str, Exception]] = []
        for link in self._links:
            try:
                signal = link.forecast(pair, candles, strategy)
            except InsufficientData:
                raise
            except Exception as error:  # noqa: BLE001 - a bug in one link must not make every pair sit out
                failures.append((link.kind, error))
            else:
                return self._told(pair, signal, failures)
        return self._told(pair, self._momentum.forecast(pair, candles, strategy), failures)

    def _told(self, pair: Pair, signal: ForecastSignal, failures: Sequence[tuple[str, Exception]]) -> ForecastSignal:
        """The signal with the reasons, counted and logged; as it is when nobody failed."""
        if not failures:
            return signal
        reason = "; ".join(f"{kind}: {one_line(_words(error), longest=REASON_MAX)}" for kind, error in failures)
        bugs = [error for _, error in failures if not isinstance(error, TradingError)]
        # A busy endpoint is expected now and then (I13); a bug is to be corrected; anything else is to be looked at.
        busy = all(isinstance(error, Transient) for _, error in failures)
        level = logging.ERROR if bugs else logging.INFO if busy else logging.WARNING
        where = bugs[0] if bugs else None
        LOG.log(level, "forecast of %s by %s instead: %s", pair.key, signal.model, reason, exc_info=where)
        self._metrics.count(FALLBACKS, 1, self._clock.now(), {"model": signal.model})
        return replace(signal, fallback_reason=reason)


def _words(error: Exception) -> str:
    """What an error says; one that is none of ours says its type first."""
    return str(error) if isinstance(error, TradingError) else f"{type(error).__name__}: {error}"
