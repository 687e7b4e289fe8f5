"""Execute: claim, check, free the coins, send once. Every step is in the books before and after the venue is asked.

A crash at any line leaves a trade in a status that says what is known; the next delivery goes on from there. What was
sent is settled in ``settle``, what was sent without an answer is looked up in ``evidence``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from trading.errors import Halt, Rejected, Transient, Unknown
from trading.order import Event, Holdings, Intent, Side, Status, Trade
from trading.pairs import coin_of
from trading.ports import Clock, Exchange, Ledger
from trading.services.refusal import refusal, switched_off
from trading.strategy import Strategy

SENDING_PART = 0.75
"""How much of what is left of a lease may be used to get an order onto the wire."""


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
        return saved(ledger, trade.on(Event.CLAIM, at, claim=token, lease_until=lease, note=""))
    if trade.status is Status.SENT:
        note = "the executor stopped before it read the answer"
        return saved(ledger, trade.on(Event.LOSE, at, unknown_since=at, note=note))
    return trade


def check(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange, strategy: Strategy) -> Trade:
    """Ask everything that may forbid the order, right before sending; a reason makes the trade REFUSED.

    Raises Transient when something cannot be read: an unreadable kill switch sends nothing.
    """
    reason = refusal(trade.intent, at, ledger, exchange, strategy)
    return trade if reason is None else refused(trade, reason, at, ledger)


def refused(trade: Trade, reason: str, at: datetime, ledger: Ledger) -> Trade:
    """The trade ended by us, with the reason in words; its slot or its position is given back in the same write."""
    ended = trade.on(Event.REFUSE, at, note=reason)
    ledger.drop_trade(ended, at)
    return ended


def send(trade: Trade, clock: Clock, ledger: Ledger, exchange: Exchange) -> Trade:
    """Send the order of a claimed trade, once. SENT is written before the call, what came of it after.

    The last word before the wire is the fence: once the lease or the intent is over, or the kill switch was flipped or
    cannot be read, nothing leaves. Raises Unknown when no clear answer came (the trade is UNKNOWN and this path never
    sends it again), Transient when the venue surely did nothing (the trade is BOOKED again, the message comes again),
    Halt when a human must act.
    """
    at = clock.now()
    before = holdings(trade.intent, exchange)
    sent = saved(ledger, trade.on(Event.SEND, at, sent_at=at, before=before))
    try:
        order_id = exchange.place(sent.intent.order(), _fence(sent, clock, ledger))
    except (Transient, Halt) as error:
        nothing = {"claim": None, "lease_until": None, "sent_at": None, "before": None}
        saved(ledger, sent.on(Event.BOUNCE, clock.now(), note=str(error), **nothing))
        raise
    except Rejected as error:
        rejected = sent.on(Event.REJECT, clock.now(), note=str(error))
        ledger.drop_trade(rejected, clock.now())
        return rejected
    except Unknown as error:
        at = clock.now()
        saved(ledger, sent.on(Event.LOSE, at, unknown_since=at, note=str(error)))
        raise
    return saved(ledger, sent.on(Event.ACCEPT, clock.now(), order_id=order_id))


def _fence(sent: Trade, clock: Clock, ledger: Ledger) -> Callable[[], bool]:
    """Down well before the lease ends: another executor's look must come later than our nonce, clocks apart or not."""
    at, lease = sent.sent_at or sent.intent.created_at, sent.lease_until or sent.intent.expires_at
    last = min(at + (lease - at) * SENDING_PART, sent.intent.expires_at)

    def holds() -> bool:
        return switched_off(sent.intent, ledger) is None and clock.now() < last

    return holds


def holdings(intent: Intent, exchange: Exchange) -> Holdings:
    """What the account holds of yen and of the intent's coin, tied up or not."""
    balances = exchange.balances()
    return Holdings(balances.jpy, balances.coins(coin_of(intent.trading_pair)))


def ready(trade: Trade, at: datetime, ledger: Ledger, exchange: Exchange) -> Trade:
    """Last look of an exit: the coins of its position are free to be sold. Else it is REFUSED, and says so."""
    if trade.intent.side is Side.BUY or trade.status is not Status.CLAIMED or trade.intent.quantity is None:
        return trade
    wanted = trade.intent.quantity
    held = exchange.balances().free.get(wanted.coin)
    if held is not None and held >= wanted:
        return trade
    return refused(trade, f"position holds {wanted}, the venue shows {held or 'none'} free", at, ledger)


def saved(ledger: Ledger, trade: Trade) -> Trade:
    """Write a trade, one version on, and give it back."""
    ledger.save_trade(trade)
    return trade
