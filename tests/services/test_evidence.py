"""An order whose answer never came: what the venue shows decides, and nothing is sent again while it is unknown."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.services.conftest import Room
from trading.errors import Conflict, Halt, Transient
from trading.money import Quantity, yen
from trading.order import MarketBuy, MarketSell, Status
from trading.services.resolve import resolved
from trading.services.telling import finished


def always() -> bool:
    return True


def test_an_order_that_was_accepted_is_found_and_settled(room: Room) -> None:
    """The answer was lost after the venue took it: found by pair, side, size and time, it becomes the position."""
    trade_id = room.lost_buy()
    filled = room.carried_out(trade_id)
    assert filled.status is Status.FILLED
    (position,) = room.ledger.open_positions()
    assert position.size.number == Decimal(room.world.ledger()["balances"]["eth"]["free"])
    assert room.venue_orders() == 1


def test_an_order_that_never_arrived_is_given_up_after_two_looks(room: Room) -> None:
    """One empty look is not enough; a second one later is, and the pair is free again. Nothing was sent twice."""
    trade_id = room.lost_buy(kind="reset")
    first = room.carried_out(trade_id)
    assert (first.status, first.absent_since is not None) == (Status.UNKNOWN, True)
    assert room.carried_out(trade_id).status is Status.UNKNOWN
    with pytest.raises(Conflict):
        room.book_buy()
    room.world.advance(room.strategy.evidence_settle_s)
    gone = room.carried_out(trade_id)
    assert (gone.status, room.venue_orders()) == (Status.REJECTED, 0)
    assert "never reached the venue" in gone.note
    assert room.carried_out(room.book_buy()).status is Status.FILLED


def test_an_order_that_arrives_between_two_looks_is_found(room: Room) -> None:
    """What shows up late is found by the second look, and the first, empty one is forgotten."""
    trade_id = room.lost_buy(kind="reset")
    assert room.carried_out(trade_id).status is Status.UNKNOWN
    room.exchange.place(room.stored(trade_id).intent.order(), always)
    assert room.carried_out(trade_id).status is Status.FILLED


def test_two_orders_that_fit_are_for_a_human(room: Room) -> None:
    """Somebody bought the same by hand: nobody can tell which is ours, so the trade is HALTED and its pair blocked."""
    trade_id = room.lost_buy()
    room.exchange.place(MarketBuy("eth_jpy", yen(10_000)), always)
    with pytest.raises(Halt, match="all fit"):
        room.carried_out(trade_id)
    halted = room.stored(trade_id)
    assert (halted.status, finished(halted)) == (Status.HALTED, True)
    with pytest.raises(Conflict):
        room.book_buy()


def test_coins_that_moved_without_an_order_that_fits_are_for_a_human(room: Room) -> None:
    """Another size was bought meanwhile: unknown for a while, since a venue may be slow, then HALTED."""
    trade_id = room.lost_buy(kind="reset")
    room.exchange.place(MarketBuy("eth_jpy", yen(7_000)), always)
    for _ in range(3):
        assert room.carried_out(trade_id).status is Status.UNKNOWN
        room.world.advance(room.strategy.evidence_settle_s)
    room.world.advance(room.strategy.evidence_limit_s)
    with pytest.raises(Halt, match="moved by"):
        room.carried_out(trade_id)
    assert room.stored(trade_id).status is Status.HALTED


def test_while_the_venue_cannot_be_asked_it_stays_unknown(room: Room) -> None:
    """Waiting never turns UNKNOWN into anything: hours without an answer change nothing."""
    trade_id = room.lost_buy()
    room.world.fault(target="coincheck", kind="5xx", times=None)
    for _ in range(3):
        room.world.advance(3600)
        with pytest.raises(Transient):
            room.look_up(room.stored(trade_id))
    assert room.stored(trade_id).status is Status.UNKNOWN
    room.world.calm()
    assert room.carried_out(trade_id).status is Status.FILLED


def test_a_lost_exit_is_found_too(room: Room) -> None:
    """A sell is recognised by its coins; the position is closed once, and what is left is nothing."""
    position, exit_id = room.lost_exit("lost_reply")
    assert room.carried_out(exit_id).status is Status.FILLED
    assert room.ledger.open_positions() == []
    assert Decimal(room.world.ledger()["balances"]["sol"]["free"]) == 0
    assert position.size.number > 0


def test_a_lost_exit_that_never_arrived_opens_the_position_again(room: Room) -> None:
    """The coins are still there: the exit ends REJECTED, the position is watched again and can be sold."""
    position, exit_id = room.lost_exit("reset")
    room.carried_out(exit_id)
    room.world.advance(room.strategy.evidence_settle_s)
    assert room.carried_out(exit_id).status is Status.REJECTED
    (held,) = room.ledger.open_positions()
    again = room.book_exit(held)
    assert (held.position_id, again) == (position.position_id, f"TRD-{position.position_id}-SELL-2")
    assert room.carried_out(again).status is Status.FILLED


def test_an_order_of_the_same_pair_from_before_is_not_taken_for_ours(room: Room) -> None:
    """An equal buy, made and sold an hour ago, is no evidence: the lost one is still looked for, and given up."""
    bought = room.exchange.place(MarketBuy("eth_jpy", yen(10_000)), always)
    (one, *rest) = room.exchange.fills(bought, room.now())
    coins = sum((fill.quantity.number for fill in rest), one.quantity.number)
    room.exchange.place(MarketSell("eth_jpy", Quantity(coins, "ETH")), always)
    room.world.advance(3600)
    trade_id = room.lost_buy(kind="reset")
    room.carried_out(trade_id)
    room.world.advance(room.strategy.evidence_settle_s)
    assert room.carried_out(trade_id).status is Status.REJECTED


@pytest.mark.parametrize("happened", [True, False])
def test_a_human_says_what_a_halted_order_was(room: Room, happened: bool) -> None:
    """By its id at the venue it is settled, by "never happened" it is ended; both say who said so."""
    trade_id = room.lost_buy(kind="lost_reply" if happened else "reset")
    stranger = room.exchange.place(MarketBuy("eth_jpy", yen(10_000 if happened else 7_000)), always)
    room.world.advance(room.strategy.evidence_limit_s)
    with pytest.raises(Halt):
        room.carried_out(trade_id)
    ours = str(int(stranger) - 1) if happened else None
    word = ("me: looked", room.now(), room.ledger, room.exchange, room.strategy)
    trade = resolved(trade_id, ours, *word)
    assert trade.status is (Status.FILLED if happened else Status.REJECTED)
    assert "me: looked" in trade.note
    assert len(room.ledger.open_positions()) == happened
