"""The demo: a market replayed through the real flows, cycle by cycle, and what came of it counted from the books."""

from __future__ import annotations

import shlex
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from deployments.embedded import MarketOptions, World, embedded_world
from deployments.prefect_runs import flush, without_heartbeats
from deployments.screen_views import Summary
from trading.candles import INTERVAL, floor_time
from trading.errors import TradingError

if TYPE_CHECKING:
    from blocks.desk import Desk
    from flows.collect_prices import Collection
    from trading.order import Trade

DESK: Final = "embedded"
AFTER_CLOSE = timedelta(seconds=10)
"""A cycle runs this long after a candle closed, as the schedule does."""

MOOD_EVERY = 6
"""Cycles from one reading of the news and of the market's mood to the next: half an hour, as the schedule has it."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to play: how many 5-minute cycles of which market, where what is kept goes, and whether to stay."""

    market: MarketOptions
    cycles: int
    state: Path
    hold: bool = False


@dataclass(slots=True)
class Played:
    """What happened while playing, beyond what the books keep."""

    cycles: int = 0
    candles_stored: int = 0
    began_at: datetime | None = None
    failures: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Cycle:
    """One cycle as it is shown: when, which of how many, what was collected and traded, what failed."""

    number: int
    total: int
    at: datetime
    collection: Collection | None
    trades: tuple[Trade, ...]
    failures: tuple[str, ...]


@contextmanager
def prepared(options: DemoOptions, played: Played) -> Iterator[tuple[World, Desk]]:
    """The embedded world with its tables made and its candles backfilled, and the desk open in it."""
    from blocks.desk import open_desk

    with embedded_world(options.state, options.market, lambda: furnish(played)) as world:
        try:
            yield world, open_desk(DESK)
        finally:
            flush()


def furnish(played: Played) -> None:
    """Make the tables, fetch the candles that an analysis looks back on, and load what is slow to load."""
    from blocks.desk import open_desk
    from blocks.provisioning import provision_desk
    from trading.services.collect import collect

    provision_desk(DESK)
    desk = open_desk(DESK)
    at = desk.clock.now()
    for pair in desk.pairs:
        played.candles_stored += collect(pair, at, desk.market, desk.candles, desk.strategy, desk.history).stored
    import_module("flows.collect_prices")


def play(world: World, options: DemoOptions, played: Played) -> Iterator[Cycle]:
    """Play the cycles one by one; each is yielded when it is done, so that it can be shown."""
    played.began_at = world.now()
    first = floor_time(played.began_at) + INTERVAL + AFTER_CLOSE
    with without_heartbeats():
        for number in range(options.cycles):
            at = first + number * INTERVAL
            world.step_to(at)
            cycle = _cycle(number + 1, options.cycles, at)
            played.cycles += 1
            played.failures += cycle.failures
            if cycle.collection:
                played.candles_stored += sum(cycle.collection.stored.values())
            yield cycle


def _cycle(number: int, total: int, at: datetime) -> Cycle:
    from flows.collect_context import collect_context
    from flows.collect_news import collect_news
    from flows.collect_prices import collect_prices
    from flows.execute_orders import execute_orders
    from flows.monitor_positions import monitor_positions
    from flows.reconcile import reconcile

    failures: list[str] = []
    trades: list[Trade] = []
    if (number - 1) % MOOD_EVERY == 0:
        _attempt(collect_news, failures, at=at)
        _attempt(collect_context, failures, at=at)
    collection = _attempt(collect_prices, failures, at=at)
    if collection and collection.analysis and collection.analysis.trade_ids:
        trades += _attempt(execute_orders, failures) or []
    watched = _attempt(monitor_positions, failures, at=at) or []
    if any(look.exit for look in watched):
        trades += _attempt(execute_orders, failures) or []
    _attempt(reconcile, failures, at=at)
    return Cycle(number, total, at, collection, tuple(trades), tuple(failures))


def _attempt(flow: Any, failures: list[str], **given: Any) -> Any:
    """Run a flow; a failed run is visible in Prefect, told here, and the schedule goes on."""
    try:
        return flow(desk=DESK, **given)
    except TradingError as error:
        failures.append(f"{flow.name}: {error}")
        return None


def summarise(desk: Desk, world: World, options: DemoOptions, played: Played, began: float) -> Summary:
    """Run the daily report and count everything from it: the same figures as in the tables."""
    from flows.report_daily import BUCKET, report_daily
    from trading.report import DayReport, headline

    running = f"{world.env['PREFECT_API_URL'].removesuffix('/api')}/runs"
    later = f"{shlex.quote(str(Path(sys.executable).with_name('trader')))} ui --state {shlex.quote(str(world.state))}"
    where = {"Runs, tasks and retries": later, "State": str(world.state)}
    world.step_to(world.now() + timedelta(minutes=1))
    with without_heartbeats():
        key = report_daily(DESK, at=world.now(), since=played.began_at, where=where)
    page = world.state / "report.html"
    page.write_bytes(desk.archive.get(BUCKET, f"{key}.html"))
    report = DayReport.from_json(desk.archive.get(BUCKET, f"{key}.json"))
    return Summary(
        cycles=played.cycles,
        pairs=len(desk.pairs),
        candles_stored=played.candles_stored,
        analyses=report.analyses,
        decisions=dict(report.decisions),
        orders=orders_of(report.orders_by_status),
        positions={"opened": report.opened, "closed": report.closed, "open": report.open_at_end},
        pnl_jpy=report.money.realized_pnl_jpy + report.money.unrealized_pnl_jpy,
        report=str(page),
        prefect_ui=running if options.hold else later,
        seconds=time.monotonic() - began,
        state=str(world.state),
        headline=" ".join(headline(report)),
        notes=tuple(played.failures),
    )


def orders_of(by_status: Mapping[str, int]) -> dict[str, int]:
    """Orders as counted: ``sent`` reached the venue or may have; ``refused`` were stopped by our own checks."""
    counts = Counter(by_status)
    sent = sum(counts[name] for name in ("SENT", "ACCEPTED", "FILLED", "REJECTED", "UNKNOWN", "HALTED"))
    named = {name.lower(): counts[name] for name in ("FILLED", "REJECTED", "REFUSED", "UNKNOWN")}
    return {"sent": sent, **named}
