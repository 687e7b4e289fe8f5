"""Settle: the fills of an accepted order are read back, checked against ticker and account, and booked.

Trade and position change in one transaction; fills that contradict what else is known are never booked (I4, I9).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from trading.errors import Halt, Transient
from trading.money import JPY, Price
from trading.order import Event, Execution, Intent, Side, Trade, summed
from trading.ports import Exchange, Ledger
from trading.position import Position, closed, opened, reduced
from trading.services.evidence import coins_moved
from trading.services.execute import saved
from trading.strategy import Strategy
from trading.venue import OrderState, VenueOrder


def settle(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """Read the fills of an accepted order back, check them, and book trade and position together.

    Raises Transient while the venue still works on the order or the account does not show it yet. Fills that contradict
    every price we know, or the coins that moved, halt the trade: Halt.
    """
    order_id, since = trade.order_id or "", trade.sent_at or trade.intent.created_at
    order = exchange.order(order_id)
    if order.state in {OrderState.OPEN, OrderState.WAITING}:
        msg = f"order {order_id} of {trade.intent.trade_id} is not done yet"
        raise Transient(msg)
    fills = exchange.fills(order_id, since - timedelta(seconds=strategy.clock_margin_s))
    if not fills:
        return _without_fills(trade, order.state, at, ledger)
    execution = summed(fills)
    if not complete(order, execution):
        return _incomplete(trade, execution, order, at, ledger, strategy)
    position = ledger.position(trade.intent.position_id) if trade.intent.position_id else None
    if wrong := _off_every_price(execution, trade.intent, position, exchange, strategy):
        return _halted(trade, execution, at, ledger, wrong)
    if trade.before is not None and (wrong := _off_the_account(trade, execution, exchange)):
        if at - (trade.updated_at or since) < timedelta(seconds=strategy.evidence_limit_s):
            msg = f"{trade.intent.trade_id}: {wrong}; looked at again"
            raise Transient(msg)
        return _halted(trade, execution, at, ledger, wrong)
    try:
        return _booked(trade.on(Event.FILL, at, executed=execution), execution, position, at, ledger, strategy)
    except Halt as error:
        return _halted(trade, execution, at, ledger, str(error))


def _without_fills(trade: Trade, state: OrderState, at: datetime, ledger: Ledger) -> Trade:
    if state is OrderState.FILLED:
        msg = f"order {trade.order_id} is filled but its fills are not listed yet"
        raise Transient(msg)
    void = trade.on(Event.VOID, at, note=f"the venue ended order {trade.order_id} without a fill")
    ledger.drop_trade(void, at)
    return void


def complete(order: VenueOrder, execution: Execution) -> bool:
    """Whether the fills are all that the venue says the order executed; where it does not say, nothing contradicts."""
    return order.executed is None or order.executed.is_zero or execution.quantity == order.executed


def _incomplete(
    trade: Trade, execution: Execution, order: VenueOrder, at: datetime, ledger: Ledger, strategy: Strategy
) -> Trade:
    """The list of fills lags behind the order: never booked in part, read again, and after a while for a human."""
    words = f"order {trade.order_id} executed {order.executed}, its fills add up to {execution.quantity}"
    if at - (trade.updated_at or at) < timedelta(seconds=strategy.evidence_limit_s):
        msg = f"{trade.intent.trade_id}: {words}; read again"
        raise Transient(msg)
    return _halted(trade, execution, at, ledger, words)


def _off_every_price(
    execution: Execution, intent: Intent, position: Position | None, exchange: Exchange, strategy: Strategy
) -> str | None:
    """Whether the fill price is far from all we know: the ticker, the band it was decided in, the last look at it.

    The ticker alone would halt an honest order that is settled hours later, in another market.
    """
    ticker = exchange.ticker(intent.trading_pair).last
    seen: list[Price[JPY]] = [ticker]
    if intent.band is not None:
        seen += [intent.band.low, intent.band.high]
    if position is not None:
        seen.append(position.current_price)
    apart = min(abs(execution.price / price - 1) * 100 for price in seen)
    if apart <= strategy.fill_price_tolerance_pct:
        return None
    return f"filled at {execution.price}, the ticker says {ticker}: {apart:.0f} % from every price we know"


def _off_the_account(trade: Trade, execution: Execution, exchange: Exchange) -> str | None:
    """Whether the account's coins moved by anything else than the fills say."""
    moved, quantity = coins_moved(trade, exchange), execution.quantity.number
    expected = quantity if trade.intent.side is Side.BUY else -quantity
    if moved == expected:
        return None
    return f"the fills say {expected:+f} {execution.quantity.coin}, the account moved by {moved:+f}"


def _halted(trade: Trade, execution: Execution, at: datetime, ledger: Ledger, words: str) -> Trade:
    saved(ledger, trade.on(Event.HALT, at, executed=execution, note=words))
    msg = f"{trade.intent.trade_id}: {words}; look at the venue, then say what it was: trader resolve"
    raise Halt(msg)


def _booked(
    filled: Trade,
    execution: Execution,
    position: Position | None,
    at: datetime,
    ledger: Ledger,
    strategy: Strategy,
) -> Trade:
    intent = filled.intent
    if intent.side is Side.BUY:
        ledger.open_position(filled, opened(filled, execution, at, strategy))
        return filled
    if position is None:
        msg = f"{intent.trade_id} sold coins of position {intent.position_id}, which the books do not know"
        raise Halt(msg)
    if execution.quantity < position.size:
        ledger.reduce_position(filled, reduced(position, execution))
    else:
        ledger.close_position(filled, closed(position, execution, intent.reason, at))
    return filled
