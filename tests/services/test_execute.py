"""The order path: claim, check, send once, settle, whatever the venue or another executor does meanwhile."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from functools import partial

import pytest

from tests.services.conftest import PAIRS, Room
from trading.errors import Conflict, Rejected, Transient, Unknown
from trading.limits import KillSwitch, Mode
from trading.money import Quantity, floor_to, yen
from trading.order import MarketSell, PriceBand, Status
from trading.services.monitor import look_at
from trading.services.reconcile import reconcile
from trading.services.telling import finished, in_words, notices_of

LOST = {"target": "coincheck", "path": "/api/exchange/orders", "method": "POST", "kind": "lost_reply"}


def stored(room: Room, trade_id: str) -> Status:
    trade = room.ledger.trade(trade_id)
    assert trade is not None
    return trade.status


def test_a_booked_buy_becomes_a_position_that_equals_the_venue(room: Room) -> None:
    """Size and cost of the position are the venue's fills, summed, to the last unit (I3, I4)."""
    trade = room.carried_out(room.book_buy())
    (position,) = room.ledger.open_positions()
    venue = room.world.ledger()
    assert trade.status is Status.FILLED
    assert position.size.number == Decimal(venue["balances"]["eth"]["free"])
    assert position.cost.number == Decimal(venue["balances"]["jpy"]["start"]) - Decimal(
        venue["balances"]["jpy"]["free"]
    )
    assert "filled" in in_words(trade)


def test_a_reply_that_is_lost_is_unknown_and_never_sent_again(room: Room) -> None:
    """The venue took the order, the answer was lost: UNKNOWN, one order there, and the pair takes no entry (I22)."""
    trade_id = room.book_buy()
    claimed = room.check(room.claim(trade_id))
    room.world.fault(**LOST)
    with pytest.raises(Unknown):
        room.send(claimed)
    assert stored(room, trade_id) is Status.UNKNOWN
    again = room.claim(trade_id, "another")
    assert again.status is Status.UNKNOWN
    assert not finished(again)
    assert room.venue_orders() == 1
    with pytest.raises(Conflict):
        room.book_buy()


def test_an_order_the_venue_turned_away_is_tried_again_and_made_once(room: Room) -> None:
    """429 means that nothing happened: the trade is BOOKED again, and the next delivery makes the one order."""
    trade_id = room.book_buy()
    claimed = room.check(room.claim(trade_id))
    room.world.fault(**{**LOST, "kind": "429"})
    with pytest.raises(Transient):
        room.send(claimed)
    assert stored(room, trade_id) is Status.BOOKED
    assert room.carried_out(trade_id).status is Status.FILLED
    assert room.venue_orders() == 1


def test_the_venues_no_frees_the_pair(room: Room) -> None:
    """A clear refusal ends the trade REJECTED with the venue's words, and the pair may be entered again."""
    trade_id = room.book_buy(yen_spent=100)
    rejected = room.send(room.check(room.claim(trade_id)))
    assert rejected.status is Status.REJECTED
    assert "最低" in rejected.note
    assert room.carried_out(room.book_buy()).status is Status.FILLED


def test_two_executors_send_one_order(room: Room) -> None:
    """Of two executors that claimed at the same time one sends; the other's SENT write conflicts and sends nothing."""
    trade_id = room.book_buy()
    first = room.check(room.claim(trade_id, "first"))
    assert room.claim(trade_id, "second").claim == "first"
    room.send(first)
    with pytest.raises(Conflict):
        room.send(first)
    assert room.venue_orders() == 1


def test_an_executor_that_died_after_sending_leaves_an_unknown(room: Room) -> None:
    """No answer to a sent order is UNKNOWN, also after its lease: a redelivery does not send (I1, I21)."""
    trade_id = room.book_buy()
    claimed = room.check(room.claim(trade_id))
    room.world.fault(**{**LOST, "kind": "reset"})
    with pytest.raises(Unknown):
        room.send(claimed)
    orders = room.venue_orders()
    room.world.advance(120)
    assert room.claim(trade_id, "another").status is Status.UNKNOWN
    assert room.venue_orders() == orders == 0


def test_a_stale_intent_is_refused_and_recorded(room: Room) -> None:
    """After its expiry an intent is REFUSED with the times in words, and nothing was sent."""
    trade_id = room.book_buy()
    room.world.advance(5 * 60)
    refused = room.carried_out(trade_id)
    assert refused.status is Status.REFUSED
    assert "stale" in refused.note
    assert room.venue_orders() == 0


def test_a_price_outside_the_band_is_refused(room: Room) -> None:
    """A price the decision did not foresee refuses the order."""
    ask = room.exchange.ticker("eth_jpy").ask
    low = PriceBand(ask.scaled(Decimal("0.5")), ask.scaled(Decimal("0.6")))
    refused = room.carried_out(room.book_buy(band=low))
    assert (refused.status, room.venue_orders()) == (Status.REFUSED, 0)
    assert "band" in refused.note


def test_an_order_beyond_the_free_yen_is_refused(room: Room) -> None:
    """More than is free is not sent to be refused by the venue."""
    refused = room.carried_out(room.book_buy(yen_spent=2_000_000))
    assert (refused.status, room.venue_orders()) == (Status.REFUSED, 0)


@pytest.mark.parametrize(("mode", "buy", "sell"), [("NO_ENTRIES", False, True), ("NOTHING", False, False)])
def test_the_kill_switch_is_in_force_at_the_next_send(room: Room, mode: str, buy: bool, sell: bool) -> None:
    """NO_ENTRIES stops entries and lets exits through, NOTHING stops both; the books say which switch did it."""
    room.carried_out(room.book_buy("sol_usdt"))
    (position,) = room.ledger.open_positions()
    entry = room.claim(room.book_buy("eth_usdt"))
    exit_ = exit_of(room, position)
    room.ledger.set_kill_switch(KillSwitch(Mode(mode), "test", "me", room.now()))
    assert (room.check(entry).status is Status.CLAIMED) is buy
    assert (room.check(room.claim(exit_)).status is Status.CLAIMED) is sell
    assert mode in (room.ledger.trade(entry.intent.trade_id) or entry).note


def exit_of(room: Room, position) -> str:
    """A booked stop-loss exit, made by lifting the stop over the price."""
    high = position.stop_loss.scaled(Decimal(2))
    watched = look_at(raised(room, position, high), room.now(), room.ledger, room.exchange, room.strategy)
    assert watched.exit is not None
    return watched.exit.trade_id


def raised(room: Room, position, stop):
    """The position with another stop, saved."""
    moved = replace(position, stop_loss=stop, version=position.version + 1)
    room.ledger.save_position(moved)
    return moved


def test_an_exit_closes_the_position_to_the_last_unit(room: Room) -> None:
    """The exit sells what is held, the result is yen in less yen out, and the pair is free again (I9)."""
    room.carried_out(room.book_buy("sol_usdt"))
    (position,) = room.ledger.open_positions()
    sold = room.carried_out(exit_of(room, position))
    closed = room.ledger.position(position.position_id)
    venue = room.world.ledger()["balances"]
    assert sold.status is Status.FILLED
    assert Decimal(venue["sol"]["free"]) == 0
    assert closed is not None
    assert closed.realized_pnl == yen(Decimal(venue["jpy"]["free"]) - Decimal(venue["jpy"]["start"]))
    assert room.ledger.open_positions() == []
    assert room.carried_out(room.book_buy("sol_usdt")).status is Status.FILLED


def test_a_message_about_nothing_is_rejected(room: Room) -> None:
    """A trade id that was never booked is dropped in words, and nothing is sent."""
    with pytest.raises(Rejected, match="never booked"):
        room.claim("TRD-nothing")


def test_failures_are_alarms_and_fills_are_news(room: Room) -> None:
    """What needs eyes is told as an alarm, what went well as news."""
    trade = room.carried_out(room.book_buy())
    fill, failure = notices_of([trade], {"TRD-x": "Unknown: no answer"}, room.now() + timedelta(0))
    assert (fill.alarm, failure.alarm) == (False, True)


def test_an_exit_that_sold_a_part_is_booked_and_the_rest_is_watched(room: Room, monkeypatch) -> None:
    """The venue could not sell all: what it sold is booked, the rest is open, is sold next, and no yen is lost."""
    compare = partial(reconcile, room.now(), tuple(PAIRS.values()), room.ledger, room.exchange, room.strategy)
    compare()
    position = room.bought("sol_usdt")
    half = Quantity(floor_to(position.size.number / 2, Decimal("0.001")), "SOL")
    place = room.exchange.place
    with monkeypatch.context() as patch:
        patch.setattr(room.exchange, "place", lambda _, fence: place(MarketSell("sol_jpy", half), fence))
        assert room.carried_out(room.book_exit(position)).status is Status.FILLED
    (rest,) = room.ledger.open_positions()
    assert (rest.size, rest.status.value) == (position.size - half, "OPEN")
    assert compare().findings == ()
    room.carried_out(room.book_exit(rest))
    closed = room.ledger.position(position.position_id)
    venue = room.world.ledger()["balances"]["jpy"]
    assert closed is not None
    assert closed.realized_pnl == yen(Decimal(venue["free"]) - Decimal(venue["start"]))
