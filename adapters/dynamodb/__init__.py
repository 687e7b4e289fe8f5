"""The tables on DynamoDB: the books, the candles, the readings and the forecasts, over one shared client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from adapters.aws import Aws
from adapters.dynamodb.candles import DynamoCandles
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.errors import Lost, PairTaken
from adapters.dynamodb.forecasts import DynamoForecasts
from adapters.dynamodb.ledger import DynamoLedger
from adapters.dynamodb.readings import DynamoReadings
from trading.tables import Names

__all__ = [
    "DynamoCandles",
    "DynamoForecasts",
    "DynamoLedger",
    "DynamoReadings",
    "Lost",
    "PairTaken",
    "Tables",
    "open_tables",
]


class Tables(NamedTuple):
    """The stores that live in DynamoDB."""

    ledger: DynamoLedger
    candles: DynamoCandles
    readings: DynamoReadings
    forecasts: DynamoForecasts


def _utc_now() -> datetime:
    return datetime.now(UTC)


def open_tables(names: Names, aws: Aws, now: Callable[[], datetime] = _utc_now) -> Tables:
    """The stores of a desk; no request is made yet.

    now:  what ``last_updated_utc`` says, and nothing else: this machine's clock unless given.
    """
    dynamo = Dynamo(aws.dynamodb)
    return Tables(
        DynamoLedger(names, dynamo, now),
        DynamoCandles(names, dynamo),
        DynamoReadings(names, dynamo),
        DynamoForecasts(names, dynamo),
    )
