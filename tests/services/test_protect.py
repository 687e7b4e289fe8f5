"""A stop that rests at the venue: in step with the book, never two, never in the way of our own exit."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.conftest import Room
from trading.errors import Conflict, Transient
from trading.limits import KillSwitch, Mode
from trading.money import Quantity, floor_to
from trading.order import Status
from trading.position import Position
from trading.services.monitor import look_at
from trading.services.protect import keep
from trading.venue import OrderState, VenueOrder

POST = {"target": "coincheck", "path": "/api/exchange/orders", "method": "POST"}


def kept(room: Room, position: Position) -> Position:
    """One look of the guard."""
    guarded = keep(position.position_id, room.now(), room.ledger, room.exchange, room.strategy)
    assert guarded is not None
    return guarded


def resting(room: Room) -> list[VenueOrder]:
    """The stops at the venue."""
    return [order for order in room.exchange.open_orders() if order.stop_rate is not None]


def test_a_position_gets_one_stop_below_our_own(room: Room) -> None:
    """The venue's stop holds all coins, lies below ours, and looking again changes nothing."""
    position = room.bought()
    first, second = kept(room, position), kept(room, position)
    (stop,) = resting(room)
    assert first == second
    assert first.protection is not None
    assert (stop.order_id, stop.quantity) == (first.protection.order_id, position.size)
    assert stop.stop_rate is not None
    assert stop.stop_rate < position.stop_loss


def test_a_stop_moves_up_with_ours_and_never_down(room: Room) -> None:
    """A raised stop takes the old order away and places a higher one; there is one at the venue afterwards."""
    position = kept(room, room.bought())
    (low,) = resting(room)
    raised = replace(position, stop_loss=position.stop_loss.scaled(Decimal("1.02")), version=position.version + 1)
    room.ledger.save_position(raised)
    kept(room, raised)
    (high,) = resting(room)
    assert low.stop_rate is not None
    assert high.stop_rate is not None
    assert high.stop_rate > low.stop_rate
    assert room.exchange.order(low.order_id).state is OrderState.CANCELED


@pytest.mark.parametrize("kind", ["lost_reply", "reset"])
def test_a_lost_reply_leaves_one_stop(room: Room, kind: str) -> None:
    """Whether the stop arrived or not: the next look finds it or places it, and there is exactly one."""
    position = room.bought()
    room.world.fault(**POST, kind=kind)
    assert kept(room, position).protection == replace(kept_protection(room), order_id=None)
    room.world.advance(room.strategy.evidence_settle_s)
    kept(room, position)
    (stop,) = resting(room)
    assert kept_protection(room).order_id == stop.order_id


def kept_protection(room: Room):
    """What the books say of the one position's stop."""
    (held,) = room.ledger.open_positions()
    assert held.protection is not None
    return held.protection


def test_a_stop_that_may_still_show_is_waited_for(room: Room) -> None:
    """The list lags behind a stop whose reply was lost: no second one is placed until it must have shown."""
    position = room.bought()
    room.world.fault(**POST, kind="lost_reply")
    kept(room, position)
    with pytest.MonkeyPatch.context() as lag:
        lag.setattr(room.exchange, "open_orders", list)
        kept(room, position)
    assert len(resting(room)) == 1
    kept(room, position)
    assert kept_protection(room).order_id == resting(room)[0].order_id


def test_no_stop_is_placed_when_everything_is_switched_off(room: Room) -> None:
    """NOTHING means nothing; with the switch off again the stop is placed."""
    position = room.bought()
    room.ledger.set_kill_switch(KillSwitch(Mode.NOTHING, "test", "me", room.now()))
    assert kept(room, position).protection is None
    room.ledger.set_kill_switch(KillSwitch(Mode.OFF, "test", "me", room.now()))
    assert kept(room, position).protection is not None


def test_a_stop_whose_fills_lag_is_not_booked_in_part(room: Room) -> None:
    """The order says what it executed; until its fills add up to that, nothing is booked, then all of it is."""
    position = room.stop_fires(kept(room, room.bought()), resting(room)[0])
    watched = look_at(position, room.now(), room.ledger, room.exchange, room.strategy)
    assert watched.exit is not None
    fills = room.exchange.fills
    with pytest.MonkeyPatch.context() as lag:
        lag.setattr(room.exchange, "fills", lambda *asked: fills(*asked)[:1])
        with pytest.raises(Transient, match="add up to"):
            room.carried_out(watched.exit.trade_id)
    assert room.carried_out(watched.exit.trade_id).status is Status.FILLED
    assert room.ledger.open_positions() == []


def test_a_stop_that_sold_a_part_is_booked_once(room: Room) -> None:
    """The rest is open, has no stop any more, and the next look neither books the part again nor halts."""
    position = kept(room, room.bought())
    half = Quantity(floor_to(position.size.number / 2, Decimal("0.001")), "SOL")
    (stop,) = resting(room)
    fired = room.stop_fires(replace(position, size=half), stop)
    whole = replace(fired, size=position.size, version=fired.version + 1)
    room.ledger.save_position(whole)
    watched = look_at(whole, room.now(), room.ledger, room.exchange, room.strategy)
    assert watched.exit is not None
    assert room.carried_out(watched.exit.trade_id).status is Status.FILLED
    (rest,) = room.ledger.open_positions()
    assert (rest.size, rest.protection) == (position.size - half, None)
    assert look_at(rest, room.now(), room.ledger, room.exchange, room.strategy).exit is None
    assert room.exchange.balances().coins("SOL") == rest.size


def test_a_stop_that_sold_closes_the_position_with_its_own_fills(room: Room) -> None:
    """Nothing of ours ran while the price fell: the next look books the exit that happened, and sends nothing."""
    position = kept(room, room.bought())
    (stop,) = resting(room)
    position = room.stop_fires(position, stop)
    orders = room.venue_orders()
    watched = look_at(position, room.now(), room.ledger, room.exchange, room.strategy)
    assert watched.exit is not None
    assert position.protection is not None
    sold = room.carried_out(watched.exit.trade_id)
    closed = room.ledger.position(position.position_id)
    assert (sold.status, sold.order_id) == (Status.FILLED, position.protection.order_id)
    assert room.venue_orders() == orders
    assert room.ledger.open_positions() == []
    assert closed is not None
    venue = room.world.ledger()["balances"]["jpy"]
    assert closed.realized_pnl is not None
    assert closed.realized_pnl.number == Decimal(venue["free"]) - Decimal(venue["start"])


def test_our_exit_takes_the_stop_away_first(room: Room) -> None:
    """The coins tied up in the stop are freed, then sold once; no stop is left at the venue."""
    position = kept(room, room.bought())
    sold = room.carried_out(room.book_exit(position))
    assert sold.status is Status.FILLED
    assert resting(room) == []
    assert Decimal(room.world.ledger()["balances"]["sol"]["free"]) == 0


def test_a_stop_that_sells_just_before_our_exit_is_taken_over(room: Room) -> None:
    """The exit was booked, then the stop fired: the exit takes over its order, and nothing more is sold."""
    position = kept(room, room.bought())
    exit_id = room.book_exit(position)
    (stop,) = resting(room)
    position = room.stop_fires(position, stop)
    sold = room.carried_out(exit_id)
    assert position.protection is not None
    assert (sold.status, sold.order_id) == (Status.FILLED, position.protection.order_id)
    assert room.world.ledger()["conserved"]


def test_what_a_stop_sold_is_booked_even_when_everything_is_switched_off(room: Room) -> None:
    """The switch says NOTHING, but it has happened: the exit takes the stop's order over and sends nothing."""
    position = kept(room, room.bought())
    exit_id = room.book_exit(position)
    room.stop_fires(position, resting(room)[0])
    room.ledger.set_kill_switch(KillSwitch(Mode.NOTHING, "test", "me", room.now()))
    assert room.carried_out(exit_id).status is Status.FILLED
    assert room.ledger.open_positions() == []


@pytest.mark.parametrize("fired", [False, True])
def test_a_stop_that_the_book_lost_sight_of_is_in_nobodys_way(room: Room, fired: bool) -> None:
    """It rests, or has sold, and the position does not name it: the exit finds it, and ends it or takes it over."""
    position = kept(room, room.bought())
    (stop,) = resting(room)
    if fired:
        position = room.stop_fires(position, stop)
    lost = replace(position, protection=None, version=position.version + 1)
    room.ledger.save_position(lost)
    orders = room.venue_orders()
    assert room.carried_out(room.book_exit(lost)).status is Status.FILLED
    assert room.venue_orders() == orders + (not fired)
    assert room.world.ledger()["conserved"]
    assert Decimal(room.world.ledger()["balances"]["sol"]["free"]) == 0


def test_an_exit_that_came_to_nothing_is_protected_again(room: Room) -> None:
    """The stop was taken away, the exit was refused by the venue: the position is open and gets a new stop."""
    position = kept(room, room.bought())
    exit_id = room.book_exit(position)
    ready = room.free_coins(room.check(room.claim(exit_id)))
    room.world.fault(**POST, kind="429")
    with pytest.raises(Transient):
        room.send(ready)
    assert resting(room) == []
    room.world.advance(10 * 60)
    assert room.carried_out(exit_id).status is Status.REFUSED
    (held,) = room.ledger.open_positions()
    kept(room, held)
    assert len(resting(room)) == 1


def test_the_guard_that_wakes_up_late_places_nothing(room: Room) -> None:
    """A guard that paused while the position went on finds its fence down: no stop for coins that are not its own."""
    position = room.bought()
    asked: list[bool] = []
    place = room.exchange.place

    def after_a_pause(order, fence):
        moved = room.ledger.position(position.position_id)
        assert moved is not None
        room.ledger.save_position(replace(moved, version=moved.version + 1))
        asked.append(fence())
        return place(order, fence)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room.exchange, "place", after_a_pause)
        with pytest.raises(Conflict):
            kept(room, position)
    assert asked == [False]
    assert resting(room) == []
