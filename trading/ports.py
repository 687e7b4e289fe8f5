"""What the rules need of the world, as narrow protocols. Adapters implement them; the simulator is the world itself.

Every method may raise Transient (retry), Unknown (look it up), Rejected (drop) or Halt (a human), and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from trading.limits import KillSwitch
    from trading.order import Fill, Intent, Order, Trade
    from trading.pairs import Pair
    from trading.position import Position
    from trading.reconciliation import Baseline, Reconciliation, Totals
    from trading.signals.forecast import ForecastSignal
    from trading.strategy import Strategy
    from trading.venue import Availability, Balances, Ticker, VenueOrder


class Clock(Protocol):
    """The one place time comes from."""

    def now(self) -> datetime:
        """Aware UTC."""


class MarketData(Protocol):
    """The analysis venue (Binance): prices in USDT."""

    def server_time(self) -> datetime:
        """The venue's clock, aware UTC."""

    def candles(self, pair: Pair, since: datetime | None, limit: int) -> pd.DataFrame:
        """Up to ``limit`` 5-minute candles from ``since`` on (or the newest), oldest first.

        The last row may still be forming; ``trading.candles.closed`` says which count.
        """


class Exchange(Protocol):
    """The trading venue (Coincheck, or paper): prices in yen."""

    def ticker(self, trading_pair: str) -> Ticker:
        """Best bid and ask, and the last price."""

    def availability(self, trading_pair: str) -> Availability:
        """Whether the venue takes orders of the pair now."""

    def place(self, order: Order, fence: Callable[[], bool]) -> str:
        """Send ONE order, once; the venue's order id. It never retries by itself.

        fence: asked last, when the request can no longer overtake a later one; False = our time for it is over.
        Raises Transient when the venue surely did nothing (also when fenced off), Unknown when it may have, Rejected on
        its clear no.
        """

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a resting order; ``order`` says whether it came.

        Raises Rejected when there is nothing to cancel, Transient when it may or may not have been heard.
        """

    def order(self, order_id: str) -> VenueOrder:
        """One order by its id. Raises Rejected when the venue does not know it."""

    def open_orders(self) -> list[VenueOrder]:
        """All resting orders of the account."""

    def fills(self, order_id: str, since: datetime) -> list[Fill]:
        """All fills of one order since a time, every page read, filtered by order id here, oldest first."""

    def executions(self, since: datetime) -> list[Fill]:
        """All fills of the account in our pairs since a time, every page read, oldest first."""

    def balances(self) -> Balances:
        """What the account holds."""


class Forecaster(Protocol):
    """A model of the next hour."""

    def forecast(self, pair: Pair, candles: pd.DataFrame, strategy: Strategy) -> ForecastSignal:
        """The scored outlook of a pair from its closed candles, marked with the model that made it."""


class CandleStore(Protocol):
    """Closed candles, by pair. Writing one again changes nothing."""

    def put(self, pair: Pair, candles: pd.DataFrame) -> int:
        """Store closed candles; how many were written."""

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""

    def newest(self, pair: Pair) -> datetime | None:
        """Open time of the newest stored candle."""


class Readings(Protocol):
    """Stored news sentiment and market context."""

    def sentiment(self, pair: Pair, at: datetime) -> Mapping[str, Any] | None:
        """The newest sentiment of a pair not after ``at``, with its ``timestamp`` (epoch s), or None."""

    def context(self, at: datetime) -> Mapping[str, Any] | None:
        """The newest market context not after ``at``, with its ``timestamp`` (epoch s); None when there is none."""


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

        Booking the same decision again changes nothing. Gives the ids of the trades that stand booked by it.
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


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message as received: the trade it is about, its trace, and the receipt that finishes it."""

    trade_id: str
    trace: Mapping[str, str]
    receipt: str
    receives: int = 1


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A message that is not one of ours. It is left where it is: after three receives it is a dead letter."""

    message_id: str
    reason: str
    receives: int


class Received(list[Delivery]):
    """The deliveries of one call; ``unreadable`` are the messages among them that could not be understood (I2)."""

    def __init__(self, deliveries: Iterable[Delivery], unreadable: Iterable[Unreadable] = ()) -> None:
        """A list, since that is what nearly every caller wants of it."""
        super().__init__(deliveries)
        self.unreadable = tuple(unreadable)


class OrderQueue(Protocol):
    """Carries trade ids, at least once, in any order."""

    def send(self, trade_id: str, trace: Mapping[str, str]) -> None:
        """Put one trade on the queue; sending it twice is harmless."""

    def receive(self, limit: int = 10) -> Received:
        """Up to ``limit`` (at most 10) messages, hidden from others for the visibility time."""

    def done(self, delivery: Delivery) -> None:
        """This message needs no further delivery."""

    def dead_letters(self, limit: int = 10) -> Received:
        """Up to ``limit`` (at most 10) messages that failed three times, hidden from others for a while."""

    def dead(self) -> int:
        """About how many messages are dead letters."""

    def redrive(self, delivery: Delivery) -> None:
        """Back on the queue, then off the dead letters: a crash between the two makes it come twice, never get lost."""


class Archive(Protocol):
    """Files that outlive the tables."""

    def put(self, bucket: str, key: str, data: bytes, content_type: str) -> str:
        """Store under a bucket's purpose (``daily-reports``, ``raw-market-data``…); its URI."""

    def get(self, bucket: str, key: str) -> bytes:
        """Read it back. Raises Rejected when it is not there."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something worth telling: ``kind`` for machines (``order.filled``), ``text`` for people."""

    kind: str
    text: str
    at: datetime
    fields: Mapping[str, str] = field(default_factory=dict)
    alarm: bool = False


class Alerts(Protocol):
    """Where people are told. Telling never decides the outcome of a step."""

    def tell(self, notices: Iterable[Notice]) -> int:
        """Tell them; how many could NOT be told (counted, logged, never raised)."""
