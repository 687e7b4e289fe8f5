"""Dead letters put back on the queue: safe to repeat, whatever their orders came to meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.sqs import SqsOrderQueue
from blocks.desk import Desk
from tests.processes.commands import trader
from tests.processes.desks import desk_of, executed, outside, queue_of, trades_of
from tests.services.conftest import Room
from trading.order import Event, Status
from trading.services.execute import saved
from trading.tables import ORDER_REQUESTS, ORDER_REQUESTS_DLQ

AT_ONCE = replace(ORDER_REQUESTS, visibility_s=0, dead_letters=replace(ORDER_REQUESTS_DLQ, visibility_s=0))
TRIES = ORDER_REQUESTS.max_receives


@pytest.fixture
def queue(room: Room) -> SqsOrderQueue:
    """The room's queue, which hides nothing: three receives are three tries."""
    return queue_of(room, AT_ONCE)


@pytest.fixture
def desk(room: Room, queue: SqsOrderQueue) -> Desk:
    return desk_of(room, queue)


@pytest.fixture
def ended(room: Room) -> dict[str, str]:
    """One order in every state that a message can still speak of when nothing more is to be done; their trade ids."""
    held = room.bought("eth_usdt")
    sold = room.bought("sol_usdt")
    exit_id = room.book_exit(sold)
    room.carried_out(exit_id)
    refused = room.book_buy("btc_usdt")
    room.world.advance(300)
    room.carried_out(refused)
    rejected = room.book_buy("xrp_usdt", yen_spent=10)
    room.carried_out(rejected)
    halted = room.lost_buy("doge_usdt")
    unclear = room.ledger.trade(halted)
    assert unclear is not None
    saved(room.ledger, unclear.on(Event.HALT, room.now(), note="two orders fit it"))
    return {
        "an entry that is held": held.trade_id,
        "an entry that was sold": sold.trade_id,
        "an exit": exit_id,
        "refused": refused,
        "rejected": rejected,
        "halted": halted,
        "never booked": "TRD-nobody-knows-BUY",
    }


def died(queue: SqsOrderQueue, trade_ids: list[str]) -> None:
    """These messages failed three times each and are dead letters."""
    before = queue.dead()
    for trade_id in trade_ids:
        queue.send(trade_id, {})
    while queue.waiting():
        queue.receive()
    assert queue.dead() == before + len(trade_ids)


def redriven(queue: SqsOrderQueue, *, interrupted: bool = False) -> None:
    """Every dead letter back on the queue; ``interrupted``: the machine died before it was taken off the dead ones."""
    for _ in range(queue.dead()):
        for delivery in queue.dead_letters(1):
            if interrupted:
                queue.send(delivery.trade_id, delivery.trace)
            queue.redrive(delivery)


def drained(desk: Desk, queue: SqsOrderQueue) -> None:
    for _ in range(10):
        if queue.waiting():
            executed(desk)
    assert queue.waiting() == 0


def test_the_states_are_what_they_are_called(room: Room, ended: dict[str, str]) -> None:
    """The orders that the tests below redrive have ended in each of the ways there are."""
    trades = trades_of(room)
    assert {name: trades[trade_id].status for name, trade_id in ended.items() if trade_id in trades} == {
        "an entry that is held": Status.FILLED,
        "an entry that was sold": Status.FILLED,
        "an exit": Status.FILLED,
        "refused": Status.REFUSED,
        "rejected": Status.REJECTED,
        "halted": Status.HALTED,
    }


def test_redriving_all_dead_letters_twice_changes_nothing(
    room: Room, desk: Desk, queue: SqsOrderQueue, ended: dict[str, str]
) -> None:
    """Orders at the venue, balances, trades, positions and totals are identical before and after; no letter is left."""
    before = outside(room)
    for interrupted in (False, True):
        died(queue, list(ended.values()))
        redriven(queue, interrupted=interrupted)
        assert queue.dead() == 0
        drained(desk, queue)
        assert outside(room) == before


def test_the_command_redrives_and_changes_nothing(
    room: Room, desk: Desk, queue: SqsOrderQueue, ended: dict[str, str], tmp_path: Path
) -> None:
    """``trader redrive``, by another process and twice, names what it put back; book and venue stay as they were."""
    before = outside(room)
    died(queue, list(ended.values()))
    said = trader(room, tmp_path, "redrive")
    assert sorted(said["redriven"]) == sorted(ended.values())
    assert trader(room, tmp_path, "redrive")["redriven"] == []
    drained(desk, queue)
    assert outside(room) == before


@settings(max_examples=3, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.lists(st.sampled_from(["redrive", "interrupted", "execute", "die"]), min_size=4, max_size=12),
)
def test_an_order_that_died_unsent_is_made_once_however_often_it_is_redriven(
    room: Room, desk: Desk, queue: SqsOrderQueue, data: list[str]
) -> None:
    """A letter about an order that was only booked makes this one order, then nothing more."""
    free = next(key for key in ("eth_usdt", "sol_usdt", "avax_usdt") if not room.ledger.positions_of(key))
    orders, trade_id = room.venue_orders(), room.book_buy(free)
    died(queue, [trade_id])
    steps: dict[str, Callable[[], object]] = {
        "redrive": lambda: redriven(queue),
        "interrupted": lambda: redriven(queue, interrupted=True),
        "execute": lambda: executed(desk),
        "die": lambda: [queue.receive() for _ in range(TRIES + 1)],
    }
    for step in (*data, "redrive", "execute", "execute"):
        steps[step]()
    assert trades_of(room)[trade_id].status is Status.FILLED
    assert room.venue_orders() == orders + 1
