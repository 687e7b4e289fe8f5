"""News sentiment and market context on DynamoDB: the newest reading not after a time, and storing one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.wire import Item, epoch, from_analysis, item_to_wire, to_analysis
from trading.pairs import Pair
from trading.tables import MARKET, MARKET_CONTEXT, SENTIMENT, TTL, Names, Table


class DynamoReadings:
    """The Readings port, and how its rows get there."""

    def __init__(self, names: Names, dynamo: Dynamo) -> None:
        self._names, self._dynamo = names, dynamo

    def sentiment(self, pair: Pair, at: datetime) -> Mapping[str, Any] | None:
        """The newest sentiment of a pair not after ``at``, with its ``timestamp`` (epoch s), or None."""
        return self._newest(SENTIMENT, pair.key, at)

    def context(self, at: datetime) -> Mapping[str, Any] | None:
        """The newest market context not after ``at``, with its ``timestamp`` (epoch s); None when there is none."""
        return self._newest(MARKET_CONTEXT, MARKET, at)

    def put_sentiment(self, pair: Pair, at: datetime, row: Mapping[str, Any]) -> None:
        """Store a pair's sentiment of a time. Raises BadInput for a value that is not a number."""
        self._put(SENTIMENT, pair.key, at, row)

    def put_context(self, at: datetime, row: Mapping[str, Any]) -> None:
        """Store the market context of a time. Raises BadInput for a value that is not a number."""
        self._put(MARKET_CONTEXT, MARKET, at, row)

    def _newest(self, table: Table, of: str, at: datetime) -> Mapping[str, Any] | None:
        condition = f"#{table.pk.name} = :of AND #timestamp <= :at"
        values: Item = {"of": of, "at": epoch(at)}
        found = self._dynamo.query(self._names.table(table), condition, values, ScanIndexForward=False, Limit=1)
        row: Mapping[str, Any] | None = next((to_analysis(item) for item in found), None)
        return row

    def _put(self, table: Table, of: str, at: datetime, row: Mapping[str, Any]) -> None:
        given = from_analysis(row, f"{table.name} of {of}")
        gone = epoch(at + timedelta(days=table.ttl_days or 0))
        own = {table.pk.name: of, "timestamp": epoch(at), TTL: gone}
        self._dynamo.put_all(
            self._names.table(table), [item_to_wire({**(given if isinstance(given, dict) else {}), **own})]
        )
