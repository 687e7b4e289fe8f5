"""Coincheck as the ``Exchange`` port: prices in yen, one order per call, fills read back from the venue.

A market order's reply carries no amount and no price (I3): only its id is used.
Source: coincheck.com/documents/exchange/api.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import httpx

from adapters.coincheck.client import CoincheckClient
from adapters.coincheck.history import History, fills_in, fills_of
from adapters.coincheck.orders import order_form, resting, venue_order
from adapters.coincheck.pace import Pace, shared_pace
from adapters.coincheck.replies import (
    BalanceReply,
    CanceledReply,
    OpensReply,
    OrderReply,
    PlacedReply,
    StatusReply,
    TickerReply,
    parsed,
)
from adapters.coincheck.signing import Credentials
from adapters.http import http_client
from trading.errors import Rejected, Transient, Unknown
from trading.money import JPY, Price, Quantity, yen
from trading.order import Fill, Order
from trading.pairs import Pair, coin_of
from trading.venue import Availability, Balances, Ticker, VenueOrder

ORDERS = "/api/exchange/orders"
ORDERS_PER_S = 4
DETAILS_PER_S = 1


class CoincheckExchange:
    """The trading venue. Shared by threads. Without credentials only ``ticker`` and ``availability`` work.

    pairs: whose coins and fills are reported; none = whatever the venue lists. orders_per_s, details_per_s: the
    venue's limits, kept on our side and shared by all of this process that uses the same key; None = unlimited.
    """

    def __init__(  # noqa: PLR0913 - the venue's two limits and their clock are settings of their own
        self,
        base_url: str,
        credentials: Credentials | None,
        pairs: Sequence[Pair] = (),
        *,
        http: httpx.Client | None = None,
        orders_per_s: int | None = ORDERS_PER_S,
        details_per_s: int | None = DETAILS_PER_S,
        pace: Callable[[str, int | None], Pace] = shared_pace,
    ) -> None:
        self._client = CoincheckClient(base_url, credentials, http or http_client())
        self._pairs = frozenset(pair.coincheck for pair in pairs)
        self._coins = tuple(dict.fromkeys(pair.coin for pair in pairs))
        key = credentials.access_key.get_secret_value() if credentials else ""
        self._order_pace = pace(f"orders {base_url} {key}", orders_per_s)
        self._detail_pace = pace(f"details {base_url} {key}", details_per_s)
        self._history = History(self._client.private)

    def __repr__(self) -> str:
        return f"CoincheckExchange({self._client!r})"

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def ticker(self, trading_pair: str) -> Ticker:
        """Best bid, best ask and last price. Raises Transient when they make no sense, Rejected for an unknown pair."""
        what = f"ticker of {trading_pair}"
        reply = parsed(TickerReply, self._client.public("/api/ticker", {"pair": trading_pair}), what, Transient)
        if reply.bid > reply.ask:
            msg = f"Coincheck, {what}: the book is crossed (bid {reply.bid}, ask {reply.ask}); try again"
            raise Transient(msg)
        coin = coin_of(trading_pair)
        bid, ask, last = (Price(number, coin, JPY) for number in (reply.bid, reply.ask, reply.last))
        return Ticker(trading_pair, bid, ask, last, reply.timestamp)

    def availability(self, trading_pair: str) -> Availability:
        """Whether the venue takes market orders of the pair now. Raises Transient when it does not say."""
        what = f"status of {trading_pair}"
        body = self._client.public("/api/exchange_status", {"pair": trading_pair})
        for row in parsed(StatusReply, body, what, Transient).exchange_status:
            if row.pair == trading_pair:
                allowed = row.status == "available" and row.availability.order and row.availability.market_order
                return Availability(allowed, row.status)
        return Availability(market_orders=False, status="not listed")

    def place(self, order: Order, fence: Callable[[], bool]) -> str:
        """Send ONE order, once; the venue's id of it.

        Our process can be paused between booking SENT and sending. Its lease runs out, another executor looks the order
        up and finds nothing, and then the paused one wakes. So the nonce is drawn first, then ``fence`` is asked, and
        only then is sent: nonces are wall-clock microseconds and the venue takes only rising ones, so an order whose
        nonce is older than the fence's yes is refused once a later signed call of ours was heard. A nonce that runs
        ahead of the clock (after a refused one: a second, or a few) is covered when the fence says no that much before
        the time is over; one that runs further ahead is not sent. The fence must not call this exchange: it is asked
        while the turn is held.

        Raises Transient, Rejected or Halt when the order surely does not exist, Unknown when it may (errors.py).
        """
        form = order_form(order)
        what = f"{form['order_type']} {order.trading_pair}"
        self._order_pace.wait()
        body = self._client.place(ORDERS, form, fence)
        if body.get("success") is not True:
            msg = f"Coincheck, {what}: the answer does not say success; look the order up"
            raise Unknown(msg)
        reply = parsed(PlacedReply, body, f"{what}, look the order up", Unknown)
        if reply.pair not in (None, order.trading_pair):
            msg = f"Coincheck, {what}: the answer is about {reply.pair} (order {reply.id}); look the order up"
            raise Unknown(msg)
        return reply.id

    def cancel(self, order_id: str) -> None:
        """Ask for the end of a resting order; that the venue heard it does not mean that it came: ``order`` tells.

        Raises Rejected when there is nothing to cancel, Transient when it may or may not have been heard, Halt for the
        key. Asking twice is harmless.
        """
        body = self._client.cancel(f"{ORDERS}/{_digits(order_id)}")
        what = f"cancelling order {order_id}"
        if body.get("success") is not True or parsed(CanceledReply, body, what, Transient).id != order_id:
            msg = f"Coincheck, {what}: the answer is not about it; ask for the order"
            raise Transient(msg)

    def order(self, order_id: str) -> VenueOrder:
        """One order by its id, at most once a second. Raises Rejected when the venue does not know it."""
        what = f"order {order_id}"
        self._detail_pace.wait()
        reply = parsed(OrderReply, self._client.private(f"{ORDERS}/{_digits(order_id)}"), what, Transient)
        if reply.id != order_id:
            msg = f"Coincheck, {what}: the answer is about order {reply.id}; try again"
            raise Transient(msg)
        return venue_order(reply)

    def open_orders(self) -> list[VenueOrder]:
        """All resting orders of the account; one with a trigger price is WAITING. Raises Transient."""
        reply = parsed(OpensReply, self._client.private(f"{ORDERS}/opens"), "open orders", Transient)
        return [resting(row) for row in reply.orders]

    def fills(self, order_id: str, since: datetime) -> list[Fill]:
        """All fills of one order, each once, oldest first; pages are read back to ``since`` (aware UTC) and 10 minutes.

        Raises Transient, or Halt for a row of this order that cannot be booked. Unlike ``order`` it is not paced.
        """
        return fills_of(order_id, self._history.rows(since))

    def executions(self, since: datetime) -> list[Fill]:
        """All fills of the account in our pairs, each once, oldest first; with the 10 minutes before ``since``.

        Those minutes are there because the venue's clock is not ours: a fill must not be missed for a second. Raises
        Transient, or Halt for a row of our pairs that cannot be booked. Not paced.
        """
        return fills_in(self._pairs, self._history.rows(since), since)

    def balances(self) -> Balances:
        """Free and reserved yen and coins. A coin that the venue does not list counts as none. Raises Transient."""
        body = self._client.private("/api/accounts/balance")
        # Only what is asked about is read: the reply has seven figures for each of some thirty currencies.
        coins = self._coins or _listed(body)
        asked = {coin: (coin.lower(), f"{coin.lower()}_reserved") for coin in coins}
        held = {name: body.get(name, "0") for names in asked.values() for name in names}
        reply = parsed(BalanceReply, {**body, "held": held}, "balances", Transient)
        return Balances(
            jpy_free=yen(reply.jpy),
            jpy_reserved=yen(reply.jpy_reserved),
            free={coin: Quantity(reply.held[free], coin) for coin, (free, _) in asked.items()},
            reserved={coin: Quantity(reply.held[tied], coin) for coin, (_, tied) in asked.items()},
        )


def _listed(body: Mapping[str, Any]) -> tuple[str, ...]:
    """Every coin of a balance reply: what has a reserved figure, yen apart."""
    names = (key.removesuffix("_reserved") for key in body if key.endswith("_reserved"))
    return tuple(name.upper() for name in names if name != "jpy")


def _digits(order_id: str) -> str:
    """An order id that may stand in a path. Raises Rejected for anything else: the venue cannot know it."""
    if not (order_id.isascii() and order_id.isdecimal()):
        msg = f"{order_id!r} is not an order id of Coincheck"
        raise Rejected(msg)
    return order_id
