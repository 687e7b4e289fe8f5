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
from adapters.dynamodb.wire import Item, epoch, from_analysis, iso, item_from_wire, to_analysis
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
        found = self._query(BETWEEN, pair, until, since=since, ProjectionExpression=TIMES)
        keys: list[Item] = [
            {"pair": pair, "timestamp": int(row["timestamp"]["N"])} for row in found if "outcome" not in row
        ]
        read = map(_forecast, self._dynamo.get_all(self._table, keys))
        return sorted((one for one in read if one.outcome is None), key=lambda one: one.at)

    def recent(self, pairs: Sequence[str], model: str, until: datetime, count: int) -> list[Forecast]:
        """The newest ``count`` forecasts of a model not after a time that came to an outcome, all pairs together.

        Each pair's rows come page by page, newest first, and no page is asked for that is not needed.
        """
        streams = [_settled(self._query(NOT_AFTER, pair, until, ScanIndexForward=False)) for pair in pairs]
        merged = heapq.merge(*streams, key=lambda one: one.at, reverse=True)
        return list(islice((one for one in merged if one.model == model), count))

    def settled(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times that came to an outcome, oldest first."""
        return list(_settled(self._query(BETWEEN, pair, until, since=since)))

    def _query(self, condition: str, pair: str, until: datetime, **more: Any) -> Iterator[Mapping[str, Any]]:
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


def _settled(rows: Iterable[Mapping[str, Any]]) -> Iterator[Forecast]:
    """Those of the rows, as attribute values, that came to an outcome."""
    return (_forecast(item_from_wire(row)) for row in rows if row.get("outcome", {}).get("L"))


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


def _forecast(item: Item) -> Forecast:
    """The forecast that an item holds. Raises Halt when it is not readable."""
    row = to_analysis(item)
    try:
        return Forecast(
            pair=row["pair"],
            at=datetime.fromtimestamp(row["timestamp"], UTC),
            model=row["model"],
            fallback_reason=row.get("fallback_reason"),
            decision_id=row["decision_id"],
            first_step_at=datetime.fromisoformat(row["first_step_at"]),
            q10=_path(row["q10"]),
            q50=_path(row["q50"]),
            q90=_path(row["q90"]),
            outcome=tuple(None if one is None else float(one) for one in row["outcome"]) if "outcome" in row else None,
            **{name: float(row[name]) for name in ("price", "momentum_pct", "volatility_pct")},
        )
    except (BadInput, KeyError, TypeError, ValueError) as error:
        msg = f"the forecast of {row.get('pair')} at {row.get('timestamp')} is not readable ({error}): remove its item"
        raise Halt(msg) from error


def _path(values: Sequence[float]) -> tuple[float, ...]:
    return tuple(map(float, values))
