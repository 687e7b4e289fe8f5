"""``python -m tests.services.kept_shown``: a backfill killed three times, then archive, delete, restore, by hashes.

Everything but Prefect is real: the stand-in for AWS, the simulated venue over HTTP, and a process of its own for the
backfill, ended with SIGKILL in the middle of its work.
"""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from datetime import datetime
from typing import Any

from adapters.aws import Aws, open_aws
from adapters.binance import BinanceMarketData
from adapters.cold.candles import ParquetCandles
from adapters.dynamodb import DynamoCandles, open_tables
from adapters.dynamodb.dump import DynamoItems
from adapters.provision import provision
from adapters.s3 import S3Archive
from tests.contract.backends import stand_in
from tests.contract.worlds import open_world
from trading import candles as frames
from trading.lineage.inputs import range_of
from trading.pairs import Pair, parse_pairs
from trading.services.archive import ARCHIVED, DAY, archive_table
from trading.services.backfill import Tiers, backfill, span
from trading.services.backup import reading
from trading.services.cold_days import archive_candles, candles_of
from trading.services.lines import digest
from trading.services.restore import restore_days
from trading.tables import PRICES, Names

PAIRS = parse_pairs(None)[:1]
DAYS, GONE_DAYS = 16, 1
KILLED_AFTER_STEPS = (1, 2, 4)


def say(text: str) -> None:
    """One line, at once."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def tiers(url: str, aws: Aws, names: Names) -> Tiers:
    """The real adapters."""
    items, archive, market = DynamoItems(names, aws.dynamodb), S3Archive(names, aws), BinanceMarketData(url)
    candles: DynamoCandles = open_tables(names, aws).candles
    return Tiers(market, candles, items, ParquetCandles(archive), archive, market.server_time())


def child(endpoint: str, url: str, prefix: str) -> None:
    """The process that is killed: says each step it has done."""
    os.environ["AWS_ENDPOINT_URL"] = endpoint
    aws = open_aws()
    all_of_it = tiers(url, aws, aws.complete(Names(prefix)))
    since, until = span(all_of_it.at, DAYS, 0)
    for pair in PAIRS:
        done = backfill(pair, since, until, all_of_it, lambda share: say(f"step {share:.2f}"))
        say(f"{pair.key}: {done.had} there, {done.fetched} fetched, {done.absent} absent, {done.calls} pages")


def killed(command: list[str], steps: int) -> None:
    """Run it, and kill it a moment after so many steps."""
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(steps):
            process.stdout.readline()
        time.sleep(random.uniform(0.05, 0.4))
        process.kill()
        process.wait()
    say(f"SIGKILL after step {steps}: exit {process.returncode}")


def stored(pair: Pair, of: Tiers, since: datetime) -> Any:
    """Both tiers' candles of a pair, one after the other, and how often a slot is there twice."""
    cold: Any = [of.cold.get(pair, day) for day in of.cold.days(pair)]
    rows = list(of.items.between(PRICES, pair.key, 0, 10**12))
    found = frames.pd.concat([*(day[list(frames.COLUMNS)] for day in cold), candles_of(rows)[list(frames.COLUMNS)]])
    return found[found["open_time"] >= since].reset_index(drop=True)


def complete(of: Tiers) -> None:
    """Compare what is stored with what the venue says."""
    since, until = span(of.at, DAYS, 0)
    for pair in PAIRS:
        found, truth = stored(pair, of, since), of.market.candles(pair, since, (until - since) // frames.INTERVAL)
        same = range_of("", found).sha256 == range_of("", truth).sha256
        twice = int(found["open_time"].duplicated().sum())
        say(f"{pair.key}: {len(found)} stored, {len(truth)} at the venue, {twice} twice, equal: {same}")


def kept(of: Tiers, aws: Aws, names: Names) -> None:
    """Archive, delete, restore; the hash of each table before and after."""
    for table in ARCHIVED:
        archive_table(table, of.at, of.items, of.archive)
    for pair in PAIRS:
        archive_candles(pair, of.at, of.items, of.cold)
    before, today = reading(of.items, ARCHIVED), int(of.at.timestamp()) // 86_400 * 86_400
    for row in list(of.items.all(PRICES)):
        if today - GONE_DAYS * 86_400 <= int(row["timestamp"]["N"]) < today:  # today is not archived yet
            key = {name: row[name] for name in ("pair", "timestamp")}
            aws.dynamodb.delete_item(TableName=names.table(PRICES), Key=key)
    between = reading(of.items, ARCHIVED)
    restored = restore_days((of.at - GONE_DAYS * DAY).date(), of.at.date(), of.at, of.items, of.archive)
    after = reading(of.items, ARCHIVED)
    for when, found in (("before", before), ("deleted", between), ("restored", after)):
        say(f"prices {when:9} {len(found[PRICES.name]):6} rows  {digest(found[PRICES.name])[:32]}")
    say(f"{len(restored)} days, all identical: {all(one.identical for one in restored) and after == before}")


def main() -> None:
    """Show it."""
    if len(sys.argv) > 1:
        child(*sys.argv[1:])
        return
    with stand_in() as aws, open_world(history=DAYS * 288 + 600, pairs=PAIRS) as world:
        names = aws.complete(Names("shown"))
        provision(names, aws, queues=())
        url = f"{world.url}/binance"
        command = [sys.executable, "-m", "tests.services.kept_shown", aws.endpoint, url, "shown"]
        for steps in KILLED_AFTER_STEPS:
            killed(command, steps)
        subprocess.run(command, check=True)
        of = tiers(url, aws, names)
        complete(of)
        kept(of, aws, names)


if __name__ == "__main__":
    main()
