"""The forecaster of a desk without a model."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from adapters.forecast.momentum import MomentumForecaster
from trading.candles import frame
from trading.errors import InsufficientData
from trading.pairs import parse_pairs
from trading.ports import Forecaster
from trading.signals.forecast import MOMENTUM
from trading.strategy import Strategy

START = datetime(2026, 1, 5, tzinfo=UTC)


def rising(count):
    return frame([(START + timedelta(minutes=5 * n), *([100.0 + n] * 4), 1.0) for n in range(count)])


def test_it_answers_and_says_what_it_is():
    """Its signal names the stand-in and the reason, so that nobody takes momentum for a forecast."""
    forecaster: Forecaster = MomentumForecaster("the endpoint is asleep")
    signal = forecaster.forecast(parse_pairs(None)[0], rising(100), Strategy())
    assert (signal.model, signal.fallback_reason) == (MOMENTUM, "the endpoint is asleep")
    assert signal.score > 0


def test_too_few_candles_name_the_pair():
    """The pair sits out visibly: the error says which one."""
    with pytest.raises(InsufficientData, match=r"^eth_usdt: 2 candles"):
        MomentumForecaster().forecast(parse_pairs(None)[0], rising(2), Strategy())
