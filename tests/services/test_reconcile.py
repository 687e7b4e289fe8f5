"""Book against venue: they agree to the last unit, and whatever does not is found, shown, and stops entries."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.services.conftest import PAIRS, Room
from trading.errors import Transient
from trading.money import Quantity, yen
from trading.order import MarketBuy, Status, StopSell
from trading.reconciliation import Reconciliation, Verdict
from trading.services.findings import differences, notices_of
from trading.services.monitor import look_at
from trading.services.protect import keep
from trading.services.reconcile import accept, reconcile


def compared(room: Room) -> Reconciliation:
    """One comparison, now."""
    return reconcile(room.now(), tuple(PAIRS.values()), room.ledger, room.exchange, room.strategy)


def kinds(seen: Reconciliation) -> set[str]:
    """What kinds of things were found."""
    return {one.kind for one in seen.findings}


def test_they_agree_through_buying_and_selling(room: Room) -> None:
    """From the first look to the last: every coin and every yen is accounted for, with no tolerance."""
    assert compared(room).verdict is Verdict.AGREES
    position = room.bought()
    seen = compared(room)
    assert (seen.verdict, seen.findings) == (Verdict.AGREES, ())
    room.carried_out(room.book_exit(position))
    again = compared(room)
    assert (again.verdict, again.agreed_at) == (Verdict.AGREES, again.at)


def test_what_was_there_before_us_is_not_ours(room: Room) -> None:
    """Coins and resting orders from before the first comparison belong to somebody else and stay that way."""
    room.exchange.place(MarketBuy("btc_jpy", yen(20_000)), lambda: True)
    coins = room.exchange.balances().coins("BTC")
    low = room.exchange.ticker("btc_jpy").bid.scaled(Decimal("0.5"))
    room.exchange.place(StopSell("btc_jpy", coins, low), lambda: True)
    room = room.with_new_books()
    assert compared(room).verdict is Verdict.AGREES
    baseline = room.ledger.baseline()
    assert baseline is not None
    assert baseline.of("BTC") == coins.number
    room.bought()
    assert compared(room).verdict is Verdict.AGREES


def test_coins_that_somebody_else_bought_are_found_and_stop_entries(room: Room) -> None:
    """An order by hand shows as coins, as yen and as an unknown execution; nothing is bought, exits still work."""
    compared(room)
    room.world.advance(1)
    position = room.bought()
    compared(room)
    room.exchange.place(MarketBuy("btc_jpy", yen(20_000)), lambda: True)
    seen = compared(room)
    assert seen.verdict is Verdict.DIFFERS
    assert kinds(seen) == {"amount", "execution"}
    assert {about.split()[0] for about in differences(seen)} == {"BTC", "JPY", "order"}
    assert notices_of(seen)[0].alarm
    refused = room.carried_out(room.book_buy("eth_usdt"))
    assert refused.status is Status.REFUSED
    assert "DIFFERS" in refused.note
    assert room.carried_out(room.book_exit(position)).status is Status.FILLED


def test_a_person_accepts_what_is_not_ours(room: Room) -> None:
    """After a deposit or an order by hand is accepted, with who and why, both agree and entries go on."""
    compared(room)
    room.bought()
    room.exchange.place(MarketBuy("btc_jpy", yen(20_000)), lambda: True)
    assert compared(room).blocks_entries
    accept(room.now(), "bought by hand", "me", tuple(PAIRS.values()), room.ledger, room.exchange)
    assert compared(room).verdict is Verdict.AGREES
    baseline = room.ledger.baseline()
    assert baseline is not None
    assert (baseline.by, baseline.reason) == ("me", "bought by hand")
    assert room.carried_out(room.book_buy("eth_usdt")).status is Status.FILLED


@pytest.mark.parametrize("tampered", ["size", "cost", "gone"])
def test_a_tampered_book_is_found(room: Room, tampered: str) -> None:
    """A position with another size or price, or that is missing, is named with what its trade and the venue say."""
    compared(room)
    position = room.bought()
    one_more = {"version": position.version + 1}
    if tampered == "size":
        half = Quantity(position.size.number / 2, position.size.coin)
        room.ledger.save_position(replace(position, size=half, **one_more))
    elif tampered == "cost":
        room.ledger.save_position(replace(position, cost=yen(1), **one_more))
    else:
        room.erase(position)
    seen = compared(room)
    assert seen.verdict is Verdict.DIFFERS
    expected = {"size": {"amount", "position", "totals"}, "cost": {"position"}, "gone": {"amount", "totals"}}
    assert kinds(seen) == expected[tampered]
    assert all(one.evidence for one in seen.findings)
    assert compared(room).blocks_entries


def test_a_stop_that_nobody_knows_is_found(room: Room) -> None:
    """A resting order that no position names is a difference; a position's own stop is not."""
    compared(room)
    position = room.bought()
    keep(position.position_id, room.now(), room.ledger, room.exchange, room.strategy)
    assert compared(room).verdict is Verdict.AGREES
    (held,) = room.ledger.open_positions()
    room.ledger.save_position(replace(held, protection=None, version=held.version + 1))
    assert kinds(compared(room)) == {"order"}


def test_an_order_under_way_is_waited_for(room: Room) -> None:
    """While an order is UNKNOWN its coin and the yen are not compared; the others are; settled, all agree."""
    compared(room)
    room.bought()
    trade_id = room.lost_buy()
    seen = compared(room)
    assert (seen.verdict, set(seen.waiting)) == (Verdict.AGREES, {"ETH", "JPY"})
    room.carried_out(trade_id)
    done = compared(room)
    assert (done.verdict, done.waiting) == (Verdict.AGREES, ())


def test_a_stop_that_fired_is_waited_for(room: Room) -> None:
    """Between the stop's sale and our next look the coins are gone and nothing is wrong."""
    compared(room)
    position = room.bought()
    guarded = keep(position.position_id, room.now(), room.ledger, room.exchange, room.strategy)
    assert guarded is not None
    guarded = room.stop_fires(guarded, room.exchange.open_orders()[0])
    seen = compared(room)
    assert (seen.verdict, set(seen.waiting)) == (Verdict.AGREES, {"SOL", "JPY"})
    watched = look_at(guarded, room.now(), room.ledger, room.exchange, room.strategy)
    assert watched.exit is not None
    room.carried_out(watched.exit.trade_id)
    assert compared(room).verdict is Verdict.AGREES


def test_a_report_that_fails_is_not_flat(room: Room) -> None:
    """The venue cannot be read: the comparison FAILED, which stops entries until one succeeds."""
    compared(room)
    room.world.fault(target="coincheck", path="accounts/balance", kind="5xx", times=1)
    with pytest.raises(Transient):
        compared(room)
    stored = room.ledger.reconciliation()
    assert stored is not None
    assert (stored.verdict, stored.blocks_entries) == (Verdict.FAILED, True)
    trade_id = room.book_buy()
    with pytest.raises(Transient, match="FAILED"):
        room.carried_out(trade_id)
    assert compared(room).verdict is Verdict.AGREES
    room.world.advance(room.strategy.lease_s)
    assert room.carried_out(trade_id).status is Status.FILLED
