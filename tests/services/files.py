"""An archive in memory, a market that says what a test wants, and candles kept in plain tables of this process."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

from adapters.dynamodb import DynamoCandles
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.revisions import DynamoRevisions
from tests.simulation.tables import MemoryDynamo
from trading.errors import Rejected
from trading.ports.payloads import Fetched, Payload
from trading.services.revisions import Feed, History
from trading.strategy import Strategy
from trading.tables import Names

NAMES = Names("kept")
BUCKET_OF = "raw-market-data"


class Files:
    """The Archive port; ``failing``: errors that the next calls meet, ``puts``: how many were tried."""

    def __init__(self):
        self.files, self.failing, self.puts = {}, [], 0

    def put(self, bucket, key, data, content_type):
        del content_type
        self.puts += 1
        if self.failing:
            raise self.failing.pop(0)
        self.files[bucket, key] = data
        return f"s3://{bucket}/{key}"

    def get(self, bucket, key):
        if (bucket, key) not in self.files:
            raise Rejected(f"{key} is not there")
        return self.files[bucket, key]

    def keys(self, bucket, prefix):
        return sorted(key for where, key in self.files if where == bucket and key.startswith(prefix))


class Venue:
    """The MarketData port over a frame: at ``now``, with the candle that forms; ``says`` changes what it answers.

    ``asked`` keeps the times it was asked from.
    """

    def __init__(self, candles):
        self.candles_now, self.asked, self.now = candles, [], datetime.max.replace(tzinfo=UTC)
        self.says = lambda found: found

    def fetch(self, pair, since, limit):
        self.asked.append(since)
        times = self.candles_now["open_time"]
        found = self.candles_now[(times >= since) & (times <= self.now)].head(limit)
        found = self.says(found.reset_index(drop=True))
        body = json.dumps([[str(at), *values] for at, *values in found.itertuples(index=False)]).encode()
        return Fetched(found, (Payload("binance", "klines", pair.key, "https://venue/klines", body),))

    def candles(self, pair, since, limit):
        return self.fetch(pair, since, limit).candles


def feed_of(candles) -> Any:
    """A feed over frames and empty tables; its parts are the doubles above."""
    dynamo = Dynamo(MemoryDynamo())  # type: ignore[arg-type]  # a drop-in
    store, revisions = DynamoCandles(NAMES, dynamo), DynamoRevisions(NAMES, dynamo)
    market: Any = Venue(candles)
    return Feed(market, store, Strategy(), History(Files(), revisions))


def another_process(feed) -> Any:
    """The same tables seen by a process that remembers nothing."""
    return SimpleNamespace(store=DynamoCandles(NAMES, feed.store._dynamo), revisions=feed.history.revisions)
