"""Forecasts and what came of them on DynamoDB: one item a pair and decision, the outcome added once.

The losses are small items of their own, one a model, pair and UTC hour, written together with the outcome. A query pays
for whole items, whatever it shows of them, and an analysis waits for thousands of losses.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from adapters.dynamodb.client import Dynamo, Write
from adapters.dynamodb.errors import Lost
from adapters.dynamodb.wire import Item, Wire, epoch, from_analysis, iso
from trading.calibration.past import PastLoss, hour_of, past_losses
from trading.calibration.records import Forecast
from trading.errors import BadInput, Halt
from trading.tables import FORECASTS, TTL, Names

ONCE = "attribute_not_exists(#pair)"
SETTLE_ONCE = "#model = :model AND attribute_not_exists(#outcome)"
BETWEEN = "#pair = :pair AND #timestamp BETWEEN :since AND :until"
NOT_AFTER = "#pair = :pair AND #timestamp <= :until"
SHORT = {"ProjectionExpression": "#timestamp, #outcome"}
"""What is read to find the forecasts without outcome; the rest of an item is five times as long."""
EVER = datetime(9999, 1, 1, tzinfo=UTC)
LOSSES = ("error_pct", "naive_error_pct")
OF_LOSSES = "losses "
"""What stands before pair and model in the key of their losses."""
SPARE = 25
"""Losses of a pair that are read beyond its share, because pairs are not analysed exactly as often as each other."""
OPEN = 25
"""Forecasts of a pair that are looked at in one go for the newest settled one: twice an hour's, at one every candle."""
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
        return self._first(Write("Put", self._table, _item(forecast), _thing(forecast), ONCE))

    def get(self, pair: str, at: datetime) -> Forecast | None:
        """The forecast of a pair that stands at a time; None when there is none."""
        return next((_forecast(row) for row in self._query(BETWEEN, pair, at, since=at)), None)

    def newest(self, pair: str) -> tuple[datetime | None, datetime | None]:
        """The times of a pair's newest forecast and of its newest one that is settled; None where there is none."""
        newest, until = None, EVER
        while True:
            some = list(self._query(NOT_AFTER, pair, until, ScanIndexForward=False, Limit=OPEN, **SHORT))
            newest = newest or next(map(_at, some), None)
            settled = next((_at(row) for row in some if "outcome" in row), None)
            if settled is not None or len(some) < OPEN:
                return newest, settled
            until = _at(some[-1]) - timedelta(seconds=1)

    def settle(self, forecast: Forecast, outcome: Sequence[float | None], at: datetime) -> bool:
        """Write at ``at`` what came of a forecast that was put; whether it was the first to. Written once.

        Where another forecast's losses stand for the hour already, the outcome is written without any.
        """
        thing = _thing(forecast)
        values: Item = {"model": forecast.model, "outcome": from_analysis(list(outcome), thing)}
        settled = Write("Update", self._table, _key(forecast), thing, SETTLE_ONCE, "SET #outcome = :outcome", values)
        losses = [
            Write("Put", self._table, _item_of(loss, at), f"losses of the {thing}", ONCE)
            for loss in past_losses([replace(forecast, outcome=tuple(outcome))])
        ]
        try:
            self._dynamo.write(settled, *losses)
        except Lost as lost:
            return thing not in lost.things and self._first(settled)
        return True

    def pending(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times that have no outcome yet, oldest first."""
        seen = self._query(BETWEEN, pair, until, since=since, **SHORT)
        oldest = next((_at(row) for row in seen if "outcome" not in row), None)
        if oldest is None:
            return []
        rows = self._query(BETWEEN, pair, until, since=oldest)
        return [_forecast(row) for row in rows if "outcome" not in row]

    def recent(self, pairs: Sequence[str], model: str, at: datetime, count: int) -> list[PastLoss]:
        """The newest ``count`` losses of a model that were known at a time, of all pairs together, newest first.

        Each pair's rows come page by page, and no page is asked for that is not needed.
        """
        streams = [self._losses(_of_losses(pair, model), at, count // len(pairs) + SPARE) for pair in pairs]
        merged = heapq.merge(*streams, key=lambda one: one.at, reverse=True)
        return list(islice(merged, count))

    def settled(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times that came to an outcome, oldest first."""
        return list(_settled(self._query(BETWEEN, pair, until, since=since)))

    def _losses(self, key: str, at: datetime, some: int) -> Iterator[PastLoss]:
        """The losses under a key that were known at a time, newest first, asked for so many at a time."""
        until = at
        while True:
            seen = 0
            for row in self._query(NOT_AFTER, key, until, ScanIndexForward=False, Limit=some):
                seen, until = seen + 1, _at(row) - timedelta(seconds=1)
                loss, settled_at = _loss(row)
                if settled_at <= at:
                    yield loss
            if seen < some:
                return

    def _query(self, condition: str, pair: str, until: datetime, **more: Any) -> Iterator[Row]:
        values: Item = {"pair": pair, "until": epoch(until)}
        if (since := more.pop("since", None)) is not None:
            values["since"] = epoch(since)
        return self._dynamo.query_wire(self._table, condition, values, **more)

    def _first(self, *writes: Write) -> bool:
        """Write what may be written once; whether this was the once."""
        try:
            self._dynamo.write(*writes)
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
    return {**(given if isinstance(given, dict) else {}), **_key(forecast), **_end(forecast.at)}


def _of_losses(pair: str, model: str) -> str:
    return f"{OF_LOSSES}{pair} {model}"


def _item_of(loss: PastLoss, settled_at: datetime) -> Item:
    key: Item = {"pair": _of_losses(loss.pair, loss.model), "timestamp": epoch(hour_of(loss.at))}
    losses = {name: from_analysis(getattr(loss, name), name) for name in LOSSES}
    return {**key, **losses, "made_at": iso(loss.at), "settled_at": iso(settled_at), **_end(loss.at)}


def _end(at: datetime) -> Item:
    return {TTL: epoch(at + timedelta(days=FORECASTS.ttl_days or 0))}


def _at(row: Row) -> datetime:
    return datetime.fromtimestamp(int(row["timestamp"]["N"]), UTC)


def _loss(row: Row) -> tuple[PastLoss, datetime]:
    """The losses that a row of attribute values holds, and when they were known. Raises Halt when not readable."""
    with _readable(row):
        pair, model = row["pair"]["S"].removeprefix(OF_LOSSES).split(" ", 1)
        made_at, settled_at = (datetime.fromisoformat(row[name]["S"]) for name in ("made_at", "settled_at"))
        mine, theirs = (float(row[name]["N"]) for name in LOSSES)
        return PastLoss(pair, made_at, model, mine, theirs), settled_at


@contextmanager
def _readable(row: Row) -> Iterator[None]:
    """Say Halt, and which item it is, when what is in it is not what was put there."""
    try:
        yield
    except (BadInput, KeyError, TypeError, ValueError) as error:
        msg = f"the forecast {row.get('pair')} {row.get('timestamp')} is not readable ({error!r}): remove its item"
        raise Halt(msg) from error


def _forecast(row: Row) -> Forecast:
    """The forecast that a row of attribute values holds. Raises Halt when it is not readable.

    Thousands are read for a table, so numbers go from their text to floats directly; they are the same 64 bits.
    """
    with _readable(row):
        return Forecast(
            pair=row["pair"]["S"],
            at=_at(row),
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


def _path(values: Wire) -> tuple[float, ...]:
    return tuple([float(one["N"]) for one in values["L"]])


def _outcome(values: Wire) -> tuple[float | None, ...]:
    return tuple([None if "NULL" in one else float(one["N"]) for one in values["L"]])
