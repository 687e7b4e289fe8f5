"""Two hours in which nothing of ours runs, and the restart: old decisions are not carried out, new ones are.

The flows are the real ones without Prefect's engine; the venue's clock is moved, so that two hours take no time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace

import pytest

from blocks.desk import Desk
from flows.execute_orders import execute_orders
from flows.outcomes import StepsFailedError
from flows.reconcile import reconcile
from tests.processes.desks import Told, desk_of, flows_on, queue_of, trades_of
from tests.services.conftest import Room
from trading.errors import Transient
from trading.order import Event, Status, Trade
from trading.position import PositionStatus
from trading.reconciliation import Verdict
from trading.services.execute import holdings, saved
from trading.tables import ORDER_REQUESTS

OUTAGE_S = 2 * 3600
AT_ONCE = replace(ORDER_REQUESTS, visibility_s=0)
"""A queue that hides nothing: a message comes again at once, and to everybody."""


@pytest.fixture
def desk(room: Room) -> Desk:
    """The desk as it starts, after a comparison of book and venue from before the first order."""
    made = desk_of(room, queue_of(room, AT_ONCE))
    with flows_on(made):
        reconcile(desk="embedded")
    return made


def all_at_once(desk: Desk, room: Room, rounds: int = 6) -> None:
    """Three executors and the reconciler at the same time, a minute apart. What fails in a round is tried in the next.

    Only what a crowd does to each other may fail: a lost write, a book that moves while it is compared.
    """

    def run(flow: Callable[..., object]) -> None:
        with suppress(StepsFailedError, Transient):
            flow(desk="embedded")

    with flows_on(desk), ThreadPoolExecutor(4) as pool:
        for _ in range(rounds):
            list(pool.map(run, (reconcile, execute_orders, execute_orders, execute_orders)))
            room.world.advance(60)


def sent_twice(desk: Desk, trade_ids: Sequence[str]) -> None:
    for trade_id in (*trade_ids, *trade_ids):
        desk.queue.send(trade_id, {})


def claimed(room: Room, key: str) -> Trade:
    return room.check(room.claim(room.book_buy(key)))


def written_as_sent(room: Room, key: str) -> Trade:
    """A trade that is SENT by the book, whatever became of it: what an executor leaves that is killed there."""
    trade, at = claimed(room, key), room.now()
    return saved(room.ledger, trade.on(Event.SEND, at, sent_at=at, before=holdings(trade.intent, room.exchange)))


def left_behind(room: Room) -> dict[str, str]:
    """One order in every state in which an outage can find it, by what it was when all stopped."""
    there = written_as_sent(room, "doge_usdt")
    room.exchange.place(there.intent.order(), lambda: True)
    return {
        "booked": room.book_buy("eth_usdt"),
        "booked, no message": room.book_buy("btc_usdt"),
        "claimed": claimed(room, "xrp_usdt").intent.trade_id,
        "sent, not there": written_as_sent(room, "sol_usdt").intent.trade_id,
        "sent, there": there.intent.trade_id,
        "accepted": room.send(claimed(room, "avax_usdt")).intent.trade_id,
    }


def test_an_outage_of_two_hours_executes_no_stale_decision(room: Room, desk: Desk) -> None:
    """What was not sent is REFUSED as stale, in the books and told; what the venue has is booked; nothing is sent."""
    left = left_behind(room)
    sent_twice(desk, [trade_id for name, trade_id in left.items() if name != "booked, no message"])
    orders = room.world.ledger()["orders"]
    room.world.advance(OUTAGE_S)
    all_at_once(desk, room)

    assert [one["id"] for one in room.world.ledger()["orders"]] == [one["id"] for one in orders]
    assert len(orders) == 2
    trades = trades_of(room)
    came_to = {name: trades[trade_id].status for name, trade_id in left.items()}
    stale, filled = ("booked", "booked, no message", "claimed"), ("sent, there", "accepted")
    assert came_to == (
        dict.fromkeys(stale, Status.REFUSED)
        | {"sent, not there": Status.REJECTED}
        | dict.fromkeys(filled, Status.FILLED)
    )
    assert all(trades[left[name]].note.startswith("stale: ") for name in stale)
    assert isinstance(desk.alerts, Told)
    told = {one.fields["trade_id"] for one in desk.alerts.notices if one.kind == "order.refused"}
    assert told == {left[name] for name in stale}


def test_after_an_outage_the_pairs_are_free_and_fresh_decisions_trade(room: Room, desk: Desk) -> None:
    """Every pair whose decision went stale takes a new one, which is filled once; book and venue agree."""
    sent_twice(desk, list(left_behind(room).values()))
    room.world.advance(OUTAGE_S)
    all_at_once(desk, room)
    assert room.ledger.pending_trades() == []
    fresh = [room.book_buy(key) for key in ("eth_usdt", "btc_usdt", "xrp_usdt", "sol_usdt")]
    sent_twice(desk, fresh)
    all_at_once(desk, room, rounds=2)
    trades = trades_of(room)
    assert [trades[trade_id].status for trade_id in fresh] == [Status.FILLED] * 4
    assert room.venue_orders() == 6
    assert len(room.ledger.open_positions()) == 6
    with flows_on(desk):
        assert reconcile(desk="embedded").verdict is Verdict.AGREES


def test_an_exit_that_went_stale_leaves_its_position_watched(room: Room, desk: Desk) -> None:
    """The coins are not sold on a decision of two hours ago: the position is OPEN again, and its next exit sells it."""
    position = room.bought()
    old = room.book_exit(position)
    sent_twice(desk, [old])
    room.world.advance(OUTAGE_S)
    all_at_once(desk, room, rounds=2)
    (held,) = room.ledger.open_positions()
    assert (held.status, held.size) == (PositionStatus.OPEN, position.size)
    assert trades_of(room)[old].note.startswith("stale: ")
    assert room.venue_orders() == 1

    again = room.book_exit(held)
    sent_twice(desk, [again])
    all_at_once(desk, room, rounds=2)
    assert (trades_of(room)[again].status, room.venue_orders()) == (Status.FILLED, 2)
    assert room.ledger.open_positions() == []
