"""Execute what the queue carries: one message, one outcome."""

from __future__ import annotations

from uuid import uuid4

from prefect import flow

from blocks.desk import DeskName, open_desk
from flows.outcomes import fail_if_any, run_name
from tasks.execute import check, claim, done, free_coins, look_up, receive, send, settle
from tasks.notify import tell
from trading.errors import Conflict, Rejected
from trading.order import Side, Status, Trade
from trading.ports import Delivery
from trading.services.telling import finished, notices_of


@flow(name="execute_orders", flow_run_name=run_name("execute"))
def execute_orders(desk: DeskName = "embedded") -> list[Trade]:
    """Carry out the booked intents on the queue; a message that fails comes again, the others are not touched by it.

    Args:
        desk: whose queue is worked off: embedded (the stand-in), paper (real market, play money) or live (real money).
    """
    open_desk(desk)
    trades: list[Trade] = []
    received = receive(desk)
    errors = {one.message_id: f"not one of our messages: {one.reason}" for one in received.unreadable}
    for delivery in received:
        try:
            trades.append(carry_out(desk, delivery))
        except Exception as error:  # noqa: BLE001 (one message, one outcome: told, and failed, below)
            errors[delivery.trade_id] = f"{type(error).__name__}: {error}"
    if notices := notices_of(trades, errors, open_desk(desk).clock.now()):
        tell(desk, notices)
    fail_if_any(errors)
    return trades


def carry_out(desk: str, delivery: Delivery) -> Trade:
    """One trade from wherever it stands to its end: the status alone says which step is next."""
    token = str(uuid4())
    trade = claimed(desk, delivery, token)
    if trade.status is Status.CLAIMED and trade.claim != token:
        return trade
    if trade.status is Status.UNKNOWN:
        trade = look_up(desk, trade)
    if trade.status is Status.CLAIMED:
        trade = check(desk, trade)
    if trade.status is Status.CLAIMED and trade.intent.side is Side.SELL:
        trade = free_coins(desk, trade)
    if trade.status is Status.CLAIMED:
        trade = send(desk, trade)
    if trade.status is Status.ACCEPTED:
        trade = settle(desk, trade)
    if finished(trade):
        done(desk, delivery)
    return trade


def claimed(desk: str, delivery: Delivery, token: str) -> Trade:
    """The trade of a message, taken for this run, or as another executor has it: it comes again if that one dies.

    A message about nothing that was ever booked is dropped, and said: it can never become an order.
    """
    try:
        return claim(desk, delivery.trade_id, token)
    except Conflict:
        raise
    except Rejected:
        done(desk, delivery)
        raise
