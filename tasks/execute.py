"""Tasks of ``execute_orders``: one step of one trade each, so that each is seen and retried (or not) on its own."""

from __future__ import annotations

from prefect import task

from blocks.desk import open_desk
from blocks.limits import ORDERS, held
from tasks.policies import ASK, SEND, WRITE
from trading.order import Status, Trade
from trading.ports import Delivery, Received
from trading.services import evidence, execute, protect
from trading.services import settle as settling


@task(task_run_name="receive", **ASK)
def receive(desk: str) -> Received:
    """Messages of the order queue, at most ten."""
    return open_desk(desk).queue.receive()


@task(task_run_name="claim-{trade_id}", **WRITE)
def claim(desk: str, trade_id: str, token: str) -> Trade:
    """Take a booked trade, so that nobody else executes it."""
    room = open_desk(desk)
    return execute.claim(trade_id, token, room.clock.now(), room.ledger, room.strategy)


@task(task_run_name="check-{trade.intent.trade_id}", **ASK)
def check(desk: str, trade: Trade) -> Trade:
    """Ask everything that may forbid the order; what the venue's own stop already did is not asked about."""
    room = open_desk(desk)
    at = room.clock.now()
    trade = protect.taken_over(trade, at, room.ledger, room.exchange, room.strategy)
    if trade.status is not Status.CLAIMED:
        return trade
    return execute.check(trade, at, room.ledger, room.exchange, room.strategy)


@task(task_run_name="free-coins-{trade.intent.trade_id}", **ASK)
def free_coins(desk: str, trade: Trade) -> Trade:
    """Before an exit: take the position's stop off the venue, or take over what it sold."""
    room = open_desk(desk)
    at = room.clock.now()
    freed = protect.free_coins(trade, at, room.ledger, room.exchange, room.strategy)
    return execute.ready(freed, at, room.ledger, room.exchange)


@task(task_run_name="send-{trade.intent.trade_id}", **SEND)
def send(desk: str, trade: Trade) -> Trade:
    """Send the order, once; over all processes at most as many in a second as the venue takes."""
    room = open_desk(desk)
    with held(ORDERS):
        return execute.send(trade, room.clock, room.ledger, room.exchange)


@task(task_run_name="look-up-{trade.intent.trade_id}", **ASK)
def look_up(desk: str, trade: Trade) -> Trade:
    """Find out what became of an order whose answer never came."""
    room = open_desk(desk)
    return evidence.look_up(trade, room.clock.now(), room.ledger, room.exchange, room.strategy)


@task(task_run_name="settle-{trade.intent.trade_id}", **ASK)
def settle(desk: str, trade: Trade) -> Trade:
    """Read the fills back and book them."""
    room = open_desk(desk)
    return settling.settle(trade, room.clock.now(), room.ledger, room.exchange, room.strategy)


@task(task_run_name="done-{delivery.trade_id}", **WRITE)
def done(desk: str, delivery: Delivery) -> None:
    """Take a finished message off the queue."""
    open_desk(desk).queue.done(delivery)
