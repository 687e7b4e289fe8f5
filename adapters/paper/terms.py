"""At which price paper fills, what it keeps for itself, and which orders it does not take."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from adapters.paper.account import PaperOrder, coins_of
from trading.errors import BadInput, Rejected
from trading.money import JPY, Amount, Price, Quantity, floor_to, yen
from trading.order import Fill, MarketBuy, Order, Side, StopSell
from trading.pairs import FALLBACK_LOT, LOT_RULES, LotRules
from trading.venue import OrderState, Ticker, VenueOrder

YEN_STEP = Decimal("0.00000001")
"""Yen are kept to eight places, like coins: sums stay exact, however many orders there were."""


@dataclass(frozen=True, slots=True)
class Terms:
    """What an order costs besides the spread, in percent: ``slippage_pct`` of the price, ``fee_pct`` of the yen."""

    slippage_pct: Decimal
    fee_pct: Decimal

    def __post_init__(self) -> None:
        for name, value in (("slippage_pct", self.slippage_pct), ("fee_pct", self.fee_pct)):
            if not (value.is_finite() and 0 <= value < 100):
                raise BadInput(f"paper: {name} is {value}; it is a percentage from 0 to below 100")

    def executed(self, order: VenueOrder, ticker: Ticker, at: datetime) -> PaperOrder:
        """An order with its one fill at the ticker's price."""
        if order.spend is not None:
            quantity, funds, fee = self._bought(order.spend, ticker.ask)
        else:
            quantity, funds, fee = self._sold(coins_of(order), ticker.bid)
        fill = Fill(
            fill_id=order.order_id,  # one fill an order, so its number serves for both
            order_id=order.order_id,
            trading_pair=order.trading_pair,
            side=order.side,
            quantity=quantity,
            funds=yen(floor_to(funds, YEN_STEP)),
            fee=yen(floor_to(fee, YEN_STEP)),
            at=at,
        )
        return PaperOrder(replace(order, state=OrderState.FILLED), (fill,))

    def _bought(self, spend: Amount[JPY], ask: Price[JPY]) -> tuple[Quantity, Decimal, Decimal]:
        """Coins at the ask and worse, as many as the yen buy with the fee; funds and fee in yen."""
        price = ask.number * (1 + self.slippage_pct / 100)
        with_fee = price * (1 + self.fee_pct / 100)
        coins = floor_to(spend.number / with_fee, lot_of(ask.coin).size_step)
        return Quantity(coins, ask.coin), coins * with_fee, coins * price * self.fee_pct / 100

    def _sold(self, coins: Quantity, bid: Price[JPY]) -> tuple[Quantity, Decimal, Decimal]:
        """The coins at the bid and worse; funds and fee in yen."""
        paid = bid.number * (1 - self.slippage_pct / 100) * coins.number
        return coins, paid * (1 - self.fee_pct / 100), paid * self.fee_pct / 100


def lot_of(coin: str) -> LotRules:
    """The order rules of a coin."""
    return LOT_RULES.get(coin, FALLBACK_LOT)


def venue_order(order: Order, ticker: Ticker, order_id: str, at: datetime) -> VenueOrder:
    """An order as paper takes it. Raises Rejected for one that breaks the pair's rules, BadInput for the wrong coin.

    A buy is measured like at the venue: by the coins that its whole yen would get at the best ask.
    """
    coin = ticker.ask.coin
    lot = lot_of(coin)
    if isinstance(order, MarketBuy):
        spend = yen(floor_to(order.spend.number, lot.market_buy_step_jpy))
        _enough(spend.number / ticker.ask.number, coin)
        return VenueOrder(order_id, order.trading_pair, Side.BUY, OrderState.OPEN, at, spend=spend)
    if order.quantity.coin != coin:
        raise BadInput(f"{order.quantity} cannot be sold as {order.trading_pair}")
    if order.quantity.number % lot.size_step:
        raise Rejected(f"paper: against the order rules: {order.quantity} is between two steps of {lot.size_step:f}")
    _enough(order.quantity.number, coin)
    sell = VenueOrder(order_id, order.trading_pair, Side.SELL, OrderState.OPEN, at, quantity=order.quantity)
    if not isinstance(order, StopSell):
        return sell
    return replace(sell, state=OrderState.WAITING, stop_rate=_on_step(order.trigger, coin))


def due(order: VenueOrder, ticker: Ticker) -> bool:
    """Whether a resting stop order sells at this price."""
    return order.state is OrderState.WAITING and order.stop_rate is not None and ticker.bid <= order.stop_rate


def _enough(coins: Decimal, coin: str) -> None:
    if coins < lot_of(coin).min_size:
        raise Rejected(f"paper: against the order rules: fewer than {lot_of(coin).min_size} {coin}")


def _on_step(trigger: Price[JPY], coin: str) -> Price[JPY]:
    """A trigger on the pair's price step, rounded down: never nearer to the market than was decided."""
    if trigger.coin != coin:
        raise BadInput(f"{coin} cannot be stopped at {trigger}")
    step = lot_of(coin).price_step
    if trigger.number < step:
        raise Rejected(f"paper: against the order rules: a trigger of {trigger} is below the smallest price, {step:f}")
    return Price(floor_to(trigger.number, step), coin, JPY)
