"""An archive, tables and a venue in memory, each of which can stop the process at any of its writes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from adapters.dynamodb.wire import float_number
from trading import candles as frames
from trading.candles import INTERVAL
from trading.errors import Conflict, Rejected
from trading.pairs import Pair, parse_pairs
from trading.ports.items import Raw
from trading.ports.payloads import Fetched, Payload
from trading.services.lines import digest, key_of, lines_of
from trading.tables import PRICES, Table

PAIR = parse_pairs(None)[0]
NOW = datetime(2024, 3, 15, 10, 2, tzinfo=UTC)
DAY = timedelta(days=1)


class Killed(BaseException):
    """The process is gone: nothing of ours may catch it."""


class Wire:
    """Counts writes, and ends the process at one of them: before it, or after it when ``done``."""

    def __init__(self) -> None:
        self.writes, self.end, self.done = 0, -1, False

    def write(self, effect: Callable[[], Any]) -> Any:
        self.writes += 1
        if self.writes == self.end and not self.done:
            raise Killed
        result = effect()
        if self.writes == self.end:
            raise Killed
        return result

    def killed_at(self, number: int, *, done: bool) -> None:
        self.writes, self.end, self.done = 0, number, done

    def alive(self) -> None:
        self.writes, self.end = 0, -1


class MemoryArchive:
    """The Archive port. ``spoil`` is what a reader gets instead of the bytes."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.files: dict[tuple[str, str], bytes] = {}
        self.puts: list[str] = []
        self.spoil: Callable[[str, bytes], bytes] = lambda _key, data: data
        self._wire = wire or Wire()

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> str:
        def effect() -> None:
            self.files[bucket, key] = data
            self.puts.append(key)

        self._wire.write(effect)
        return f"memory://{bucket}/{key}"

    def get(self, bucket: str, key: str) -> bytes:
        if (bucket, key) not in self.files:
            raise Rejected(f"there is no {key}")
        return self.spoil(key, self.files[bucket, key])

    def keys(self, bucket: str, prefix: str) -> list[str]:
        return sorted(key for where, key in self.files if where == bucket and key.startswith(prefix))


class MemoryItems:
    """The Items port. ``meanwhile`` happens before each item that a reader of a whole table gets."""

    def __init__(self, wire: Wire | None = None) -> None:
        self.tables: dict[str, dict[tuple[str, ...], Raw]] = {}
        self.meanwhile: Callable[[], None] = lambda: None
        self._wire = wire or Wire()

    def put(self, table: Table, *items: Raw) -> None:
        for item in items:
            self._of(table)[key_of(table, item)] = item

    def all(self, table: Table) -> Iterator[Raw]:
        for key in sorted(self._of(table)):
            self.meanwhile()
            if key in self._of(table):
                yield self._of(table)[key]
        self.meanwhile()

    def partitions(self, table: Table) -> list[str]:
        return sorted({key[0] for key in self._of(table)})

    def between(self, table: Table, partition: str, first: int, last: int) -> Iterator[Raw]:
        for key in sorted(self._of(table), key=lambda key: int(key[1])):
            if key[0] == partition and first <= int(key[1]) <= last:
                self.meanwhile()
                yield self._of(table)[key]
        self.meanwhile()

    def put_back(self, table: Table, item: Raw) -> bool:
        key = key_of(table, item)
        there = self._of(table).get(key)
        if there is not None and there != item:
            raise Conflict(f"{table.name} holds another {key}")
        self._wire.write(lambda: self.put(table, item))
        return there is None

    def hashes(self, tables: Iterable[Table]) -> dict[str, str]:
        return {table.name: digest(lines_of(self._of(table).values())) for table in tables}

    def _of(self, table: Table) -> dict[tuple[str, ...], Raw]:
        return self.tables.setdefault(table.name, {})


class MemoryStore:
    """Candles into those tables, 25 at a time, as DynamoDB takes them."""

    def __init__(self, items: MemoryItems, wire: Wire) -> None:
        self.items, self._wire = items, wire

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "") -> int:
        rows = [price_row(pair, row, raw) for row in candles.itertuples(index=False)]
        for start in range(0, len(rows), 25):
            some = rows[start : start + 25]
            self._wire.write(lambda some=some: self.items.put(PRICES, *some))
        return len(rows)


def price_row(pair: Pair, row: Any, raw: str = "") -> Raw:
    """One candle as the prices table holds it."""
    at = int(row.open_time.timestamp())
    values = {name: {"N": float_number(getattr(row, name))} for name in frames.COLUMNS[1:]}
    own = {"pair": {"S": pair.key}, "timestamp": {"N": str(at)}, "source": {"S": "binance"}}
    return {**own, **values, **({"raw": {"S": raw}} if raw else {}), "ttl": {"N": str(at + 14 * 86_400)}}


class Venue:
    """The venue's candles; a page has ``longest`` rows at most. ``trouble`` is raised at a call when it is set."""

    def __init__(self, candles: pd.DataFrame, longest: int = 1000) -> None:
        self.truth, self.longest, self.calls = candles, longest, 0
        self.trouble: dict[int, Exception] = {}

    def fetch(self, pair: Pair, since: datetime | None, limit: int) -> Fetched:
        self.calls += 1
        if self.calls in self.trouble:
            raise self.trouble[self.calls]
        later = self.truth[self.truth["open_time"] >= since] if since else self.truth
        page = later.head(min(limit, self.longest)).reset_index(drop=True)
        body = f"{len(page)} candles from {since}".encode()
        return Fetched(page, (Payload("binance", "klines", pair.key, "http://venue/klines", body),))


def candles_between(first: datetime, end: datetime, seed: int = 1) -> pd.DataFrame:
    """Candles that look like a market, one a slot."""
    count = (end - first) // INTERVAL
    closes = 100 * np.exp(np.random.default_rng(seed).normal(0, 0.002, count).cumsum())
    opens = np.concatenate([[100.0], closes[:-1]]) if count else closes
    tops, floors = np.maximum(opens, closes) * 1.001, np.minimum(opens, closes) * 0.999
    times = [first + INTERVAL * number for number in range(count)]
    rows = zip(times, opens, tops, floors, closes, opens, strict=True)
    return frames.frame([(at, *map(float, values)) for at, *values in rows])  # type: ignore[misc]
