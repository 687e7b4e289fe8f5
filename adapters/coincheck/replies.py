"""The venue's bodies as types: numbers and ids may come as numbers or as text, but must mean something.

Source: coincheck.com/documents/exchange/api. Unknown extra fields are ignored; a missing or senseless one is an error.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from trading.errors import TradingError


def _identity(value: Any) -> str:
    """An id as text: 12345 and "12345" are the same order."""
    text = str(value).strip()
    if not (text.isascii() and text.isdecimal() and int(text)):
        msg = "not an id"
        raise ValueError(msg)
    return text


def _utc(at: datetime) -> datetime:
    """The same moment in UTC. Within a day of the calendar's ends it may have none there."""
    try:
        return at.astimezone(UTC)
    except OverflowError:
        msg = "not a time of this market"
        raise ValueError(msg) from None


type Number = Decimal  # from text or a JSON number; ``errors.read`` has kept the latter exact
type Positive = Annotated[Decimal, Field(gt=0)]
type NotNegative = Annotated[Decimal, Field(ge=0)]
type Identity = Annotated[str, BeforeValidator(_identity)]
type Moment = Annotated[AwareDatetime, AfterValidator(_utc)]
type OrderType = Annotated[str, Field(pattern="^(market_)?(buy|sell)$")]
type Row = dict[str, Any]


class Reply(BaseModel):
    """What all replies share."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class TickerReply(Reply):
    """``GET /api/ticker``: yen per coin; ``timestamp`` in epoch seconds."""

    bid: Positive
    ask: Positive
    last: Positive
    timestamp: Moment


class PlacedReply(Reply):
    """``POST /api/exchange/orders``. Amount and rate are null for a market order (I3): only the id is used."""

    id: Identity
    pair: str | None = None


class OrderReply(Reply):
    """``GET /api/exchange/orders/[id]``."""

    id: Identity
    pair: str
    status: str
    order_type: OrderType
    created_at: Moment
    rate: Number | None = None
    amount: NotNegative | None = None
    market_buy_amount: NotNegative | None = None
    stop_loss_rate: Positive | None = None
    executed_amount: NotNegative | None = None


class CanceledReply(Reply):
    """``DELETE /api/exchange/orders/[id]``: the request was heard."""

    id: Identity


class RestingOrder(Reply):
    """One order of ``GET /api/exchange/orders/opens``; the amounts are what is left."""

    id: Identity
    pair: str
    order_type: OrderType
    created_at: Moment
    rate: Number | None = None
    pending_amount: NotNegative | None = None
    pending_market_buy_amount: NotNegative | None = None
    stop_loss_rate: Positive | None = None


class OpensReply(Reply):
    """``GET /api/exchange/orders/opens``: the whole account's resting orders."""

    orders: list[RestingOrder]


class TransactionKey(Reply):
    """What every transaction row has, whosever it is: enough to page and to filter by."""

    id: int
    order_id: Identity | None = None
    created_at: Moment


class TransactionsReply(Reply):
    """``GET /api/exchange/orders/transactions_pagination``: rows of ALL orders and currencies (I5)."""

    data: list[Row]


class Transaction(Reply):
    """One execution of an order of ours. ``funds`` are signed: what was paid is negative (I6)."""

    id: Identity
    order_id: Identity
    pair: str
    side: Annotated[str, Field(pattern="^(buy|sell)$")]
    funds: dict[str, Number]
    fee: Number | None = None
    fee_currency: str | None = None
    created_at: Moment


class PairAvailability(Reply):
    """What may be done with a pair now."""

    order: bool
    market_order: bool


class PairStatus(Reply):
    """One pair of ``GET /api/exchange_status``: available, itayose (an auction) or stop."""

    pair: str
    status: str
    availability: PairAvailability


class StatusReply(Reply):
    """``GET /api/exchange_status``."""

    exchange_status: list[PairStatus]


class BalanceReply(Reply):
    """``GET /api/accounts/balance``: per currency, ``X`` is free and ``X_reserved`` tied up in orders.

    ``held`` is gathered by the caller from the keys of the coins it asks about.
    """

    jpy: Number
    jpy_reserved: Number
    held: dict[str, NotNegative]


def parsed[R: Reply](kind: type[R], body: Any, what: str, failure: type[TradingError]) -> R:
    """A body as a reply. Raises ``failure`` with the first thing that is wrong with it."""
    try:
        return kind.model_validate(body)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "the body"
        msg = f"Coincheck, {what}: {where} is not usable ({first['msg']})"
        raise failure(msg) from None
