"""Intent -> Order -> Fill, and the life of a trade as one table.

An *intent* is what we want and under which conditions; it is booked before anything is sent. An *order* is what the
venue is asked for. A *fill* is what the venue did. A *trade* is one intent and all that became of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from trading.errors import BadInput, Halt
from trading.money import JPY, Amount, Price, Quantity, yen


class Side(StrEnum):
    """Which way the coins go."""

    BUY = "BUY"
    SELL = "SELL"


class Status(StrEnum):
    """Where a trade stands. UNKNOWN is a state of its own: it may have happened, nothing is sent until we know."""

    BOOKED = "BOOKED"
    CLAIMED = "CLAIMED"
    SENT = "SENT"
    ACCEPTED = "ACCEPTED"
    UNKNOWN = "UNKNOWN"
    FILLED = "FILLED"
    REFUSED = "REFUSED"
    REJECTED = "REJECTED"
    HALTED = "HALTED"


class Event(StrEnum):
    """What happens to a trade."""

    CLAIM = "CLAIM"
    RELEASE = "RELEASE"
    REFUSE = "REFUSE"
    SEND = "SEND"
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    BOUNCE = "BOUNCE"
    LOSE = "LOSE"
    FIND = "FIND"
    FILL = "FILL"
    VOID = "VOID"
    HALT = "HALT"
    LOOK = "LOOK"
    ADOPT = "ADOPT"


S, E = Status, Event
TRANSITIONS: Mapping[tuple[Status, Event], Status] = {
    (S.BOOKED, E.CLAIM): S.CLAIMED,
    (S.CLAIMED, E.CLAIM): S.CLAIMED,  # the lease of a dead executor ran out before anything was sent
    (S.CLAIMED, E.RELEASE): S.BOOKED,  # a transient fault before the send: the next delivery tries again
    (S.CLAIMED, E.REFUSE): S.REFUSED,  # ours: stale, out of band, kill switch, breaker, spread, balance
    (S.BOOKED, E.ADOPT): S.ACCEPTED,  # the stop resting at the venue already sold it
    (S.CLAIMED, E.ADOPT): S.ACCEPTED,
    (S.CLAIMED, E.SEND): S.SENT,  # written before the call: a crash from here on is UNKNOWN
    (S.SENT, E.ACCEPT): S.ACCEPTED,
    (S.SENT, E.REJECT): S.REJECTED,  # the venue's clear no
    (S.SENT, E.BOUNCE): S.BOOKED,  # the venue says it did nothing (429, nonce): free to be tried again
    (S.SENT, E.LOSE): S.UNKNOWN,  # no answer is not a no
    (S.UNKNOWN, E.FIND): S.ACCEPTED,  # evidence: the order is there
    (S.UNKNOWN, E.LOOK): S.UNKNOWN,  # looked up; not clear yet
    (S.UNKNOWN, E.VOID): S.REJECTED,  # evidence: it never reached the venue
    (S.UNKNOWN, E.HALT): S.HALTED,  # ambiguous: a human looks
    (S.ACCEPTED, E.FILL): S.FILLED,
    (S.ACCEPTED, E.VOID): S.REJECTED,  # cancelled or expired at the venue without a fill
    (S.ACCEPTED, E.HALT): S.HALTED,  # fills that contradict the ticker or the balance
    (S.HALTED, E.FIND): S.ACCEPTED,  # a human found it
    (S.HALTED, E.VOID): S.REJECTED,  # a human found that it never was
}
TERMINAL = frozenset({S.FILLED, S.REFUSED, S.REJECTED})
"""Nothing more happens to a trade in one of these."""


def after(status: Status, event: Event) -> Status:
    """The status that follows. Raises Halt for a transition that is not in the table: the books are wrong."""
    try:
        return TRANSITIONS[status, event]
    except KeyError:
        msg = f"a {status} trade cannot {event}; the books need a human"
        raise Halt(msg) from None


@dataclass(frozen=True, slots=True)
class PriceBand:
    """The yen prices between which an intent may still be executed."""

    low: Price[JPY]
    high: Price[JPY]

    def holds(self, price: Price[JPY]) -> bool:
        """Whether the price is inside, ends included."""
        return self.low <= price <= self.high


@dataclass(frozen=True, slots=True)
class Intent:
    """What we want and until when it is still wanted. Exactly one of ``spend`` (BUY) and ``quantity`` (SELL) is set.

    trade_id      deterministic: the same decision books the same id, so it can be booked only once.
    band          yen price at execution; outside it the intent is refused. None for an exit, which must happen.
    position_id   the position a SELL closes.
    input_ids     everything it was made from.
    """

    trade_id: str
    pair: str
    trading_pair: str
    side: Side
    reason: str
    decision_id: str
    signal_id: str
    strategy_id: str
    strategy_version: int
    created_at: datetime
    expires_at: datetime
    band: PriceBand | None = None
    spend: Amount[JPY] | None = None
    quantity: Quantity | None = None
    position_id: str | None = None
    input_ids: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        buying = self.spend is not None and self.quantity is None and self.position_id is None
        selling = self.spend is None and self.quantity is not None and self.position_id is not None
        if not (buying if self.side is Side.BUY else selling):
            msg = f"intent {self.trade_id}: a BUY names yen to spend, a SELL names coins and the position it closes"
            raise BadInput(msg)

    def order(self) -> Order:
        """The order that carries this intent out."""
        if self.spend is not None:
            return MarketBuy(self.trading_pair, self.spend)
        if self.quantity is None:
            msg = f"intent {self.trade_id} asks for nothing"
            raise BadInput(msg)
        return MarketSell(self.trading_pair, self.quantity)


def entry_trade_id(analysis_id: str, pair: str) -> str:
    """The id of the one BUY an analysis may make of a pair."""
    return f"TRD-{analysis_id}-{pair}-BUY"


def exit_trade_id(position_id: str, attempt: int) -> str:
    """The id of the n-th exit of a position; a new attempt exists only after the one before was refused or rejected."""
    return f"TRD-{position_id}-SELL-{attempt}"


@dataclass(frozen=True, slots=True)
class MarketBuy:
    """Buy for at most so many yen, now."""

    trading_pair: str
    spend: Amount[JPY]


@dataclass(frozen=True, slots=True)
class MarketSell:
    """Sell so many coins, now."""

    trading_pair: str
    quantity: Quantity


@dataclass(frozen=True, slots=True)
class StopSell:
    """Sell so many coins at any price once it falls to ``trigger``: rests at the venue, whoever of us still runs."""

    trading_pair: str
    quantity: Quantity
    trigger: Price[JPY]


type Order = MarketBuy | MarketSell | StopSell


@dataclass(frozen=True, slots=True)
class Fill:
    """One execution: both amounts positive by type, whatever sign the venue writes.

    funds  yen that changed hands, the fee in it: what the account moved by.  fee: how much of it was a fee; a rebate
    is negative. (Coincheck's reference: 0.1 BTC at 40,900 with a fee of 6.135 moves 4,096.135 yen.)
    """

    fill_id: str
    order_id: str
    trading_pair: str
    side: Side
    quantity: Quantity
    funds: Amount[JPY]
    fee: Amount[JPY]
    at: datetime

    def __post_init__(self) -> None:
        if self.quantity.is_zero or self.funds <= yen(0):
            msg = f"fill {self.fill_id}: coins {self.quantity} and funds {self.funds} must both be positive"
            raise BadInput(msg)


@dataclass(frozen=True, slots=True)
class Execution:
    """The fills of one order, summed: price = funds / quantity, the fee in it, as it moved the account."""

    quantity: Quantity
    funds: Amount[JPY]
    fee: Amount[JPY]
    price: Price[JPY]


def summed(fills: Sequence[Fill]) -> Execution:
    """All fills of ONE order as one execution. Raises BadInput on none, or when they are not of one order and side."""
    if len({(fill.order_id, fill.side, fill.trading_pair) for fill in fills}) != 1:
        msg = "fills of exactly one order are summed; filter them by order id first"
        raise BadInput(msg)
    first, *rest = fills
    quantity, funds, fee = first.quantity, first.funds, first.fee
    for fill in rest:
        quantity, funds, fee = quantity + fill.quantity, funds + fill.funds, fee + fill.fee
    return Execution(quantity, funds, fee, Price(funds.number / quantity.number, quantity.coin, JPY))


@dataclass(frozen=True, slots=True)
class Holdings:
    """All yen and all coins of one kind on the account, tied up or not, right before an order was sent."""

    jpy: Amount[JPY]
    coins: Quantity


@dataclass(frozen=True, slots=True)
class Trade:
    """One intent and all that became of it, as booked. ``version`` is the optimistic lock: every write names it.

    claim         the token of the executor that holds it; lease_until says how long.
    order_id      the venue's id, once it accepted.
    before        what the account held when it was sent; what came of it is measured from here.
    unknown_since  when nobody knew any more whether it is at the venue.
    absent_since  while UNKNOWN: since when the venue has shown nothing of it, look after look.
    note          why it was refused, rejected or halted, in words.
    """

    intent: Intent
    status: Status = Status.BOOKED
    version: int = 1
    claim: str | None = None
    lease_until: datetime | None = None
    sent_at: datetime | None = None
    before: Holdings | None = None
    unknown_since: datetime | None = None
    absent_since: datetime | None = None
    order_id: str | None = None
    executed: Execution | None = None
    note: str = ""
    updated_at: datetime | None = None

    def on(self, event: Event, at: datetime, **changes: object) -> Trade:
        """This trade after an event, one version on. Raises Halt for an impossible event."""
        status = after(self.status, event)
        return replace(self, status=status, version=self.version + 1, updated_at=at, **changes)  # type: ignore[arg-type]


def spread_pct(bid: Price[JPY], ask: Price[JPY]) -> Decimal:
    """Distance of ask and bid in percent of their middle."""
    return (ask.number - bid.number) / ((ask.number + bid.number) / 2) * 100
