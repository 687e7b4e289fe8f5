"""``python -m benchmarks scale [PAIRS]``: one cycle of a large universe, a task run for every pair against lots.

A cycle is what the schedule does every five minutes: collect every pair, check it, judge it, decide, book. The market
is generated; servers, tables and flows are the demo's. Seconds of CPU stand beside wall seconds: on a busy machine they
alone can be compared.
"""

from __future__ import annotations

import json
import os
import resource
import sqlite3
import string
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice, product
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

from rich.console import Console
from rich.table import Table

from deployments.demo import AFTER_CLOSE, DESK, DemoOptions, Played, prepared
from deployments.embedded import MarketOptions
from deployments.prefect_runs import flush, without_heartbeats
from trading.candles import INTERVAL, floor_time
from trading.pairs import DEFAULT_PAIRS

if TYPE_CHECKING:
    from deployments.embedded import World

PAIRS = 400
CUTS = {"lots of 25": 24, "lots of 25 again": 24, "each alone": 10_000}
"""How a cycle is cut, by how many pairs may have a task run each."""
CYCLES_A_DAY = timedelta(days=1) / INTERVAL
SETTLE_LIMIT_S = 300
TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Cost:
    """What was spent up to a moment; two of them make the cost of what lies between."""

    wall_s: float
    cpu_s: float
    server_cpu_s: float
    task_runs: int
    megabytes: float

    def since(self, before: Cost) -> Cost:
        """The difference."""
        return Cost(*(getattr(self, name) - getattr(before, name) for name in self.__slots__))


def universe(count: int) -> str:
    """``TRADING_PAIRS_CONFIG`` with so many pairs: the six of the design, and made-up coins."""
    coins = (f"q{''.join(letters)}" for letters in product(string.ascii_lowercase, repeat=3))
    made = {
        f"{coin}_usdt": {
            "binance": f"{coin.upper()}USDT",
            "coincheck": f"{coin}_jpy",
            "news": coin.upper(),
            "name": coin,
        }
        for coin in coins
    }
    return json.dumps(dict(islice((DEFAULT_PAIRS | made).items(), count)))


def spent(world: World) -> Cost:
    """What this process and the Prefect server have spent so far."""
    home = world.state / "prefect"
    with sqlite3.connect(f"file:{home}/prefect.db?mode=ro", uri=True) as database:
        (runs,) = database.execute("select count(*) from task_run").fetchone()
    size = sum(one.stat().st_size for one in home.glob("prefect.db*"))
    return Cost(time.perf_counter(), time.process_time(), _server_cpu_s(), runs, size / 1e6)


def _server_cpu_s() -> float:
    for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
        if b"prefect" in Path(f"/proc/{pid}/cmdline").read_bytes():
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / TICKS_PER_S
    return 0.0


def settled(world: World) -> Cost:
    """What was spent once the server has written down all that it was told."""
    flush(SETTLE_LIMIT_S)
    deadline, before, now = time.monotonic() + SETTLE_LIMIT_S, -1, spent(world)
    while now.task_runs != before and time.monotonic() < deadline:
        before = now.task_runs
        time.sleep(5)
        now = spent(world)
    return now


def cycle(world: World, at: datetime) -> tuple[Cost, Cost]:
    """One cycle: its cost until the flow returned, and until the server was done with it."""
    from flows.analyze import analyze
    from flows.collect_prices import collect_prices

    world.step_to(at)
    before = spent(world)
    if collect_prices(desk=DESK, at=at).analysis is None:
        analyze(desk=DESK, at=at, with_orders=True, trigger="benchmark")
    returned = spent(world)
    return returned.since(before), settled(world).since(before)


def figures_of(returned: Cost, done: Cost) -> dict[str, float]:
    """The figures of one cycle. Time is told as the flow took it, the rest once the server was done."""
    return {
        "wall_s": returned.wall_s,
        "cpu_s": returned.cpu_s,
        "server_cpu_s": done.server_cpu_s,
        "task_runs": done.task_runs,
        "mb": done.megabytes,
        "mb_a_day": done.megabytes * CYCLES_A_DAY,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "load": os.getloadavg()[0],
    }


def main(count: int = PAIRS) -> None:
    """Measure and print: a table for people, a JSON line for each cut for notes."""
    os.environ["TRADING_PAIRS_CONFIG"] = universe(count)
    os.environ.setdefault("TRADER_QUALITY", "light")
    market = MarketOptions(candles=None, start=None, seed=1, jpy=100_000)
    table = Table("cut", title=f"one cycle of {count} pairs")
    with (
        tempfile.TemporaryDirectory() as folder,
        prepared(DemoOptions(market, 1, Path(folder)), Played()) as (world, _),
        without_heartbeats(),
    ):
        from flows import lots

        at = floor_time(world.now()) + AFTER_CLOSE
        for cut, single in CUTS.items():
            at += INTERVAL
            with patch.object(lots, "SINGLE", single):
                figures = figures_of(*cycle(world, at))
            for name in figures if len(table.columns) == 1 else ():
                table.add_column(name)
            table.add_row(cut, *(f"{figure:,.1f}" for figure in figures.values()))
            told = {name: round(figure, 1) for name, figure in figures.items()}
            print(json.dumps({"pairs": count, "cut": cut, **told}), flush=True)
    Console().print(table)
