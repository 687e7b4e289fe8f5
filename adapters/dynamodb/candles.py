"""Closed candles on DynamoDB, with a memory: what this process stored or read once is not read again.

The venue sometimes changes a closed candle. Whoever stores the change gives the pair's history a new edition in the
same transaction, and every window begins with a look at the edition: memory of another one is forgotten. A window is
answered from memory when every slot of it is there, after a look in the table for candles newer than those it holds.
When anything else is missing (a gap, an earlier time, the first call), the whole window is read.

One race is left: two processes that store different values of one NEW candle in the same instant.
"""

from __future__ import annotations

import threading
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import batched
from typing import Any

import pandas as pd

from adapters.dynamodb.client import TRANSACTION, Dynamo, Write
from adapters.dynamodb.wire import Item, Wire, epoch, float_number, item_from_wire
from trading import candles as frames
from trading.errors import BadInput, Conflict, Transient
from trading.pairs import Pair
from trading.ports.candles import Answer
from trading.tables import PRICES, TTL, Names

STEP_S = int(frames.INTERVAL.total_seconds())
KEPT = 4_032
"""Candles remembered per pair: the two weeks that the table holds."""
ATTEMPTS = 3
VALUES = frames.COLUMNS[1:]
PROJECTION = ", ".join(f"#{name}" for name in ("timestamp", *VALUES))

type Row = tuple[datetime, float, float, float, float, float]


class DynamoCandles:
    """The CandleStore port, safe for many threads."""

    def __init__(self, names: Names, dynamo: Dynamo, source: str = "binance") -> None:
        self._dynamo, self._table, self._source = dynamo, names.table(PRICES), source
        self._lock = threading.Lock()
        self._rows: dict[str, dict[int, Row]] = {}
        self._editions: dict[str, str] = {}
        self._stored_until: dict[str, int] = {}

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "", *, rewrite: bool = True) -> int:
        """Store closed candles with the key of their payload; how many. Storing them again changes nothing.

        rewrite: False stores new ones only, and raises Transient when others would change stored ones.
        Raises BadInput for a frame with faults: nothing of it is stored. Raises Transient, Conflict (others kept
        changing the same history) or Unknown when the table did not take all of it; the same call may be made again.
        """
        if candles.empty:
            return 0
        if found := frames.problems(candles):
            msg = f"candles of {pair.key} {', '.join(found)}; nothing of them was stored"
            raise BadInput(msg)
        rows = {epoch(row[0]): row for row in _rows(candles)}
        for attempt in range(ATTEMPTS):
            try:
                self._put(pair, rows, raw, rewrite=rewrite)
                break
            except Conflict:  # somebody else changed history meanwhile: look again at what there is
                if attempt == ATTEMPTS - 1:
                    raise
        with self._lock:
            if pair.key in self._stored_until:  # or it is not known yet: these may be older than what is stored
                self._stored_until[pair.key] = max(self._stored_until[pair.key], *rows)
        return len(rows)

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""
        newest = epoch(frames.floor_time(at)) - STEP_S
        edition = self._current(pair)
        last = self._last_held(pair, newest, count)
        if last is not None:
            if last < newest:
                self._read(pair, edition, last + STEP_S, newest, count)
            if known := self._without_gap(pair, newest, count):
                return frames.frame(known)
        return frames.frame(self._read(pair, edition, 0, newest, count))

    def read(self, pair: Pair, at: datetime, count: int) -> Answer:
        """The same, as the warm tier's answer."""
        return Answer(self.window(pair, at, count), "warm")

    def newest(self, pair: Pair) -> datetime | None:
        """Open time of the newest stored candle; None when there is none.

        It is read once, then this store's own puts move it on: whoever collects is asked most. Another process may have
        put newer ones meanwhile, so that whoever relies on it looks at what is stored behind it.
        """
        with self._lock:
            at = self._stored_until.get(pair.key)
        if at is None:
            last = next(self._query(pair, 0, None, 1), None)
            if last is None:
                return None
            with self._lock:
                at = max(int(last["timestamp"]["N"]), self._stored_until.get(pair.key, 0))
                self._stored_until[pair.key] = at
        return datetime.fromtimestamp(at, UTC)

    def _put(self, pair: Pair, rows: Mapping[int, Row], raw: str, *, rewrite: bool) -> None:
        edition = self._current(pair)
        held = dict(self._stored(pair, min(rows), max(rows)))
        new = {at: row for at, row in rows.items() if at not in held}
        changed = {at: row for at, row in rows.items() if at in held and held[at] != row}
        self._dynamo.put_all(self._table, (self._item(pair, at, row, raw) for at, row in new.items()))
        self._remember(pair, edition, new)
        if changed and not rewrite:
            msg = (
                f"{len(changed)} changed candles of {pair.key} wait until the hot tier can be told; the new are stored"
            )
            raise Transient(msg)
        for some in batched(changed.items(), TRANSACTION - 1):
            edition = self._rewrite(pair, edition, [self._item(pair, at, row, raw) for at, row in some])
            self._remember(pair, edition, dict(some))

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

    def _remember(self, pair: Pair, edition: str, rows: Mapping[int, Row]) -> None:
        """Keep what was read or stored under an edition, unless memory has gone on to another one since."""
        with self._lock:
            if self._editions.get(pair.key) != edition:
                return
            held = self._rows.setdefault(pair.key, {})
            held.update(rows)
            if len(held) > KEPT * 5 // 4:  # a fifth at once, so that sorting stays rare
                for at in sorted(held)[:-KEPT]:
                    del held[at]

    # ---------------------------------------------------------------------------------------------------- the table

    def _read(self, pair: Pair, edition: str, since: int, until: int, count: int) -> list[Row]:
        """The last ``count`` stored candles that opened between two times, oldest first; they are remembered."""
        rows = dict(self._stored(pair, since, until, count))
        self._remember(pair, edition, rows)
        return [rows[at] for at in sorted(rows)]

    def _stored(self, pair: Pair, since: int, until: int, count: int | None = None) -> Iterator[tuple[int, Row]]:
        many = (until - since) // STEP_S + 1 if count is None else count
        for item in self._query(pair, since, until, many):
            yield int(item["timestamp"]["N"]), _row(item)

    def _current(self, pair: Pair) -> str:
        """The edition of the pair's history; what is remembered of another one is forgotten."""
        item = self._dynamo.get(self._table, _edition_key(pair))
        edition = "" if item is None else str(item["edition"])
        with self._lock:
            if self._editions.get(pair.key) != edition:
                self._editions[pair.key] = edition
                self._rows.pop(pair.key, None)
        return edition

    def _rewrite(self, pair: Pair, edition: str, items: Sequence[dict[str, Wire]]) -> str:
        """Change stored candles and the edition, all or none; the new edition."""
        new = uuid.uuid4().hex
        condition = "#edition = :edition" if edition else "attribute_not_exists(#edition)"
        values = {"edition": edition} if edition else {}
        marker = {**_edition_key(pair), "edition": new}
        thing = f"the history of {pair.key}"
        self._dynamo.write(
            Write("Put", self._table, marker, thing, condition, values=values),
            *(Write("Put", self._table, item_from_wire(item), thing) for item in items),
        )
        with self._lock:
            if self._editions.get(pair.key) == edition:
                self._editions[pair.key] = new
        return new

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


def _edition_key(pair: Pair) -> Item:
    """Where a pair's edition is kept: beside its candles, in a partition of its own. Absent until history changed."""
    return {"pair": f"edition {pair.key}", "timestamp": 0}


def _rows(candles: pd.DataFrame) -> list[Row]:
    times = [at.to_pydatetime() for at in candles["open_time"]]
    columns = [candles[name].tolist() for name in VALUES]
    return list(zip(times, *columns, strict=True))


def _row(item: Mapping[str, Mapping[str, str]]) -> Row:
    """THE border for candle values, inwards: decimal text -> the float64 that it was."""
    at = datetime.fromtimestamp(int(item["timestamp"]["N"]), UTC)
    first, high, low, last, volume = (float(item[name]["N"]) for name in VALUES)
    return at, first, high, low, last, volume
