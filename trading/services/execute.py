"""Execute: claim, check, send once, settle. Every step is written to the books before and after the venue is asked.

A crash at any line leaves a trade in a state that says what is known; the next delivery goes on from there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from trading.errors import Halt, Rejected, Transient, Unknown
from trading.limits import allows_entry, allows_exit
from trading.order import TERMINAL, Event, Execution, Intent, Side, Status, Trade, spread_pct, summed
from trading.ports import Exchange, Ledger, Notice
from trading.position import closed, opened
from trading.strategy import Strategy
from trading.venue import OrderState, Ticker


def claim(trade_id: str, token: str, at: datetime, ledger: Ledger, strategy: Strategy) -> Trade:
    """Take a booked trade for this executor, or say where it stands.

    The claim is a conditional write with a lease: of two executors one gets the trade, the other raises Conflict.
    A trade that was SENT by an executor that died is UNKNOWN from here on: it may be at the venue.
    Raises Rejected for a trade that was never booked: a message about nothing.
    """
    trade = ledger.trade(trade_id)
    if trade is None:
        msg = f"{trade_id} was never booked; the message is dropped"
        raise Rejected(msg)
    leased = trade.lease_until is not None and at < trade.lease_until and trade.claim != token
    if trade.status in {Status.CLAIMED, Status.SENT} and leased:
        return trade
    if trade.status in {Status.BOOKED, Status.CLAIMED}:
        lease = at + timedelta(seconds=strategy.lease_s)
        return _saved(ledger, trade.on(Event.CLAIM, at, claim=token, lease_until=lease))
    if trade.status is Status.SENT:
        return _saved(ledger, trade.on(Event.LOSE, at, note="the executor stopped before it read the answer"))
    return trade


def check(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """Ask everything that may forbid the order, right before sending; a reason makes the trade REFUSED.

    Raises Transient when something cannot be read: an unreadable kill switch sends nothing.
    """
    reason = refusal(trade.intent, at, ledger, exchange, strategy)
    if reason is None:
        return trade
    refused = trade.on(Event.REFUSE, at, note=reason)
    ledger.drop_trade(refused, at)
    return refused


def refusal(intent: Intent, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> str | None:
    """Why this intent may not be executed now, in words; None when it may."""
    if at >= intent.expires_at:
        return (
            f"stale: decided {intent.created_at:%H:%M:%S}, expired {intent.expires_at:%H:%M:%S}, now {at:%H:%M:%S} UTC"
        )
    mode = ledger.kill_switch().mode
    allowed = allows_entry(mode) if intent.side is Side.BUY else allows_exit(mode)
    if not allowed:
        return f"kill switch is {mode}"
    venue = exchange.availability(intent.trading_pair)
    if not venue.market_orders:
        return f"the venue takes no market orders of {intent.trading_pair} now ({venue.status})"
    ticker = exchange.ticker(intent.trading_pair)
    if intent.side is Side.BUY:
        return _entry_refusal(intent, ticker, exchange, strategy)
    return _exit_refusal(intent, ledger, exchange)


def _entry_refusal(intent: Intent, ticker: Ticker, exchange: Exchange, strategy: Strategy) -> str | None:
    if intent.band is None or not intent.band.holds(ticker.ask):
        return f"price {ticker.ask} is outside the band of the decision"
    spread = spread_pct(ticker.bid, ticker.ask)
    if spread > strategy.max_spread_pct:
        return f"spread {spread:.2f} % is above {strategy.max_spread_pct} %"
    free = exchange.balances().jpy_free
    if intent.spend is not None and intent.spend > free:
        return f"needs {intent.spend}, free are {free}"
    return None


def _exit_refusal(intent: Intent, ledger: Ledger, exchange: Exchange) -> str | None:
    position = ledger.position(intent.position_id or "")
    if position is None or position.closing_trade_id != intent.trade_id:
        return f"position {intent.position_id} is not being closed by this exit"
    held = exchange.balances().free.get(position.size.coin)
    if held is None or held < position.size:
        return f"position holds {position.size}, the venue shows {held or 'none'} free"
    return None


def send(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange) -> Trade:
    """Send the order of a claimed trade, once. SENT is written before the call, what came of it after.

    Raises Unknown when no clear answer came (the trade is UNKNOWN and is never sent again by this path), Transient when
    the venue surely did nothing (the trade is BOOKED again, the message comes again), Halt when a human must act.
    """
    sent = _saved(ledger, trade.on(Event.SEND, at, sent_at=at))
    try:
        order_id = exchange.place(sent.intent.order(), lambda: True)
    except (Transient, Halt) as error:
        _saved(ledger, sent.on(Event.BOUNCE, at, claim=None, lease_until=None, note=str(error)))
        raise
    except Rejected as error:
        rejected = sent.on(Event.REJECT, at, note=str(error))
        ledger.drop_trade(rejected, at)
        return rejected
    except Unknown as error:
        _saved(ledger, sent.on(Event.LOSE, at, note=str(error)))
        raise
    return _saved(ledger, sent.on(Event.ACCEPT, at, order_id=order_id))


def settle(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """Read the fills of an accepted order back, check them against the ticker, and book trade and position together.

    Raises Transient while the venue still works on the order. Fills that contradict the ticker halt the trade (I4).
    """
    order_id, since = trade.order_id or "", trade.sent_at or trade.intent.created_at
    order = exchange.order(order_id)
    if order.state in {OrderState.OPEN, OrderState.WAITING}:
        msg = f"order {order_id} of {trade.intent.trade_id} is not done yet"
        raise Transient(msg)
    fills = exchange.fills(order_id, since)
    if not fills:
        return _without_fills(trade, order.state, at, ledger)
    execution = summed(fills)
    ticker = exchange.ticker(trade.intent.trading_pair)
    apart = abs(execution.price / ticker.last - 1) * 100
    if apart > strategy.fill_price_tolerance_pct:
        note = f"filled at {execution.price}, the ticker says {ticker.last}: {apart:.0f} % apart"
        _saved(ledger, trade.on(Event.HALT, at, executed=execution, note=note))
        msg = f"{trade.intent.trade_id}: {note}; look at the venue, then set the trade right"
        raise Halt(msg)
    try:
        return _booked(trade.on(Event.FILL, at, executed=execution), execution, at, ledger, strategy)
    except Halt as error:
        _saved(ledger, trade.on(Event.HALT, at, executed=execution, note=str(error)))
        raise


def _without_fills(trade: Trade, state: OrderState, at: datetime, ledger: Ledger) -> Trade:
    if state is OrderState.FILLED:
        msg = f"order {trade.order_id} is filled but its fills are not listed yet"
        raise Transient(msg)
    void = trade.on(Event.VOID, at, note=f"the venue ended order {trade.order_id} without a fill")
    ledger.drop_trade(void, at)
    return void


def _booked(filled: Trade, execution: Execution, at: datetime, ledger: Ledger, strategy: Strategy) -> Trade:
    intent = filled.intent
    if intent.side is Side.BUY:
        ledger.open_position(filled, opened(filled, execution, at, strategy))
        return filled
    position = ledger.position(intent.position_id or "")
    if position is None:
        msg = f"{intent.trade_id} sold coins of position {intent.position_id}, which the books do not know"
        raise Halt(msg)
    ledger.close_position(filled, closed(position, execution, intent.reason, at))
    return filled


def finished(trade: Trade) -> bool:
    """Whether the message of a trade needs no further delivery."""
    return trade.status in TERMINAL


def notices_of(trades: Sequence[Trade], errors: Mapping[str, str], at: datetime) -> list[Notice]:
    """What people are told after a round: fills, refusals, and alarms for everything that needs eyes."""
    told = [
        Notice(f"order.{trade.status.lower()}", in_words(trade), at, {"trade_id": trade.intent.trade_id})
        for trade in trades
    ]
    return told + [Notice("order.failed", text, at, {"trade_id": name}, alarm=True) for name, text in errors.items()]


def in_words(trade: Trade) -> str:
    """One line a person understands: what was wanted and what became of it."""
    intent = trade.intent
    asked = (
        f"buy {intent.pair} for {intent.spend}"
        if intent.side is Side.BUY
        else f"sell {intent.quantity} ({intent.reason})"
    )
    if trade.executed is not None and trade.status is Status.FILLED:
        return f"{asked}: filled {trade.executed.quantity} at {trade.executed.price.number:.6g} JPY"
    return f"{asked}: {trade.status}" + (f", {trade.note}" if trade.note else "")


def _saved(ledger: Ledger, trade: Trade) -> Trade:
    ledger.save_trade(trade)
    return trade
