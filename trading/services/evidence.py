"""Evidence: what became of an order whose answer never came.

The venue knows no client order ids, so an unanswered order is recognised by what it was: pair, side, exact size and
time, among the open orders and the executions since it was sent; and by what it did: the coins of its pair, which no
other order of ours moves meanwhile. Three things can come of it:

found      one order fits: the trade is ACCEPTED with its id and is settled like any other.
absent     two looks, some time apart, find nothing, and the coins have not moved: it never reached the venue, REJECTED.
           Each look is a signed request with a later nonce than the order's; the venue takes only rising nonces, so an
           order that was delayed on the way can no longer be accepted after a look has been answered.
ambiguous  several orders fit, or coins moved and none does, for too long: HALTED, a human looks (trader resolve).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from trading.errors import Halt
from trading.money import floor_to, yen
from trading.order import Event, Side, Trade
from trading.pairs import coin_of
from trading.ports import Exchange, Ledger
from trading.position import Position
from trading.services.execute import saved
from trading.services.known import orders_known
from trading.strategy import Strategy
from trading.venue import VenueOrder


def look_up(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """One look for an UNKNOWN trade: ACCEPTED, REJECTED, or UNKNOWN still, with what was seen in the books.

    Raises Transient when the venue cannot be asked (the trade stays UNKNOWN), Halt when a human must look.
    """
    found = matches(trade, at, ledger, exchange, strategy)
    if len(found) == 1:
        note = f"found at the venue as order {found[0].order_id}"
        return saved(ledger, trade.on(Event.FIND, at, order_id=found[0].order_id, note=note))
    if len(found) > 1:
        return _halted(trade, at, ledger, f"orders {', '.join(one.order_id for one in found)} all fit it")
    moved = coins_moved(trade, exchange)
    if moved:
        coin = coin_of(trade.intent.trading_pair)
        words = f"{coin} moved by {moved:+f} since it was sent, but no order of its size is at the venue"
        return _still_unknown(trade, at, ledger, strategy, words)
    if trade.absent_since is None:
        words = "not among the venue's open orders and executions; looked for once more before it is given up"
        return saved(ledger, trade.on(Event.LOOK, at, absent_since=at, note=words))
    if at - trade.absent_since < timedelta(seconds=strategy.evidence_settle_s):
        return trade
    words = "never reached the venue: no open order, no execution, no coins moved, twice looked for"
    gone = trade.on(Event.VOID, at, note=words)
    ledger.drop_trade(gone, at)
    return gone


def matches(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> list[VenueOrder]:
    """The venue's orders that this trade may be: same pair, side and size, since it was sent, of no other trade."""
    margin = timedelta(seconds=strategy.clock_margin_s)
    since = (trade.sent_at or trade.intent.created_at) - margin
    pair, side = trade.intent.trading_pair, trade.intent.side
    resting = [one.order_id for one in exchange.open_orders() if (one.trading_pair, one.side) == (pair, side)]
    filled = [one.order_id for one in exchange.executions(since) if (one.trading_pair, one.side) == (pair, side)]
    known = orders_known(since, at, ledger, but=trade.intent.trade_id)
    candidates = _once([*resting, *filled], known)
    return [order for order in map(exchange.order, candidates) if fits(trade, order, since)]


def fits(trade: Trade, order: VenueOrder, since: datetime) -> bool:
    """Whether an order is what this trade asked for, to the last digit; one whose size is not told may be it."""
    intent = trade.intent
    asked = order.spend if intent.side is Side.BUY else order.quantity
    wanted = yen(whole(intent.spend.number)) if intent.spend is not None else intent.quantity
    same_size = asked is None or asked == wanted
    plain = order.market and order.stop_rate is None
    return plain and same_size and order.side is intent.side and order.created_at >= since


def fits_stop(position: Position, order: VenueOrder) -> bool:
    """Whether an order is the stop that was asked for a position: no other can hold all of its coins."""
    return order.stop_rate is not None and order.quantity == position.size


def whole(spend: Decimal) -> Decimal:
    """Yen as a market buy sends them: whole, rounded down."""
    return floor_to(spend, Decimal(1))


def coins_moved(trade: Trade, exchange: Exchange) -> Decimal:
    """By how much the coins of the trade's pair differ from when it was sent; 0 when that was not noted."""
    if trade.before is None:
        return Decimal(0)
    now = exchange.balances().coins(coin_of(trade.intent.trading_pair))
    return now.number - trade.before.coins.number


def _still_unknown(trade: Trade, at: datetime, ledger: Ledger, strategy: Strategy, words: str) -> Trade:
    """Not clear yet, which a slow venue may explain for a while, and after that only a human."""
    since = trade.unknown_since or trade.sent_at or at
    if at - since >= timedelta(seconds=strategy.evidence_limit_s):
        return _halted(trade, at, ledger, words)
    if trade.absent_since is None and trade.note == words:
        return trade
    return saved(ledger, trade.on(Event.LOOK, at, absent_since=None, note=words))


def _halted(trade: Trade, at: datetime, ledger: Ledger, words: str) -> Trade:
    saved(ledger, trade.on(Event.HALT, at, note=words))
    msg = f"{trade.intent.trade_id}: {words}; look at the venue, then say what it was: trader resolve"
    raise Halt(msg)


def _once(order_ids: Iterable[str], known: Iterable[str]) -> list[str]:
    taken = set(known)
    return [one for one in dict.fromkeys(order_ids) if one not in taken]
