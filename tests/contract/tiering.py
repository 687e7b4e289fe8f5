"""All tiers in one small world: real Redis, tables and archive in memory, an exchange; each can refuse."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime

import numpy as np
from botocore.exceptions import ClientError

from adapters.cold import ParquetCandles
from adapters.dynamodb.candles import DynamoCandles
from adapters.dynamodb.client import Dynamo
from adapters.hot import HotCandles, Server
from adapters.tiers import KEPT, TieredCandles
from tests.simulation.tables import MemoryDynamo
from trading import candles as frames
from trading.errors import Rejected, Transient
from trading.pairs import parse_pairs
from trading.ports.payloads import Fetched, Payload
from trading.tables import PRICES, Names

NAMES = Names("tiers", "123456789012")
PAIRS = parse_pairs(None)
BTC, ETH = PAIRS[1], PAIRS[0]
STEP = frames.INTERVAL
START = datetime(2026, 3, 5, tzinfo=UTC)


def candles_of(count, start=START, seed=1):
    """Candles with all the digits that a float has."""
    values = np.random.default_rng(seed).lognormal(5, 1, (count, 4)).tolist()
    rows = []
    for number, (first, high, low, last) in enumerate(values):
        both = sorted((first, high, low, last))
        rows.append((start + number * STEP, first, both[3], both[0], last, high / 3))
    return frames.frame(rows)


class Archive:
    """The Archive port in a dict; ``refuses`` makes it fail as a throttled S3 does."""

    def __init__(self):
        self.files, self.calls, self.refuses = {}, Counter(), False

    def _call(self, name):
        self.calls[name] += 1
        if self.refuses:
            msg = f"could not {name}: SlowDown: Please reduce your request rate"
            raise Transient(msg)

    def put(self, bucket, key, data, content_type):
        self._call("put")
        self.files[key] = data
        return key

    def get(self, bucket, key):
        self._call("get")
        if key not in self.files:
            msg = "NoSuchKey"
            raise Rejected(msg)
        return self.files[key]

    def keys(self, bucket, prefix):
        self._call("keys")
        return sorted(key for key in self.files if key.startswith(prefix))


class Exchange:
    """The analysis venue: what it says now, in pages that may be cut short."""

    def __init__(self):
        self.rows, self.calls, self.refuses, self.page = {}, Counter(), False, 1000

    def knows(self, candles):
        """These candles, over what it said before."""
        self.rows |= {row[0].to_pydatetime(): row for row in candles.itertuples(index=False)}

    def candles(self, pair, since, limit):
        return self.fetch(pair, since, limit).candles

    def fetch(self, pair, since, limit):
        self.calls["candles"] += 1
        if self.refuses:
            msg = "Binance does not answer"
            raise Transient(msg)
        times = sorted(at for at in self.rows if at >= since)[: min(limit, self.page)]
        page = frames.frame([self.rows[at] for at in times])
        return Fetched(page, (Payload("binance", "klines", pair.key, "https://venue/klines", f"{times}".encode()),))


class World:
    """The tiers that all processes share, the time, and what refuses: ``warm``, ``hot <process>``."""

    def __init__(self, redis=None, kept=KEPT):
        self.redis, self.kept = redis, kept
        self.now, self.monotonic_s = START, 0.0
        self.calls, self.refuses, self.interrupt = Counter(), set(), None
        self.archive, self.exchange = Archive(), Exchange()
        self.cold = ParquetCandles(self.archive)
        self.dynamo = MemoryDynamo(page_size=500, on_call=self._on_table)
        if redis is not None:
            self.settle()

    def settle(self):
        """Redis has run for longer than a put takes: none from before its start can still change the tables."""
        HotCandles(Server(self.redis.url), NAMES.prefix).window(BTC, START, 1)
        self.redis.forget_puts()

    def process(self, name="one", keep=None):
        """The store of one process."""
        hot = None
        if self.redis is not None:
            server = Server(self.redis.url, since_start_s=lambda: self.monotonic_s)
            self._watch(server, name)
            hot = HotCandles(server, NAMES.prefix)
        warm = DynamoCandles(NAMES, Dynamo(self.dynamo))
        return TieredCandles(hot, warm, self.cold, self.exchange, lambda: self.now, self.kept, keep)

    def stored(self, pair=BTC):
        """What the tables hold of a pair now, by open time, past all tiers."""
        self.dynamo.on_call, watching = (lambda *_: None), self.dynamo.on_call
        rows = DynamoCandles(NAMES, Dynamo(self.dynamo))._stored(pair, 0, 10**12, 10**6)
        found = {row[0]: tuple(row) for _, row in rows}
        self.dynamo.on_call = watching
        return found

    def forget(self, times, pair=BTC):
        """The tables' lifetime is over for these candles."""
        self.dynamo.on_call, watching = (lambda *_: None), self.dynamo.on_call
        for at in times:
            key = {"pair": {"S": pair.key}, "timestamp": {"N": str(int(at.timestamp()))}}
            self.dynamo.delete_item(TableName=NAMES.table(PRICES), Key=key)
        self.dynamo.on_call = watching

    def _watch(self, server, name):
        run = server.run

        def watched(script, keys, values):
            self._noted("redis")
            if f"hot {name}" in self.refuses:
                msg = "the hot tier does not answer (a broken line)"
                raise Transient(msg)
            return run(script, keys, values)

        server.run = watched

    def _on_table(self, at, request):
        if at.startswith("before"):
            name = at.removeprefix("before ")
            self._noted(name)
            if "warm" in self.refuses:
                raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "slow down"}}, name)

    def _noted(self, name):
        self.calls[name] += 1
        if self.interrupt is not None:
            left, act = self.interrupt
            self.interrupt = (left - 1, act) if left else None
            if not left:
                act()
