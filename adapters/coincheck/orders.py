"""An order of ours as Coincheck's form, and an order of the venue's as ours. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from adapters.coincheck.replies import OrderReply, RestingOrder
from trading.errors import BadInput, Rejected, Transient
from trading.money import JPY, Amount, Price, Quantity, floor_to, yen
from trading.order import MarketBuy, MarketSell, Order, Side, StopSell
from trading.pairs import FALLBACK_LOT, LOT_RULES, coin_of
from trading.venue import OrderState, VenueOrder

STATES: Mapping[str, tuple[OrderState, bool]] = {
    "NEW": (OrderState.OPEN, False),
    "PARTIALLY_FILLED": (OrderState.OPEN, False),
    "WAITING_FOR_TRIGGER": (OrderState.WAITING, False),
    "FILLED": (OrderState.FILLED, False),
    "CANCELED": (OrderState.CANCELED, False),
    "EXPIRED": (OrderState.CANCELED, False),
    "PARTIALLY_FILLED_CANCELED": (OrderState.CANCELED, True),
    "PARTIALLY_FILLED_EXPIRED": (OrderState.CANCELED, True),
}
"""The venue's word -> our state, and whether it was filled in part before it ended."""

WHOLE_YEN_FROM = Decimal(100)
"""From this price on, a coin whose step is not known gets its trigger in whole yen: a multiple of any finer step."""


def order_form(order: Order) -> dict[str, str]:
    """The body of an order: whole yen for a market buy, coins for a sell, in plain digits (never 1e-05).

    Yen are rounded down: a buy spends at most what it names. Coins are never rounded. A stop is a market sell with a
    trigger. Raises Rejected for nothing, BadInput for the wrong coin.
    """
    if isinstance(order, MarketBuy):
        amount = floor_to(order.spend.number, Decimal(1))
        form = {"order_type": "market_buy", "market_buy_amount": f"{amount:f}"}
    else:
        amount = order.quantity.number
        form = {"order_type": "market_sell", "amount": _plain(amount), **_trigger(order)}
        if order.quantity.coin != coin_of(order.trading_pair):
            msg = f"{order.quantity} cannot be sold as {order.trading_pair}"
            raise BadInput(msg)
    if amount <= 0:
        msg = f"an order of {order.trading_pair} over nothing is not sent"
        raise Rejected(msg)
    return {"pair": order.trading_pair, **form}


def _trigger(order: MarketSell | StopSell) -> dict[str, str]:
    """The trigger on the venue's price step, rounded down: never nearer to the market than was decided."""
    if isinstance(order, MarketSell):
        return {}
    price = order.trigger
    if price.coin != order.quantity.coin:
        msg = f"{order.quantity} cannot be stopped at {price}"
        raise BadInput(msg)
    rules = LOT_RULES.get(price.coin)
    step = rules.price_step if rules else FALLBACK_LOT.price_step
    if rules is None and price.number >= WHOLE_YEN_FROM:
        step = Decimal(1)
    rate = floor_to(price.number, step)
    if rate <= 0:
        msg = f"a stop of {order.trading_pair} at {price} is below the venue's price step {step} and is not sent"
        raise Rejected(msg)
    return {"stop_loss_rate": _plain(rate)}


def venue_order(reply: OrderReply) -> VenueOrder:
    """One order by its id, with all that it was placed for. Raises Transient for a state that we do not know."""
    if reply.status not in STATES:
        msg = f"Coincheck, order {reply.id}: status {reply.status!r} is not one we know; try again"
        raise Transient(msg)
    state, partly = STATES[reply.status]
    spend, quantity = _size(reply.pair, reply.market_buy_amount, reply.amount)
    return VenueOrder(
        order_id=reply.id,
        trading_pair=reply.pair,
        side=_side(reply.order_type),
        state=state,
        created_at=reply.created_at,
        spend=spend,
        quantity=quantity,
        stop_rate=_rate(reply.pair, reply.stop_loss_rate),
        market=_is_market(reply),
        partly=partly,
        executed=_size(reply.pair, None, reply.executed_amount)[1],
    )


def resting(row: RestingOrder) -> VenueOrder:
    """One order of the open ones, with what is left of it; one with a trigger is WAITING.

    The list does not say whether the trigger was met already; the order's own detail does.
    """
    spend, quantity = _size(row.pair, row.pending_market_buy_amount, row.pending_amount)
    return VenueOrder(
        order_id=row.id,
        trading_pair=row.pair,
        side=_side(row.order_type),
        state=OrderState.OPEN if row.stop_loss_rate is None else OrderState.WAITING,
        created_at=row.created_at,
        spend=spend,
        quantity=quantity,
        stop_rate=_rate(row.pair, row.stop_loss_rate),
        market=_is_market(row),
    )


def _size(pair: str, money: Decimal | None, coins: Decimal | None) -> tuple[Amount[JPY] | None, Quantity | None]:
    """Yen and coins of an order; None where the venue leaves the field null."""
    return (
        None if money is None else yen(money),
        None if coins is None else Quantity(coins, coin_of(pair)),
    )


def _rate(pair: str, number: Decimal | None) -> Price[JPY] | None:
    return None if number is None else Price(number, coin_of(pair), JPY)


def _side(order_type: str) -> Side:
    return Side.BUY if order_type.endswith("buy") else Side.SELL


def _is_market(reply: OrderReply | RestingOrder) -> bool:
    """Whether it takes any price: the reference's list shows a market order as a plain ``buy`` without a rate."""
    return reply.order_type.startswith("market_") or reply.rate is None


def _plain(number: Decimal) -> str:
    """All digits, no exponent, no trailing zeros. ``normalize`` would round to 28 of them."""
    digits = f"{number:f}"
    return digits.rstrip("0").rstrip(".") if "." in digits else digits
