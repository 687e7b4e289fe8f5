"""The reading half of the ledger: AP1-AP5 and what the flows ask besides.

The items themselves are always read consistently. A list that only an index can give comes from the index as keys and
is then read from the table, so what it says is current; only its length can lag, by the index's delay.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.items import (
    CLOSED_POSITIONS,
    LIVE,
    OPEN_POSITIONS,
    PENDING_TRADES,
    position_from,
    trade_from,
    trade_key,
)
from adapters.dynamodb.wire import Item, Plain, epoch, to_analysis
from trading.order import TERMINAL, Trade
from trading.position import Position, PositionStatus
from trading.tables import ANALYSIS_STATE, GSI1, GSI3, GSI4, GSI5, ORDER_STATE, SIGNALS, Index, Names

METADATA = "METADATA"
"""Sort key of every trade; by it a day's trades are told from its positions."""


class LedgerReads:
    """What the books say. Every list is read to its end; each method may raise Transient or Halt."""

    def __init__(self, names: Names, dynamo: Dynamo, now: Callable[[], datetime]) -> None:
        self._names, self._dynamo, self._now = names, dynamo, now
        self._orders = names.table(ORDER_STATE)
        self._signals = names.table(SIGNALS)
        self._states = names.table(ANALYSIS_STATE)

    def trade(self, trade_id: str) -> Trade | None:
        """One trade, consistently read; None when it was never booked."""
        item = self._dynamo.get(self._orders, trade_key(trade_id))
        return None if item is None else trade_from(item)

    def position(self, position_id: str) -> Position | None:
        """AP1: one position by its id, consistently read."""
        found = self._dynamo.query(self._orders, "#pk = :pk", {"pk": f"POSITION#{position_id}"})
        return next(map(position_from, found), None)

    def open_positions(self) -> list[Position]:
        """Everything OPEN or CLOSING, through the sparse index, oldest first."""
        found = self._positions(self._indexed(GSI3, "#gs3pk = :pk", {"pk": OPEN_POSITIONS}))
        return [position for position in found if position.status in LIVE]

    def positions_of(self, pair: str) -> list[Position]:
        """AP2: the OPEN and CLOSING positions of a pair, consistently read, oldest first."""
        items: list[Item] = []
        for status in LIVE:
            under = {"pk": f"SYMBOL#{pair}", "sk": f"POSITION#{status}#"}
            items += self._dynamo.query(self._orders, "#pk = :pk AND begins_with(#sk, :sk)", under)
        return _by_age(map(position_from, items))

    def closed_positions(self, since: datetime) -> list[Position]:
        """Closed positions opened since a time, oldest first."""
        values: Item = {"pk": CLOSED_POSITIONS, "sk": f"TIMESTAMP#{epoch(since)}"}
        found = self._positions(self._indexed(GSI3, "#gs3pk = :pk AND #gs3sk >= :sk", values))
        return [position for position in found if position.opened_at >= since]

    def positions_of_strategy(self, strategy_id: str, status: PositionStatus) -> list[Position]:
        """AP4: the positions of a strategy by status, oldest first."""
        values: Item = {"pk": f"STRATEGY#{strategy_id}", "sk": f"STATUS#{status}#"}
        found = self._positions(self._indexed(GSI1, "#gs1pk = :pk AND begins_with(#gs1sk, :sk)", values))
        return [position for position in found if position.status is status]

    def positions_on(self, day: date) -> list[Position]:
        """AP5: the positions opened on a UTC day, oldest first."""
        return self._positions(key for key in self._of_day(day) if key["sk"] != METADATA)

    def trades_of(self, day: date) -> list[Trade]:
        """AP5: the trades created on a UTC day, oldest first."""
        return self._trades(key for key in self._of_day(day) if key["sk"] == METADATA)

    def pending_trades(self) -> list[Trade]:
        """Every trade in no terminal state, through the sparse index, oldest first."""
        found = self._trades(self._indexed(GSI3, "#gs3pk = :pk", {"pk": PENDING_TRADES}))
        return [trade for trade in found if trade.status not in TERMINAL]

    def trades_of_signal(self, signal_id: str) -> list[Trade]:
        """The trades that came of a signal, oldest first."""
        return self._trades(self._indexed(GSI4, "#gs4pk = :pk", {"pk": f"SIGNAL#{signal_id}"}))

    def signals_of(self, pair: str, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        """The stored signal rows of a pair between two times, both included, oldest first."""
        values: Item = {"pk": pair, "since": epoch(since), "until": epoch(until)}
        rows = self._dynamo.query(self._signals, "#pair = :pk AND #timestamp BETWEEN :since AND :until", values)
        return [to_analysis(row) for row in rows]

    def last_analysed(self, pair: str) -> datetime | None:
        """When the pair was last analysed, consistently read; None when it never was."""
        item = self._dynamo.get(self._states, {"pair": pair})
        text = None if item is None else item.get("last_analysed_utc")
        return None if text is None else datetime.fromisoformat(str(text))

    # -------------------------------------------------------------------------------------------- through an index

    def _indexed(self, index: Index, condition: str, values: Mapping[str, Plain]) -> Iterable[Item]:
        """The table keys of what an index lists."""
        return self._dynamo.query(
            self._orders, condition, values, IndexName=index.name, ProjectionExpression="#pk, #sk"
        )

    def _of_day(self, day: date) -> Iterable[Item]:
        return self._indexed(GSI5, "#gs5pk = :pk", {"pk": f"DATE#{day:%Y-%m-%d}"})

    def _positions(self, keys: Iterable[Item]) -> list[Position]:
        return _by_age(map(position_from, self._dynamo.get_all(self._orders, list(keys))))

    def _trades(self, keys: Iterable[Item]) -> list[Trade]:
        found = map(trade_from, self._dynamo.get_all(self._orders, list(keys)))
        return sorted(found, key=lambda trade: (trade.intent.created_at, trade.intent.trade_id))


def _by_age(positions: Iterable[Position]) -> list[Position]:
    return sorted(positions, key=lambda position: (position.opened_at.astimezone(UTC), position.position_id))
