"""Protect: a stop order resting at the venue sells a position even when nothing of ours runs.

It lies a little below our own stop, so that ours acts first while it can, and is moved up when ours is raised. The
venue reserves the coins of a resting stop, so there is never more than one per position, whatever reply is lost; and
our own exit first takes the stop away (``free_coins``). A stop that sold is no surprise: its order becomes the exit's.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from trading.errors import Halt, Rejected, Transient, Unknown
from trading.limits import allows_exit
from trading.money import JPY, Price
from trading.order import Event, Side, StopSell, Trade
from trading.ports import Exchange, Ledger
from trading.position import Position, PositionStatus, Protection
from trading.services.evidence import fits_stop
from trading.services.execute import saved
from trading.services.known import orders_known, trades_since
from trading.strategy import Strategy
from trading.venue import OrderState, VenueOrder

WHOLE = Decimal(100)
MOVE_FROM = Decimal("1.001")
"""A stop is moved once ours rose by this factor: moving costs a cancel, an order, and a moment without a stop."""


def keep(position_id: str, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Position | None:
    """Bring the venue's stop in step with an OPEN position: place it, find it again, or move it up.

    A stop that is gone because it sold is left in place here; ``sold_by_stop`` says so. None when nothing is open under
    that id. Raises Transient, Rejected or Halt: the next look goes on from what is in the books.
    """
    position = ledger.position(position_id)
    if position is None or position.status is not PositionStatus.OPEN:
        return None
    if position.protection is None:
        return _place(position, at, ledger, exchange, strategy)
    resting = at_the_venue(position, at, ledger, exchange, strategy)
    if resting is not None and resting.order_id != position.protection.order_id:
        position = _saved(ledger, position, replace(position.protection, order_id=resting.order_id))
    return _in_step(position, resting, at, ledger, exchange, strategy)


def _in_step(
    position: Position,
    resting: VenueOrder | None,
    at: datetime,
    ledger: Ledger,
    exchange: Exchange,
    strategy: Strategy,
) -> Position:
    """The position once its stop is where it belongs; one that sold, or is about to, is left for the next look."""
    held = position.protection
    gone = resting is None or (resting.state is OrderState.CANCELED and not filled(resting))
    if gone and held is not None and not may_still_show(held, at, strategy):
        return _place(_without(position, ledger), at, ledger, exchange, strategy)
    if gone or resting is None or held is None or resting.state is not OrderState.WAITING:
        return position
    low = held.rate.number * MOVE_FROM <= wanted_rate(position, strategy).number
    if not (low and allows_exit(ledger.kill_switch().mode)):
        return position
    return _place(withdrawn(position, resting, ledger, exchange), at, ledger, exchange, strategy)


def wanted_rate(position: Position, strategy: Strategy) -> Price[JPY]:
    """Where the venue's stop belongs: a little below our own."""
    return position.stop_loss.scaled(1 - strategy.protective_gap_pct / WHOLE)


def may_still_show(stop: Protection, at: datetime, strategy: Strategy) -> bool:
    """Whether a stop whose reply was lost was asked for so lately that the venue's lists may not have it yet."""
    return stop.order_id is None and at - stop.asked_at < timedelta(seconds=strategy.evidence_settle_s)


def leave(position_id: str, at: datetime) -> None:
    """For a desk whose positions are watched by us alone: nothing is placed."""
    del position_id, at


def sold_by_stop(
    position: Position, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy
) -> str | None:
    """The id of the position's stop order if it sold; None while it rests or when there is none."""
    stop = at_the_venue(position, at, ledger, exchange, strategy) if position.protection else None
    return stop.order_id if stop is not None and filled(stop) else None


def taken_over(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """An exit that the venue's stop already made is ACCEPTED, before anything may forbid it: it has happened."""
    position = ledger.position(trade.intent.position_id or "") if trade.intent.side is Side.SELL else None
    if position is None or position.protection is None or position.closing_trade_id != trade.intent.trade_id:
        return trade
    sold = sold_by_stop(position, at, ledger, exchange, strategy)
    return trade if sold is None else adopted(trade, sold, position.protection.asked_at, at, ledger)


def free_coins(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """Before an exit is sent: take the position's stop off the venue, so that its coins can be sold.

    When the stop sold them already, the exit is ACCEPTED with the stop's order and nothing is sent. Raises Transient
    while the venue has not ended the stop.
    """
    position = ledger.position(trade.intent.position_id or "")
    if trade.intent.side is Side.BUY or position is None:
        return trade
    resting = at_the_venue(position, at, ledger, exchange, strategy)  # also one that the book lost sight of
    if resting is not None and not filled(resting):
        resting = _ended(resting, exchange) if resting.state is not OrderState.CANCELED else resting
    if resting is not None and filled(resting):
        return adopted(trade, resting.order_id, position.opened_at, at, ledger)
    if position.protection is not None:
        if resting is None and may_still_show(position.protection, at, strategy):
            msg = f"whether a stop of {position.position_id} rests at the venue is not clear yet; looked at again"
            raise Transient(msg)
        _without(position, ledger)
    return trade


def adopted(trade: Trade, order_id: str, since: datetime, at: datetime, ledger: Ledger) -> Trade:
    """The exit that the venue's stop already made since a time: ACCEPTED with its order, settled like any other."""
    others = trades_since(since, at, ledger)
    if taken := [one.intent.trade_id for one in others if one.order_id == order_id and one != trade]:
        msg = f"stop order {order_id} is booked as {taken[0]} already; {trade.intent.trade_id} cannot be it too"
        raise Halt(msg)
    note = f"sold by stop order {order_id} resting at the venue"
    facts = {"order_id": order_id, "sent_at": since, "before": None, "note": note}
    return saved(ledger, trade.on(Event.ADOPT, at, **facts))


def withdrawn(position: Position, resting: VenueOrder, ledger: Ledger, exchange: Exchange) -> Position:
    """The position without its stop, once the venue has ended it. Raises Transient when it has not, or when it sold."""
    ended = _ended(resting, exchange)
    if filled(ended):
        msg = f"the stop of {position.position_id} sold while it was moved; the next look books the exit"
        raise Transient(msg)
    return _without(position, ledger)


def at_the_venue(
    position: Position, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy
) -> VenueOrder | None:
    """The position's stop as the venue has it. One whose reply was lost is recognised by pair, size and trigger."""
    held = position.protection
    if held is not None and held.order_id is not None:
        return exchange.order(held.order_id)
    since = position.opened_at - timedelta(seconds=strategy.clock_margin_s)
    known = orders_known(since, at, ledger)
    pair = position.trading_pair
    seen = [one.order_id for one in exchange.open_orders() if (one.trading_pair, one.side) == (pair, Side.SELL)]
    seen += [one.order_id for one in exchange.executions(since) if (one.trading_pair, one.side) == (pair, Side.SELL)]
    found = [exchange.order(order_id) for order_id in dict.fromkeys(seen) if order_id not in known]
    return next((order for order in found if fits_stop(position, order)), None)


def filled(order: VenueOrder) -> bool:
    """Whether an order sold anything."""
    return order.state is OrderState.FILLED or order.partly


def _ended(resting: VenueOrder, exchange: Exchange) -> VenueOrder:
    with suppress(Rejected):  # it ended by itself meanwhile; what follows says how
        exchange.cancel(resting.order_id)
    now = exchange.order(resting.order_id)
    if now.state in {OrderState.WAITING, OrderState.OPEN}:
        msg = f"stop order {now.order_id} is not cancelled yet"
        raise Transient(msg)
    return now


def _place(position: Position, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Position:
    """Ask for a stop. It is in the books before it is asked for, so that a lost reply is looked for, not repeated.

    A Rejected may mean that the coins are tied up in a stop whose reply was lost: that one is looked for. With
    everything switched off nothing is asked for.
    """
    if not allows_exit(ledger.kill_switch().mode):
        return position
    rate = wanted_rate(position, strategy)
    asked = _saved(ledger, position, Protection(rate, at))

    def still_ours() -> bool:
        now = ledger.position(asked.position_id)
        if not allows_exit(ledger.kill_switch().mode):
            return False
        return now is not None and now.version == asked.version

    try:
        order_id = exchange.place(StopSell(position.trading_pair, position.size, rate), still_ours)
    except (Transient, Halt):
        _without(asked, ledger)
        raise
    except Rejected:
        return _found_or_gone(asked, at, ledger, exchange, strategy)
    except Unknown:
        return asked
    return _saved(ledger, asked, Protection(rate, at, order_id))


def _found_or_gone(asked: Position, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Position:
    """After the venue refused a stop: with the one that is there already, or plainly without. Raises Rejected then."""
    stop = at_the_venue(asked, at, ledger, exchange, strategy)
    if stop is not None and asked.protection is not None:
        return _saved(ledger, asked, replace(asked.protection, order_id=stop.order_id))
    _without(asked, ledger)
    msg = f"the venue takes no stop for {asked.position_id}: it is watched by us alone until the next try"
    raise Rejected(msg)


def _without(position: Position, ledger: Ledger) -> Position:
    return _saved(ledger, position, None)


def _saved(ledger: Ledger, position: Position, stop: Protection | None) -> Position:
    """A position with another stop, one version on."""
    changed = replace(position, protection=stop, version=position.version + 1)
    ledger.save_position(changed)
    return changed
