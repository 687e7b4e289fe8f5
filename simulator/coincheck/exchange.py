"""The exchange: takes orders, fills them against the market, keeps them and the ledger.

Time comes in with every call. Resting and stop orders are settled up to that time first, along the path the price took,
so it does not matter how seldom anybody asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from simulator.coincheck import asked as asking
from simulator.coincheck.asked import Asked
from simulator.coincheck.book import Book, Level, best, build
from simulator.coincheck.matching import Part, spend, split, take
from simulator.coincheck.orders import Order, Status
from simulator.coincheck.rules import Refused, insufficient, rule
from simulator.ledger import Fill, InsufficientFunds, Ledger
from simulator.market import Market
from simulator.rates import Rates
from simulator.seeded import rng


@dataclass(slots=True)
class Exchange:
    """One account on one exchange. ``symbols``: Binance symbol by trading pair, whose prices in dollars lead."""

    market: Market
    rates: Rates
    symbols: dict[str, str]
    ledger: Ledger
    seed: int
    spread_pct: Decimal
    orders: dict[int, Order] = field(default_factory=dict)

    def price(self, pair: str, ms: int) -> Decimal:
        """The market's price in yen, exact."""
        return Decimal(str(self.market.price_at(self.symbols[pair], ms))) * self.rates.at(ms)

    def book(self, pair: str, ms: int) -> Book:
        """The order book of an instant."""
        return build(self.price(pair, ms), rule(pair.removesuffix("_jpy")), self.spread_pct, self.seed, pair, ms)

    def place(self, wanted: Asked, ms: int) -> Order:
        """Accept an order and fill what fills at once. Raises Refused, and then nothing has changed."""
        self.settle(ms)
        limits = rule(wanted.pair.removesuffix("_jpy"))
        ask = best(self.price(wanted.pair, ms), limits, self.spread_pct)[1]
        asking.check(wanted, limits, ask)
        order = Order(
            id=12_345 + len(self.orders),
            pair=wanted.pair,
            order_type=wanted.order_type,
            created_ms=ms,
            rate=wanted.rate,
            amount=wanted.amount,
            market_buy_amount=wanted.market_buy_amount,
            stop_loss_rate=wanted.stop_loss_rate,
            time_in_force=wanted.time_in_force,
            watched_ms=ms,
        )
        self._hold(order)
        self.orders[order.id] = order
        if order.stop_loss_rate is not None:
            order.status = Status.WAITING_FOR_TRIGGER
            self.settle(ms)
        else:
            self._enter(order, ms)
            order.watched_ms = ms + 1
        return order

    def cancel(self, order_id: int, ms: int) -> Order:
        """End an open order. Raises Refused for one that is unknown or finished."""
        self.settle(ms)
        order = self.orders.get(order_id)
        if order is None or not order.is_open:
            msg = "Failed to cancel the order"
            raise Refused(msg)
        order.close(Status.CANCELED, Status.PARTIALLY_FILLED_CANCELED)
        self._release(order)
        return order

    def settle(self, ms: int) -> None:
        """Bring every open order up to a time; what happened in between is booked in the order it happened."""
        while (event := self._next_event(ms)) is not None:
            at, order = event
            order.watched_ms = at + 1
            if order.status is Status.WAITING_FOR_TRIGGER:
                self._enter(order, at)
            else:
                self._fill(order, self._as_maker(order), at, taker=False)
        for order in self.orders.values():
            order.watched_ms = max(order.watched_ms, ms)

    def _hold(self, order: Order) -> None:
        """Reserve all that the order can pay."""
        if order.side == "sell":
            held = order.amount
        else:
            held = order.market_buy_amount or (order.rate or Decimal(0)) * (order.amount or Decimal(0))
        try:
            self.ledger.reserve(order.pays_with, held or Decimal(0))
        except InsufficientFunds as error:
            raise insufficient(error.currency) from error
        order.held = held or Decimal(0)

    def _release(self, order: Order) -> None:
        self.ledger.release(order.pays_with, order.held)
        order.held = Decimal(0)

    def _enter(self, order: Order, ms: int) -> None:
        """Meet the book: take what the order may take, then rest, expire or be done."""
        book = self.book(order.pair, ms)
        parts = self._against(order, book.asks if order.side == "buy" else book.bids)
        if order.time_in_force == "post_only" and parts:
            self._expire(order, "post_only")
            return
        order.status = Status.NEW
        self._fill(order, parts, ms, taker=True)
        if order.is_market and order.is_open:
            self._expire(order, "unfilled_market")

    def _against(self, order: Order, levels: Sequence[Level]) -> list[Part]:
        """What the order would take from a side of the book."""
        if order.pending_jpy is not None:
            return spend(levels, order.pending_jpy, rule(order.coin).amount_step)
        return take(levels, order.pending_amount or Decimal(0), order.rate, buying=order.side == "buy")

    def _expire(self, order: Order, why: str) -> None:
        order.expired_type = why
        order.close(Status.EXPIRED, Status.PARTIALLY_FILLED_EXPIRED)
        self._release(order)

    def _fill(self, order: Order, parts: list[Part], ms: int, *, taker: bool) -> None:
        """Book every part; a finished order gives back what it still holds."""
        for part in parts:
            number = len(self.ledger.fills) + 1
            fill = Fill(number, order.id, order.pair, order.side, part.price, part.amount, ms, taker)
            self.ledger.settle(fill)
            order.held -= fill.paid[1]
            order.executed_amount += part.amount
            order.executed_jpy += fill.funds
        if parts:
            order.status = Status.FILLED if self._is_done(order, parts[-1].price) else Status.PARTIALLY_FILLED
        if order.status is Status.FILLED:
            self._release(order)

    @staticmethod
    def _is_done(order: Order, price: Decimal) -> bool:
        """Nothing left, or too few yen left for the smallest step of the coin."""
        if order.pending_jpy is not None:
            return order.pending_jpy < price * rule(order.coin).amount_step
        return order.pending_amount == 0

    def _next_event(self, ms: int) -> tuple[int, Order] | None:
        """The first time up to ``ms`` at which the market reaches an open order's price."""
        found = None
        for order in self.orders.values():
            if order.is_open and order.watched_ms <= ms:
                at = self._touch(order, ms)
                if at is not None and (found is None or at < found[0]):
                    found = (at, order)
        return found

    def _touch(self, order: Order, ms: int) -> int | None:
        """When the price, in yen, first reaches the trigger or the other side of the book the order's rate."""
        buying, waiting = order.side == "buy", order.status is Status.WAITING_FOR_TRIGGER
        half = Decimal(0) if waiting else self.spread_pct / 200 * (1 if buying else -1)
        mid = ((order.stop_loss_rate if waiting else order.rate) or Decimal(0)) / (1 + half)
        span, rising = (order.watched_ms, ms), buying == waiting
        return self.market.crossing(
            self.symbols[order.pair], span, lambda at: float(mid / self.rates.at(at)), rising=rising
        )

    def _as_maker(self, order: Order) -> list[Part]:
        """All that is left, at the order's own price, in one to three parts."""
        shares = rng(self.seed, "maker", order.id).uniform(0.1, 0.4, order.id % 3).tolist()
        return split(order.rate or Decimal(0), order.pending_amount or Decimal(0), shares, rule(order.coin).amount_step)
