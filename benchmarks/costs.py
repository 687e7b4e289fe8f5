"""What a cycle reads and writes in AWS, and what a month of that costs.

The real flows play two hours on the embedded world; what they ask of AWS is counted in AWS's own units and multiplied
by how often the schedule runs each flow. Prices: AWS price list, ap-northeast-1, 2026-07 to 2026-09, on demand, without
any free tier.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.metering import Meter, metered
from deployments.demo import AFTER_CLOSE, DESK, DemoOptions, Played, prepared
from deployments.embedded import MarketOptions
from deployments.prefect_runs import without_heartbeats
from trading.candles import INTERVAL, floor_time

CYCLES = 24
MONTH = {"collect_prices": 8640, "monitor_positions": 8640, "reconcile": 8640, "collect_news": 1440,
         "collect_context": 1440, "report_daily": 30, "archive": 30, "backup": 30}  # fmt: skip
"""Runs in 30 days by the schedule. Analyses run inside collect_prices, as often as this market made them due."""
USD = {"write_units": 0.715e-6, "read_units": 0.1425e-6, "s3_writes": 4.7e-6, "s3_reads": 0.37e-6, "sqs": 0.4e-6,
       "other": 10e-6}  # fmt: skip
UNITS = tuple(USD)


class Bill:
    """Units by flow, and how often each ran."""

    def __init__(self, meter: Meter) -> None:
        self._meter = meter
        self.spent: dict[str, Counter[str]] = {}
        self.runs: Counter[str] = Counter()

    def run(self, flow: Any, **given: Any) -> Any:
        """Run a flow once, on its own account."""
        self._meter.take()
        answer = flow(desk=DESK, **given)
        self.spent.setdefault(flow.name, Counter()).update(self._meter.take())
        self.runs[flow.name] += 1
        return answer


def played(meter: Meter, world: Any) -> Bill:
    """The cycles, and each nightly flow once."""
    from flows.archive import archive
    from flows.backup import backup
    from flows.collect_context import collect_context
    from flows.collect_news import collect_news
    from flows.collect_prices import collect_prices
    from flows.execute_orders import execute_orders
    from flows.monitor_positions import monitor_positions
    from flows.reconcile import reconcile
    from flows.report_daily import report_daily

    bill = Bill(meter)
    run = bill.run
    first = floor_time(world.now()) + INTERVAL + AFTER_CLOSE
    for number in range(CYCLES):
        at = first + number * INTERVAL
        world.step_to(at)
        if number % 6 == 0:
            run(collect_news, at=at)
            run(collect_context, at=at)
        found = run(collect_prices, at=at)
        bill.runs["analyses"] += found.analysis is not None
        if found.analysis and found.analysis.trade_ids:
            run(execute_orders)
        if any(look.exit for look in run(monitor_positions, at=at)):
            run(execute_orders)
        run(reconcile, at=at)
    for once in (report_daily, archive, backup):
        run(once)
    return bill


def month_of(spent: Mapping[str, Counter[str]], runs: Mapping[str, int]) -> dict[str, dict[str, float]]:
    """Units and US dollars a month by flow; execute_orders as often for each collection as it was here."""
    rates = {**MONTH, "execute_orders": MONTH["collect_prices"] * runs["execute_orders"] / CYCLES}
    found = {}
    for name, units in spent.items():
        month = {unit: units[unit] / runs[name] * rates[name] for unit in UNITS}
        found[name] = {**month, "usd": sum(month[unit] * USD[unit] for unit in UNITS)}
    return found


def main() -> None:
    """Measure and print: a table for people, one JSON line for notes."""
    market = MarketOptions(candles=None, start=None, seed=20, jpy=100_000)
    with (
        metered() as meter,
        tempfile.TemporaryDirectory() as folder,
        prepared(DemoOptions(market, CYCLES, Path(folder)), Played()) as (world, _),
        without_heartbeats(),
    ):
        bill = played(meter, world)
    spent, runs = bill.spent, bill.runs
    months = month_of(spent, runs)
    title = f"AWS units a run, and a month of it ({runs['analyses']} analyses in {CYCLES} cycles)"
    table = Table("flow", "runs a month", *(unit.replace("_", " ") for unit in UNITS), "USD a month", title=title)
    for name, month in months.items():
        runs_a_month = MONTH.get(name, MONTH["collect_prices"] * runs["execute_orders"] / CYCLES)
        each = [f"{spent[name][unit] / runs[name]:.1f}" for unit in UNITS]
        table.add_row(name, f"{runs_a_month:.0f}", *each, f"{month['usd']:.2f}")
    total = sum(month["usd"] for month in months.values())
    table.add_row("all", "", *("" for _ in UNITS), f"{total:.2f}")
    Console(width=140).print(table)
    print(json.dumps({"usd_a_month": round(total, 2), "analyses": runs["analyses"], "cycles": CYCLES}))
