"""The tables on DynamoDB, over one shared client."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import NamedTuple

from adapters.aws import Aws
from adapters.dynamodb.candles import DynamoCandles
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.dump import DynamoItems
from adapters.dynamodb.errors import Lost, PairTaken
from adapters.dynamodb.forecasts import DynamoForecasts
from adapters.dynamodb.heartbeats import DynamoWatch
from adapters.dynamodb.ledger import DynamoLedger
from adapters.dynamodb.lineage import DynamoLineage
from adapters.dynamodb.readings import DynamoReadings
from adapters.dynamodb.revisions import DynamoRevisions
from trading.tables import Names

__all__ = [
    "DynamoCandles",
    "DynamoForecasts",
    "DynamoItems",
    "DynamoLedger",
    "DynamoLineage",
    "DynamoReadings",
    "DynamoRevisions",
    "DynamoWatch",
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
    lineage: DynamoLineage
    revisions: DynamoRevisions
    items: DynamoItems
    heartbeats: DynamoWatch


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
        DynamoLineage(names, dynamo),
        DynamoRevisions(names, dynamo),
        DynamoItems(names, aws.dynamodb),
        DynamoWatch(names, dynamo, now),
    )
