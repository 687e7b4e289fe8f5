"""The demo: a market replayed through the real flows, cycle by cycle, and what came of it counted from the books."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from deployments.embedded import MarketOptions, World, embedded_world
from trading.candles import INTERVAL, floor_time
from trading.errors import TradingError

if TYPE_CHECKING:
    from blocks.desk import Desk
    from flows.collect_prices import Collection
    from trading.order import Trade

DESK = "embedded"
AFTER_CLOSE = timedelta(seconds=10)
"""A cycle runs this long after a candle closed, as the schedule does."""


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """What to play: how many 5-minute cycles of which market, and where to keep what is worth keeping."""

    market: MarketOptions
    cycles: int
    state: Path


@dataclass(slots=True)
class Played:
    """What happened while playing, beyond what the books keep."""

    cycles: int = 0
    candles_stored: int = 0
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
def prepared(options: DemoOptions) -> Iterator[tuple[World, Desk]]:
    """The embedded world with its tables made, and the desk open in it."""
    with embedded_world(options.state, options.market) as world:
        from blocks.desk import open_desk
        from blocks.provisioning import provision_desk

        provision_desk(DESK)
        yield world, open_desk(DESK)


@contextmanager
def without_heartbeats() -> Iterator[None]:
    """Prefect's flow heartbeat rounds every run up to a full second; runs that last less need none."""
    from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings

    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        yield


def play(world: World, options: DemoOptions, played: Played) -> Iterator[Cycle]:
    """Play the cycles one by one; each is yielded when it is done, so that it can be shown."""
    first = floor_time(world.now()) + INTERVAL + AFTER_CLOSE
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
    from flows.collect_prices import collect_prices
    from flows.execute_orders import execute_orders
    from flows.monitor_positions import monitor_positions

    failures: list[str] = []
    trades: list[Trade] = []
    collection = _attempt(collect_prices, failures, at=at)
    if collection and collection.analysis and collection.analysis.trade_ids:
        trades += _attempt(execute_orders, failures) or []
    watched = _attempt(monitor_positions, failures, at=at) or []
    if any(look.exit for look in watched):
        trades += _attempt(execute_orders, failures) or []
    return Cycle(number, total, at, collection, tuple(trades), tuple(failures))


def _attempt(flow: Any, failures: list[str], **given: Any) -> Any:  # noqa: ANN401 (a Prefect flow and its result)
    """Run a flow; a failed run is visible in Prefect, told here, and the schedule goes on."""
    try:
        return flow(desk=DESK, **given)
    except TradingError as error:
        failures.append(f"{flow.name}: {error}")
        return None


def summarise(desk: Desk, world: World, options: DemoOptions, played: Played, began: float) -> dict[str, Any]:
    """Run the daily report and count everything from it: the same figures as in the tables."""
    from flows.report_daily import BUCKET, report_daily
    from trading.report import DayReport

    ui = f"PREFECT_HOME={world.env['PREFECT_HOME']} .venv/bin/prefect server start --port 4200"
    where = {"Runs, tasks and retries": f"{ui}  # then open http://127.0.0.1:4200/runs", "State": str(world.state)}
    hours = -(-options.cycles * INTERVAL // timedelta(hours=1))
    with without_heartbeats():
        key = report_daily(desk=DESK, hours=max(1, hours), where=where)
    page = world.state / "report.html"
    page.write_bytes(desk.archive.get(BUCKET, f"{key}.html"))
    report = DayReport.from_json(desk.archive.get(BUCKET, f"{key}.json"))
    status = report.orders_by_status
    sent = [order for order in report.orders if order.status.value in {"FILLED", "REJECTED", "UNKNOWN", "ACCEPTED", "SENT"}]
    return {
        "cycles": played.cycles,
        "pairs": len(desk.pairs),
        "candles_stored": played.candles_stored,
        "analyses": report.analyses,
        "decisions": dict(report.decisions),
        "orders": {
            "sent": len(sent),
            "filled": status.get("FILLED", 0),
            "rejected": status.get("REJECTED", 0),
            "refused": status.get("REFUSED", 0),
            "unknown": status.get("UNKNOWN", 0),
        },
        "positions": {"opened": report.opened, "closed": report.closed, "open": report.open_at_end},
        "pnl_jpy": str(report.money.realized_pnl_jpy + report.money.unrealized_pnl_jpy),
        "realized_pnl_jpy": str(report.money.realized_pnl_jpy),
        "failures": played.failures,
        "report": str(page),
        "prefect_ui": ui,
        "state": str(world.state),
        "seconds": round(time.monotonic() - began, 1),
    }
