"""One cycle's reads while a tier fails: who answered, what was asked, what was slower, whether anything was wrong.

``python -m tests.contract.tiers_shown`` prints the table; the tests hold the same facts.
"""

from __future__ import annotations

import logging
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path

from adapters.hot.server import PAUSE_S
from tests.contract.redis_server import PROGRAM, WHY_NOT, RedisServer
from tests.contract.tiering import BTC, START, STEP, World, candles_of
from trading import candles as frames
from trading.errors import TradingError

COUNT = 336
DAYS = 20
MARKET = candles_of(DAYS * 288)
ASKED = ("redis", "get_item", "query", "S3", "exchange")


def main() -> None:
    """Print the table."""
    logging.disable()
    if PROGRAM is None:
        raise SystemExit(WHY_NOT)
    with tempfile.TemporaryDirectory() as folder:
        redis = RedisServer(PROGRAM, Path(folder))
        redis.start()
        try:
            rows = [("situation", "tier", *ASKED, "ms", "right", "slower"), *_situations(World(redis), redis)]
        finally:
            redis.kill()
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    for row in rows:
        sys.stdout.write("  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() + "\n")


def _situations(world, redis):
    world.now = START + timedelta(days=DAYS - 1)
    world.exchange.knows(frames.closed(MARKET, world.now))
    for number in range(6):
        day = START + timedelta(days=number)
        world.cold.put(BTC, day.date(), MARKET[number * 288 : (number + 1) * 288].reset_index(drop=True))
    world.process().put(BTC, frames.closed(MARKET, world.now))
    world.forget(at for at in world.stored() if at < world.now - timedelta(days=14))
    store = world.process("two")
    yield _read(world, store, "all is well, now")
    yield _read(world, store, "all is well, 15 days ago", back=15 * 288)
    world.refuses.add("warm")
    yield _read(world, store, "DynamoDB throttled")
    world.refuses.clear()
    redis.kill()
    yield _read(world, store, "Redis killed: the first read after it")
    yield _read(world, store, "Redis killed: the next reads")
    world.refuses.add("warm")
    yield _read(world, store, "Redis killed, DynamoDB throttled")
    world.exchange.refuses = True
    yield _read(world, store, "Redis, DynamoDB and the exchange fail")
    world.refuses.clear()
    world.exchange.refuses = False
    world.archive.refuses = True
    yield _read(world, store, "S3 refuses, now")
    yield _read(world, store, "S3 refuses, 15 days ago", back=15 * 288)
    world.archive.refuses = False
    redis.start()
    world.monotonic_s += PAUSE_S
    yield _read(world, store, "Redis is back, for less than 15 minutes")
    world.settle()
    yield _read(world, store, "Redis is back, empty")
    yield _read(world, store, "Redis is back: the next reads")


def _read(world, store, situation, back=0):
    world.calls.clear()
    world.archive.calls.clear()
    world.exchange.calls.clear()
    at, begun_s = world.now - back * STEP, time.perf_counter()
    try:
        answer = store.read(BTC, at, COUNT)
    except TradingError as error:
        tier, right, slower = "none", "no answer", str(error)
    else:
        wrong = not answer.candles.equals(frames.window(MARKET, at, COUNT))
        tier, right, slower = answer.tier, "WRONG" if wrong else "yes", "; ".join(answer.slower)
    took_ms = (time.perf_counter() - begun_s) * 1000
    asked = {**world.calls, "S3": world.archive.calls.total(), "exchange": world.exchange.calls.total()}
    counts = [str(asked.get(name, 0)) for name in ASKED]
    return (situation, tier, *counts, f"{took_ms:.0f}", right, slower[:110])


if __name__ == "__main__":
    main()
