"""Forecasts and what came of them on DynamoDB: one item a pair and decision, the outcome added once."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.wire import Item, Wire, epoch, from_analysis, iso
from trading.calibration.records import Forecast
from trading.errors import BadInput, Halt
from trading.tables import FORECASTS, TTL, Names

PUT_ONCE = "attribute_not_exists(#pair)"
SETTLE_ONCE = "#model = :model AND attribute_not_exists(#outcome)"
BETWEEN = "#pair = :pair AND #timestamp BETWEEN :since AND :until"
NOT_AFTER = "#pair = :pair AND #timestamp <= :until"
TIMES = "#timestamp, #outcome"
"""What is read to find the forecasts without outcome; the rest of an item is five times as long."""
ELSEWHERE = frozenset({"pair", "at", "outcome"})
"""Fields that are the key, or are not written with the rest."""

type Row = Mapping[str, Wire]
"""An item as attribute values."""


class DynamoForecasts:
    """The Forecasts port."""

    def __init__(self, names: Names, dynamo: Dynamo) -> None:
        self._dynamo, self._table = dynamo, names.table(FORECASTS)

    def put(self, forecast: Forecast) -> bool:
        """Keep a forecast without outcome; whether it was new. The first one of a pair and time stands."""
        return self._first(Write("Put", self._table, _item(forecast), _thing(forecast), PUT_ONCE))

    def settle(self, forecast: Forecast, outcome: Sequence[float | None]) -> bool:
        """Write what came of a forecast that was put; whether it was the first to. An outcome is written once."""
        thing = _thing(forecast)
        values: Item = {"model": forecast.model, "outcome": from_analysis(list(outcome), thing)}
        update = "SET #outcome = :outcome"
        return self._first(Write("Update", self._table, _key(forecast), thing, SETTLE_ONCE, update, values))

    def pending(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times that have no outcome yet, oldest first."""
        seen = self._query(BETWEEN, pair, until, since=since, ProjectionExpression=TIMES)
        oldest = next((int(row["timestamp"]["N"]) for row in seen if "outcome" not in row), None)
        if oldest is None:
            return []
        rows = self._query(BETWEEN, pair, until, since=datetime.fromtimestamp(oldest, UTC))
        return [_forecast(row) for row in rows if "outcome" not in row]

    def recent(self, pairs: Sequence[str], until: datetime, count: int) -> list[Forecast]:
        """The newest ``count`` forecasts not after a time that came to an outcome, of all pairs and models together.

        Each pair's rows come page by page, newest first, and no page is asked for that is not needed.
        """
        streams = [_settled(self._query(NOT_AFTER, pair, until, ScanIndexForward=False)) for pair in pairs]
        merged = heapq.merge(*streams, key=lambda one: one.at, reverse=True)
        return list(islice(merged, count))

    def settled(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times that came to an outcome, oldest first."""
        return list(_settled(self._query(BETWEEN, pair, until, since=since)))

    def _query(self, condition: str, pair: str, until: datetime, **more: Any) -> Iterator[Row]:
        values: Item = {"pair": pair, "until": epoch(until)}
        if (since := more.pop("since", None)) is not None:
            values["since"] = epoch(since)
        return self._dynamo.query_wire(self._table, condition, values, **more)

    def _first(self, write: Write) -> bool:
        """Write what may be written once; whether this was the once."""
        try:
            self._dynamo.write(write)
        except Lost:
            return False
        return True


def _settled(rows: Iterable[Row]) -> Iterator[Forecast]:
    """Those of the rows that came to an outcome."""
    return (_forecast(row) for row in rows if row.get("outcome", {}).get("L"))


def _thing(forecast: Forecast) -> str:
    return f"forecast of {forecast.pair} at {iso(forecast.at)}"


def _key(forecast: Forecast) -> Item:
    return {"pair": forecast.pair, "timestamp": epoch(forecast.at)}


def _item(forecast: Forecast) -> Item:
    """A forecast without its outcome, as its item. Raises BadInput for a value that is not a number."""
    row = {field.name: getattr(forecast, field.name) for field in fields(Forecast) if field.name not in ELSEWHERE}
    given = from_analysis({name: value for name, value in row.items() if value is not None}, _thing(forecast))
    gone = epoch(forecast.at + timedelta(days=FORECASTS.ttl_days or 0))
    return {**(given if isinstance(given, dict) else {}), **_key(forecast), TTL: gone}


def _forecast(row: Row) -> Forecast:
    """The forecast that a row of attribute values holds. Raises Halt when it is not readable.

    Thousands are read for a weight, so numbers go from their text to floats directly; they are the same 64 bits.
    """
    try:
        return Forecast(
            pair=row["pair"]["S"],
            at=datetime.fromtimestamp(int(row["timestamp"]["N"]), UTC),
            model=row["model"]["S"],
            fallback_reason=row["fallback_reason"]["S"] if "fallback_reason" in row else None,
            decision_id=row["decision_id"]["S"],
            first_step_at=datetime.fromisoformat(row["first_step_at"]["S"]),
            price=float(row["price"]["N"]),
            q10=_path(row["q10"]),
            q50=_path(row["q50"]),
            q90=_path(row["q90"]),
            momentum_pct=float(row["momentum_pct"]["N"]),
            volatility_pct=float(row["volatility_pct"]["N"]),
            outcome=_outcome(row["outcome"]) if "outcome" in row else None,
        )
    except (BadInput, KeyError, TypeError, ValueError) as error:
        msg = f"the forecast {row.get('pair')} {row.get('timestamp')} is not readable ({error!r}): remove its item"
        raise Halt(msg) from error


def _path(values: Wire) -> tuple[float, ...]:
    return tuple([float(one["N"]) for one in values["L"]])


def _outcome(values: Wire) -> tuple[float | None, ...]:
    return tuple([None if "NULL" in one else float(one["N"]) for one in values["L"]])
