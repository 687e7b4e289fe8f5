"""Book against venue: they agree to the last unit, and whatever does not is found, shown, and stops entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.dynamodb.items import trade_key
from tests.services.conftest import PAIRS, Room
from trading.errors import Halt, Rejected, Transient
from trading.money import Quantity, yen
from trading.order import MarketBuy, MarketSell, Status, StopSell
from trading.reconciliation import Baseline, Reconciliation, Verdict
from trading.services.findings import differences, notices_of, of_positions
from trading.services.monitor import look_at
from trading.services.protect import keep
from trading.services.reconcile import accept, reconcile
from trading.tables import ORDER_STATE, TRADE_TTL_DAYS


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
    accept(room.now(), "bought by hand", "me", tuple(PAIRS.values()), room.ledger, room.exchange, room.strategy)
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


def test_a_position_that_was_erased_can_be_accepted_and_its_pair_is_free(room: Room) -> None:
    """The coins are nobody's of ours any more, by a person's word; book and venue agree, and the pair trades again."""
    position = room.bought()
    room.erase(position)
    assert compared(room).blocks_entries
    accept(room.now(), "taken out by hand", "me", tuple(PAIRS.values()), room.ledger, room.exchange, room.strategy)
    assert compared(room).verdict is Verdict.AGREES
    assert room.carried_out(room.book_buy("sol_usdt")).status is Status.FILLED
    assert compared(room).verdict is Verdict.AGREES


def test_yen_that_leave_while_an_order_is_under_way_are_found(room: Room) -> None:
    """An order under way explains what it may spend, and not a yen more."""
    trade_id = room.lost_buy(yen_spent=10_000)
    assert compared(room).verdict is Verdict.AGREES
    room.exchange.place(MarketBuy("btc_jpy", yen(20_000)), lambda: True)
    seen = compared(room)
    assert {about.split()[0] for about in differences(seen)} >= {"JPY", "BTC"}
    assert room.carried_out(trade_id).status is Status.FILLED


def test_a_stop_that_the_venue_refuses_hides_nothing(room: Room) -> None:
    """The coins were sold by hand: no stop can be placed for them, and the difference is found, not waited for."""
    position = room.bought()
    room.exchange.place(MarketSell("sol_jpy", position.size), lambda: True)
    with pytest.raises(Rejected):
        keep(position.position_id, room.now(), room.ledger, room.exchange, room.strategy)
    seen = compared(room)
    assert (seen.verdict, seen.waiting) == (Verdict.DIFFERS, ())
    assert {about.split()[0] for about in differences(seen)} >= {"JPY", "SOL"}


def test_an_old_comparison_is_none(room: Room) -> None:
    """After an hour without one nothing is bought; the next comparison lets entries through again."""
    room.world.advance(room.strategy.compared_max_age_s + 1)
    with pytest.raises(Transient, match="last compared"):
        room.carried_out(room.book_buy())
    compared(room)
    assert room.carried_out(room.book_buy("btc_usdt")).status is Status.FILLED


def test_a_position_outlives_its_trade(room: Room) -> None:
    """A trade forgets itself after 90 days: a position that is held longer is no difference for that."""
    position = room.bought()
    key = {name: {"S": str(value)} for name, value in trade_key(position.trade_id).items()}
    room.aws.dynamodb.delete_item(TableName=room.names.table(ORDER_STATE), Key=key)
    assert "position" in kinds(compared(room))
    old = replace(position, opened_at=position.opened_at - timedelta(days=TRADE_TTL_DAYS))
    asked = ([old], room.ledger.totals(), set[str](), room.ledger, baseline_of(room), room.now())
    assert list(of_positions(*asked)) == []


def baseline_of(room: Room) -> Baseline:
    """What is not ours."""
    baseline = room.ledger.baseline()
    assert baseline is not None
    return baseline


@pytest.mark.parametrize("amount", ["NaN", "lots", ""])
def test_a_baseline_that_is_no_number_halts(room: Room, amount: str) -> None:
    """Garbage in the table is for a human, and is no difference of so many coins."""
    room.ledger.set_baseline(replace(baseline_of(room), amounts={"BTC": amount}))
    with pytest.raises(Halt, match="baseline"):
        compared(room)


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
