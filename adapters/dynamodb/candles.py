"""Closed candles on DynamoDB, with a memory: what this process stored or read once is not read again.

A closed candle never changes, so the memory cannot be wrong about a candle it holds; it may only lack one. A window is
answered from memory when every slot of it is there, after a look in the table for candles newer than those it holds.
When anything else is missing (a gap, an earlier time, the first call), the whole window is read.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.wire import Item, Wire, epoch, float_number
from trading import candles as frames
from trading.errors import BadInput
from trading.pairs import Pair
from trading.ports.candles import Answer
from trading.tables import PRICES, TTL, Names

STEP_S = int(frames.INTERVAL.total_seconds())
KEPT = 4_032
"""Candles remembered per pair: the two weeks that the table holds."""
VALUES = frames.COLUMNS[1:]
PROJECTION = ", ".join(f"#{name}" for name in ("timestamp", *VALUES))

type Row = tuple[datetime, float, float, float, float, float]


class DynamoCandles:
    """The CandleStore port, safe for many threads."""

    def __init__(self, names: Names, dynamo: Dynamo, source: str = "binance") -> None:
        self._dynamo, self._table, self._source = dynamo, names.table(PRICES), source
        self._lock = threading.Lock()
        self._rows: dict[str, dict[int, Row]] = {}
        self._stored_until: dict[str, int] = {}

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "") -> int:
        """Store closed candles with the key of their payload; how many. Storing them again changes nothing.

        Raises BadInput for a frame with faults: nothing of it is stored. Raises Transient or Unknown when the table
        did not take all of it; then the same call may be made again.
        """
        if candles.empty:
            return 0
        if found := frames.problems(candles):
            msg = f"candles of {pair.key} {', '.join(found)}; nothing of them was stored"
            raise BadInput(msg)
        rows = {epoch(row[0]): row for row in _rows(candles)}
        count = self._dynamo.put_all(self._table, (self._item(pair, at, row, raw) for at, row in rows.items()))
        self._remember(pair, rows)
        with self._lock:
            self._stored_until[pair.key] = max(self._stored_until.get(pair.key, 0), *rows)
        return count

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""
        newest = epoch(frames.floor_time(at)) - STEP_S
        last = self._last_held(pair, newest, count)
        if last is not None:
            if last < newest:
                self._read(pair, last + STEP_S, newest, count)
            if known := self._without_gap(pair, newest, count):
                return frames.frame(known)
        return frames.frame(self._read(pair, 0, newest, count))

    def read(self, pair: Pair, at: datetime, count: int) -> Answer:
        """The same, as the warm tier's answer."""
        return Answer(self.window(pair, at, count), "warm")

    def newest(self, pair: Pair) -> datetime | None:
        """Open time of the newest stored candle; None when there is none.

        A store that has put candles of the pair itself answers from that: whoever collects is asked most, and a candle
        that another process put meanwhile is at worst fetched and stored a second time.
        """
        with self._lock:
            at = self._stored_until.get(pair.key)
        if at is None:
            last = next(self._query(pair, 0, None, 1), None)
            at = None if last is None else int(last["timestamp"]["N"])
        return None if at is None else datetime.fromtimestamp(at, UTC)

    # ------------------------------------------------------------------------------------------------------- memory

    def _last_held(self, pair: Pair, newest: int, count: int) -> int | None:
        """The newest slot in memory up to ``newest``, not further back than the window."""
        with self._lock:
            held = self._rows.get(pair.key, {})
            return next((slot for slot in range(newest, newest - count * STEP_S, -STEP_S) if slot in held), None)

    def _without_gap(self, pair: Pair, newest: int, count: int) -> list[Row] | None:
        """The last ``count`` rows in memory up to ``newest``; None when they are not all there, one after the other."""
        top = self._last_held(pair, newest, count)
        if top is None:
            return None
        with self._lock:
            held = self._rows[pair.key]
            rows = [held.get(slot) for slot in range(top - (count - 1) * STEP_S, top + STEP_S, STEP_S)]
        return [row for row in rows if row is not None] if None not in rows else None

    def _remember(self, pair: Pair, rows: Mapping[int, Row]) -> None:
        with self._lock:
            held = self._rows.setdefault(pair.key, {})
            held.update(rows)
            if len(held) > KEPT * 5 // 4:  # a fifth at once, so that sorting stays rare
                for at in sorted(held)[:-KEPT]:
                    del held[at]

    # ---------------------------------------------------------------------------------------------------- the table

    def _read(self, pair: Pair, since: int, until: int, count: int) -> list[Row]:
        """The last ``count`` stored candles that opened between two times, oldest first; they are remembered."""
        rows = {int(item["timestamp"]["N"]): _row(item) for item in self._query(pair, since, until, count)}
        self._remember(pair, rows)
        return [rows[at] for at in sorted(rows)]

    def _query(self, pair: Pair, since: int, until: int | None, count: int) -> Any:
        values: Item = {"pk": pair.key, "since": since, "until": 10**12 if until is None else until}
        return self._dynamo.query_wire(
            self._table,
            "#pair = :pk AND #timestamp BETWEEN :since AND :until",
            values,
            ProjectionExpression=PROJECTION,
            ScanIndexForward=False,
            Limit=count,
        )

    def _item(self, pair: Pair, at: int, row: Row, raw: str) -> dict[str, Wire]:
        gone = at + int(timedelta(days=PRICES.ttl_days or 0).total_seconds())
        values = {name: {"N": float_number(value)} for name, value in zip(VALUES, row[1:], strict=True)}
        key: dict[str, Wire] = {"pair": {"S": pair.key}, "timestamp": {"N": str(at)}}
        known: dict[str, Wire] = {"raw": {"S": raw}} if raw else {}
        return {**key, **values, **known, "source": {"S": self._source}, TTL: {"N": str(gone)}}


def _rows(candles: pd.DataFrame) -> list[Row]:
    times = [at.to_pydatetime() for at in candles["open_time"]]
    columns = [candles[name].tolist() for name in VALUES]
    return list(zip(times, *columns, strict=True))


def _row(item: Mapping[str, Mapping[str, str]]) -> Row:
    """THE border for candle values, inwards: decimal text -> the float64 that it was."""
    at = datetime.fromtimestamp(int(item["timestamp"]["N"]), UTC)
    first, high, low, last, volume = (float(item[name]["N"]) for name in VALUES)
    return at, first, high, low, last, volume
