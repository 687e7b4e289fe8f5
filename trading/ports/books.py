"""What the rules need of the books."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from trading.limits import KillSwitch
    from trading.order import Intent, Trade
    from trading.position import Position
    from trading.reconciliation import Baseline, Reconciliation, Totals


@dataclass(frozen=True, slots=True)
class Booking:
    """What one decision writes, in ONE transaction: a row per pair, the intents, when each pair was analysed."""

    decision_id: str
    at: datetime
    signals: Sequence[Mapping[str, Any]]
    intents: Sequence[Intent]
    analysed_pairs: Sequence[str]


class Ledger(Protocol):
    """The books: trades, positions, switches. Every change is a conditional write; losing one raises Conflict."""

    def book(self, booking: Booking) -> list[str]:
        """Book a decision in one transaction: its signals, its intents (with the pair's slot, or the position CLOSING).

        Booking the same decision again changes nothing: a signal row that stands is not rewritten. Gives the ids of the
        trades that stand booked by it.
        Raises Conflict when a pair already has an entry or a position is already closing; nothing is written then, and
        booking again without those intents records the signals.
        """

    def book_exit(self, intent: Intent, position: Position) -> None:
        """Book one exit of a position as it was read, OPEN: the trade, and the position CLOSING, in one transaction.

        Raises Conflict if the position moved on.
        """

    def trade(self, trade_id: str) -> Trade | None:
        """One trade, consistently read."""

    def save_trade(self, trade: Trade) -> None:
        """Write a trade one version on; Conflict unless the stored version is the one before."""

    def open_position(self, trade: Trade, position: Position) -> None:
        """A BUY was filled: trade FILLED, position and its adjacency items, one transaction."""

    def close_position(self, trade: Trade, position: Position) -> None:
        """A SELL was filled: trade FILLED, position CLOSED, the pair's slot freed, one transaction."""

    def reduce_position(self, trade: Trade, position: Position) -> None:
        """A SELL was filled in part: trade FILLED, position smaller and OPEN again, one transaction."""

    def drop_trade(self, trade: Trade, at: datetime) -> None:
        """A trade ended REFUSED or REJECTED: an entry frees the pair's slot, an exit gives the position back OPEN."""

    def save_position(self, position: Position) -> None:
        """Write a position one version on (peak, stop, price); Conflict unless the stored version is the one before."""

    def position(self, position_id: str) -> Position | None:
        """AP1: one position by its id, consistently read."""

    def open_positions(self) -> list[Position]:
        """Everything OPEN or CLOSING, through the sparse index, all pages."""

    def positions_of(self, pair: str) -> list[Position]:
        """AP2: the OPEN and CLOSING positions of a pair, consistently read."""

    def closed_positions(self, since: datetime) -> list[Position]:
        """AP4: closed positions opened since a time, all pages."""

    def pending_trades(self) -> list[Trade]:
        """Every trade that is not in a terminal state, through the sparse index, all pages."""

    def trades_of(self, day: date) -> list[Trade]:
        """AP5: the trades created on a UTC day, all pages."""

    def signals_of(self, pair: str, since: datetime, until: datetime) -> list[Mapping[str, Any]]:
        """The stored signal rows of a pair between two times, oldest first."""

    def last_analysed(self, pair: str) -> datetime | None:
        """When the pair was last analysed."""

    def totals(self) -> Totals:
        """What all booked fills together moved: counted with each fill, in its own transaction."""

    def baseline(self) -> Baseline | None:
        """What the account holds that is not ours; None before the first reconciliation."""

    def set_baseline(self, baseline: Baseline) -> None:
        """Write what is not ours, with who and why."""

    def reconciliation(self) -> Reconciliation | None:
        """What the last comparison of book and venue said, consistently read."""

    def free_orphan_slot(self, pair: str) -> bool:
        """Free a pair whose slot belongs to a trade that has ended and to no position that is held; whether it was."""

    def save_reconciliation(self, seen: Reconciliation) -> None:
        """Write what a comparison said. One that was overtaken is dropped, unless it blocks entries: then it stands."""

    def kill_switch(self) -> KillSwitch:
        """AP3: the switch, consistently read. Raises when it cannot be read; callers then send nothing."""

    def set_kill_switch(self, switch: KillSwitch) -> None:
        """Write the switch, with who and why."""
