"""As much of a desk as the watchdog reads, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from adapters.dynamodb import DynamoWatch, open_tables
from adapters.dynamodb.client import Dynamo
from tests.simulation.tables import MemoryDynamo
from trading.errors import Transient
from trading.limits import KillSwitch
from trading.order import Side, Status
from trading.ports import Notice
from trading.services.watchdog import Post
from trading.tables import Names

NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@dataclass
class Held:
    """As much of a position as the watchdog reads."""

    opened_at: datetime
    pair: str = "btc_usdt"


@dataclass
class Yard:
    """Books of one position, the watchdog's own table in memory, and people who are told."""

    positions: list[Any] = field(default_factory=list)
    pending: list[Any] = field(default_factory=list)
    letters: int = 0
    notices: list[Notice] = field(default_factory=list)
    deaf: bool = False
    counted: dict[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.dynamo = MemoryDynamo()
        self.watch = DynamoWatch(Names("yard"), Dynamo(self.dynamo), lambda: NOW)  # type: ignore[arg-type]
        self.books = open_tables(Names("yard"), _Aws(self.dynamo), lambda: NOW).ledger  # type: ignore[arg-type]

    def open_positions(self) -> list[Any]:
        return self.positions

    def pending_trades(self) -> list[Any]:
        return self.pending

    def kill_switch(self) -> KillSwitch:
        return self.books.kill_switch()

    def dead(self) -> int:
        if self.letters < 0:
            raise Transient("the queue does not answer")
        return self.letters

    def tell(self, notices: Any) -> int:
        if self.deaf:
            return len(list(notices))
        self.notices += notices
        return 0

    def count(self, name: str, value: float, *_: Any) -> bool:
        self.counted[name] = value
        return True

    def post(self, *, stops: bool = False) -> Post:
        return Post(self, self.watch, self, self, self, stops)  # type: ignore[arg-type]

    def kinds(self) -> list[str]:
        return [notice.kind for notice in self.notices]


@dataclass
class _Aws:
    dynamodb: Any


def order(trade_id: str, status: Status, age_minutes: int, side: Side = Side.SELL) -> Of:
    """An order booked so many minutes ago."""
    return Of(status=status, intent=Of(trade_id, NOW - age_minutes * MINUTE, side=side))


@dataclass
class Of:
    """As much of a trade and its intent as the watchdog reads."""

    trade_id: str = ""
    created_at: datetime = NOW
    status: Any = None
    intent: Any = None
    side: Side = Side.BUY
