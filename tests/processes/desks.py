"""A desk made of a room's parts, the real flows on it, and what it looks like from outside.

Flows run without Prefect's engine (tests/simulation/engineless.py): what is shown here are the books and the venue.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import MISSING, dataclass, field, fields
from datetime import UTC, timedelta
from typing import Any

from adapters.aws import open_aws
from adapters.dynamodb import open_tables
from adapters.sqs import SqsOrderQueue
from blocks.desk import Desk
from flows.execute_orders import execute_orders
from flows.outcomes import StepsFailedError
from tests.services.conftest import PAIRS, Room
from tests.simulation.engineless import without_engine
from trading.order import Trade
from trading.ports import Notice
from trading.tables import Queue


@dataclass
class Told:
    """Alerts that are kept."""

    notices: list[Notice] = field(default_factory=list)

    def tell(self, notices: Iterable[Notice]) -> int:
        self.notices += notices
        return 0


def desk_of(room: Room, queue: SqsOrderQueue) -> Desk:
    """A desk as a process that has just started opens it: its own clients, the same tables and the same venue."""
    held: dict[str, Any] = dict.fromkeys(one.name for one in fields(Desk) if one.default is MISSING)
    held |= {
        "name": "embedded", "pairs": tuple(PAIRS.values()), "strategy": room.strategy, "clock": room,
        "market": room.market, "exchange": room.exchange, "candles": room.candles,
        "ledger": open_tables(room.names, open_aws()).ledger, "queue": queue, "alerts": Told(), "moods": (),
    }  # fmt: skip
    return Desk(**held)


def queue_of(room: Room, like: Queue) -> SqsOrderQueue:
    return SqsOrderQueue(room.names, room.aws, queue=like)


@contextmanager
def flows_on(desk: Desk) -> Iterator[None]:
    """The real flows and tasks, as plain calls, on this desk; a retry does not wait."""
    with without_engine(lambda: desk, lambda _pause_s: None):
        yield


def executed(desk: Desk) -> list[str]:
    """One run of ``execute_orders``; what failed in it, in words."""
    with flows_on(desk):
        try:
            execute_orders(desk="embedded")
        except StepsFailedError as failed:
            return str(failed).split("; ")
    return []


def trades_of(room: Room) -> dict[str, Trade]:
    """Every trade of yesterday, today and tomorrow, as the venue's clock has it."""
    days = {(room.now() + timedelta(days=number)).astimezone(UTC).date() for number in (-1, 0, 1)}
    return {one.intent.trade_id: one for day in days for one in room.ledger.trades_of(day)}


def outside(room: Room) -> dict[str, Any]:
    """Everything that a message may change: the venue's orders and balances, our trades and positions."""
    venue = room.world.ledger()
    since = room.now() - timedelta(days=7)
    return {
        "orders": venue["orders"],
        "balances": venue["balances"],
        "trades": trades_of(room),
        "open": {one.position_id: one for one in room.ledger.open_positions()},
        "closed": {one.position_id: one for one in room.ledger.closed_positions(since)},
        "pending": {one.intent.trade_id for one in room.ledger.pending_trades()},
        "totals": room.ledger.totals(),
    }
