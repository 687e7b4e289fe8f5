"""The Readings port on DynamoDB: moods of coins, and the state of the market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from trading.errors import BadInput
from trading.pairs import parse_pairs
from trading.ports import Readings

PAIRS = parse_pairs(None)
BTC, ETH = PAIRS[1], PAIRS[0]
START = datetime(2026, 3, 5, tzinfo=UTC)


def test_the_newest_reading_not_after_a_time(tables):
    """Later readings do not exist yet; earlier ones are superseded; another pair's are not ours."""
    readings: Readings = tables.readings
    for hour, value in ((0, 0.25), (1, 0.5), (2, 0.75)):
        tables.readings.put_sentiment(BTC, START + timedelta(hours=hour), {"value": value, "counts": {"hot": hour}})
        tables.readings.put_context(START + timedelta(hours=hour), {"fear_greed": 20 + hour, "score": -value})
    at = START + timedelta(hours=1, minutes=59)
    mood, context = readings.sentiment(BTC, at), readings.context(at)
    assert mood is not None
    assert context is not None
    assert (mood["value"], mood["counts"], mood["timestamp"]) == (0.5, {"hot": 1}, START.timestamp() + 3600)
    assert (context["fear_greed"], context["score"], context["timestamp"]) == (21, -0.5, START.timestamp() + 3600)
    assert readings.sentiment(ETH, at) is readings.context(START - timedelta(seconds=1)) is None


def test_a_reading_that_is_no_number_is_refused(tables):
    """I18: NaN is not stored as if it were a mood."""
    with pytest.raises(BadInput, match=r"sentiment of btc_usdt\.value is nan"):
        tables.readings.put_sentiment(BTC, START, {"value": float("nan")})
