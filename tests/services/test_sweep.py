"""What is under way and forgotten is put on the queue again; what has ended or waits for a human is not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.services.conftest import Room
from trading.errors import Halt
from trading.money import yen
from trading.order import MarketBuy, Status
from trading.services.sweep import forgotten, trace_of


def swept(room: Room) -> list[str]:
    """The ids that a sweep would queue now."""
    return [one.intent.trade_id for one in forgotten(room.ledger.pending_trades(), room.now(), room.strategy)]


def test_an_intent_whose_message_was_never_sent_is_found(room: Room) -> None:
    """Booked and then silence (I21): after the sweep's patience it is queued again, once it is done it is not."""
    trade_id = room.book_buy()
    assert swept(room) == []
    room.world.advance(room.strategy.sweep_after_s)
    assert swept(room) == [trade_id]
    room.carried_out(trade_id)
    assert swept(room) == []


def test_whatever_a_dead_executor_left_is_found(room: Room) -> None:
    """CLAIMED, UNKNOWN and ACCEPTED trades of which nobody writes any more are all carried on to their end."""
    claimed = room.book_buy("btc_usdt")
    room.claim(claimed)
    unknown = room.lost_buy("eth_usdt")
    accepted = room.book_buy("sol_usdt")
    room.send(room.check(room.claim(accepted)))
    room.world.advance(room.strategy.sweep_after_s)
    assert set(swept(room)) == {claimed, unknown, accepted}
    assert {room.carried_out(one).status for one in swept(room)} == {Status.FILLED}


def test_a_halted_trade_waits_for_a_human(room: Room) -> None:
    """It is not queued again and again: somebody was told, and must look."""
    trade_id = room.lost_buy()
    room.exchange.place(MarketBuy("eth_jpy", yen(10_000)), lambda: True)
    with pytest.raises(Halt):
        room.carried_out(trade_id)
    room.world.advance(86_400 // 24)
    assert swept(room) == []


def test_a_swept_message_says_which_decision_it_is_about(room: Room) -> None:
    """The trace of a message sent again is the decision's own id and time."""
    trade = room.stored(room.book_buy())
    decided_at = trade.intent.created_at
    assert trace_of(trade) == {"decision_id": trade.intent.decision_id, "decided_at": decided_at.isoformat()}
    silent = decided_at + timedelta(seconds=room.strategy.sweep_after_s)
    assert forgotten([trade], silent - timedelta(seconds=1), room.strategy) == []
