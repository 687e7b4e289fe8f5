"""Paper as the ``Exchange`` port: a real ticker, fills at its price with slippage and fee, and a ledger of its own."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

from adapters.dynamodb.errors import Lost
from adapters.paper.account import PaperAccount, PaperOrder, canceled
from adapters.paper.book import PaperBook
from adapters.paper.terms import Terms, due, venue_order
from trading.errors import Rejected, Transient, Unknown
from trading.money import JPY
from trading.order import Fill, Order
from trading.venue import Availability, Balances, OrderState, Ticker, VenueOrder

RACES = 5
"""How often a change is tried again from a fresh read because somebody wrote in between."""
MARGIN = timedelta(minutes=10)
"""Fills so much older than asked for are given too, as a venue's are: the clocks of two processes differ."""


class Prices(Protocol):
    """The public half of a real venue."""

    def ticker(self, trading_pair: str) -> Ticker:
        """Best bid and ask, and the last price."""

    def availability(self, trading_pair: str) -> Availability:
        """Whether the venue takes orders of the pair now."""


class PaperExchange:
    """A venue that only we know. Shared by threads and processes: its state is in the book.

    A stop order fills at the first look at its pair that finds the bid at or below the trigger: any question about
    orders, fills or balances is such a look. slippage_pct, fee_pct: see ``Terms``. A lost reply of the book is what a
    lost reply of a venue is: Unknown for an order, Transient for everything else.
    """

    def __init__(
        self, prices: Prices, book: PaperBook, now: Callable[[], datetime], slippage_pct: Decimal, fee_pct: Decimal
    ) -> None:
        self._prices, self._book, self._now = prices, book, now
        self._terms = Terms(slippage_pct, fee_pct)

    def ticker(self, trading_pair: str) -> Ticker:
        """The real venue's best bid, best ask and last price."""
        return self._prices.ticker(trading_pair)

    def availability(self, trading_pair: str) -> Availability:
        """Whether the real venue takes orders of the pair now."""
        return self._prices.availability(trading_pair)

    def place(self, order: Order, fence: Callable[[], bool]) -> str:
        """Take ONE order, once; its id. A market order is filled at once, a stop order rests.

        Raises Transient when surely nothing was written (also when fenced off), Unknown when it may have been, Rejected
        on a clear no.
        """
        pair = order.trading_pair
        available = self._prices.availability(pair)
        if not available.market_orders:
            raise Rejected(f"paper: the venue takes no orders of {pair} now ({available.status}), so neither do we")
        ticker = self._prices.ticker(pair)
        for _ in range(RACES):
            account = self._look(pair)
            after, taken = self._taken(account, order, ticker)
            if not fence():
                raise Transient(f"paper: the time for this order of {pair} is over; it was not placed")
            try:
                self._book.save(after, taken)
            except Lost:
                continue
            return taken.placed.order_id
        raise Transient(f"paper: others wrote first {RACES} times; the order of {pair} was not placed, try again")

    def cancel(self, order_id: str) -> None:
        """End a resting order and free its coins. Raises Rejected when none of this id rests, Transient as all do."""
        for _ in range(RACES):
            resting = self._found(order_id)
            if resting is None or resting.placed.state is not OrderState.WAITING:
                raise Rejected(f"paper: order {order_id} does not rest, so there is nothing to cancel")
            account = self._book.account()
            if order_id not in account.resting:
                continue
            if self._saved(account.untied(resting.placed), canceled(resting)):
                return
        raise Transient(f"paper: others wrote first {RACES} times; order {order_id} was not canceled, try again")

    def order(self, order_id: str) -> VenueOrder:
        """One order by its id. Raises Rejected when there is none."""
        found = self._found(order_id)
        if found is None:
            raise Rejected(f"paper: order {order_id!r} is none of ours; paper does not know it")
        return found.placed

    def open_orders(self) -> list[VenueOrder]:
        """All resting orders, oldest first."""
        found = [order.placed for order in self._book.orders(self._look().resting)]
        return [order for order in found if order.state is OrderState.WAITING]

    def fills(self, order_id: str, since: datetime) -> list[Fill]:
        """The fill of one order since a time and ``MARGIN``, if it has one; none for an id that paper does not know."""
        found = self._found(order_id)
        return [] if found is None else [fill for fill in found.fills if fill.at >= since - MARGIN]

    def executions(self, since: datetime) -> list[Fill]:
        """All fills since a time and ``MARGIN``, oldest first."""
        orders = self._book.filled_since(since - MARGIN, self._look())
        found = [fill for order in orders for fill in order.fills if fill.at >= since - MARGIN]
        return sorted(found, key=lambda fill: (fill.at, int(fill.fill_id)))

    def balances(self) -> Balances:
        """What the account holds; every coin that it ever held is listed."""
        return self._look().balances()

    # ------------------------------------------------------------------------------------------------- behind the port

    def _taken(self, account: PaperAccount, order: Order, ticker: Ticker) -> tuple[PaperAccount, PaperOrder]:
        """The account after an order, and the order, filled or resting. Raises Rejected."""
        at = self._now()
        wanted = venue_order(order, ticker, str(account.next_order_id), at)
        if wanted.state is OrderState.WAITING:
            return account.numbered().tied(wanted), PaperOrder(wanted)
        if wanted.spend is not None:
            account.need(JPY.code, wanted.spend.number)  # a venue sets all of it aside before it fills
        filled = self._terms.executed(wanted, ticker, at)
        return account.numbered().filled(*filled.fills), filled

    def _found(self, order_id: str) -> PaperOrder | None:
        """One order as it stands after a look at its price."""
        found = self._book.order(order_id)
        if found is None or found.placed.state is not OrderState.WAITING:
            return found
        self._look(found.placed.trading_pair)
        return self._book.order(order_id)

    def _look(self, trading_pair: str | None = None) -> PaperAccount:
        """Sell what the price has reached, of one pair or of all; the account after it."""
        for _ in range(RACES):
            account = self._book.account()
            watched = [number for number, pair in account.resting.items() if trading_pair in {None, pair}]
            after, sold = account, []
            for order, ticker in self._reached(watched):
                sold.append(self._terms.executed(order, ticker, self._now()))
                after = after.untied(order).filled(*sold[-1].fills)
            if not sold:
                return account
            stored = self._saved(after, *sold)
            if stored is not None:
                return stored
        raise Transient(f"paper: others wrote first {RACES} times; ask again")

    def _reached(self, order_ids: list[str]) -> list[tuple[VenueOrder, Ticker]]:
        """Those of the resting orders whose trigger the bid has reached, with the ticker that says so."""
        resting = [order.placed for order in self._book.orders(order_ids)] if order_ids else []
        tickers = {pair: self._ticker_of(pair) for pair in {order.trading_pair for order in resting}}
        seen = [(order, tickers[order.trading_pair]) for order in resting]
        return [(order, ticker) for order, ticker in seen if ticker is not None and due(order, ticker)]

    def _ticker_of(self, trading_pair: str) -> Ticker | None:
        """The ticker of a pair that orders rest in; None when the venue no longer lists it: then they go on resting."""
        try:
            return self._prices.ticker(trading_pair)
        except Rejected:
            return None

    def _saved(self, account: PaperAccount, *orders: PaperOrder) -> PaperAccount | None:
        """Save what can be done again from a fresh read; None when somebody wrote in between."""
        try:
            return self._book.save(account, *orders)
        except Lost:
            return None
        except Unknown as error:
            raise Transient(f"{error}; ask again") from error
