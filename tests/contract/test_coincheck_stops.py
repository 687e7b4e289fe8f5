"""Stops of all six pairs at the simulated exchange through our client: they rest, hold coins, trigger and are ended."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.contract.coincheck_desk import LONG_AGO, PAIRS, below, desk_of
from tests.contract.worlds import open_world
from trading.errors import Rejected, Transient
from trading.money import floor_to, yen
from trading.order import MarketBuy, Side, StopSell, summed
from trading.pairs import lot_rules
from trading.venue import OrderState

every_pair = pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.coin)


@pytest.fixture(scope="module")
def desk():
    with open_world(jpy=Decimal(100_000_000)) as world:
        yield desk_of(world)


@every_pair
def test_a_stop_rests_holds_its_coins_and_frees_them_when_cancelled(desk, pair):
    """It waits with what it was placed for, a second stop of the same coins is refused, and a cancel ends it, once."""
    exchange, coins = desk.exchange, desk.holding(pair)
    trigger = below(desk, pair, "0.5012345")
    stop = desk.attempt(StopSell(pair.coincheck, coins, trigger))
    assert isinstance(stop, str)
    rests = exchange.order(stop)
    assert (rests.state, rests.side, rests.quantity, rests.spend) == (OrderState.WAITING, Side.SELL, coins, None)
    assert rests.stop_rate is not None
    assert (rests.stop_rate.number, rests.market) == (floor_to(trigger.number, lot_rules(pair).price_step), True)
    assert exchange.open_orders() == [replace(rests, executed=None)]
    held = exchange.balances()
    assert (held.free[pair.coin].is_zero, held.reserved[pair.coin], held.coins(pair.coin)) == (True, coins, coins)
    again = desk.attempt(StopSell(pair.coincheck, coins, trigger))
    assert type(again) is Rejected
    assert f"{pair.coin}の所持金額が足りません" in str(again)
    exchange.cancel(stop)
    assert (exchange.order(stop).state, exchange.open_orders()) == (OrderState.CANCELED, [])
    assert exchange.balances().free[pair.coin] == coins
    with pytest.raises(Rejected, match="not open any more"):
        exchange.cancel(stop)


@pytest.mark.parametrize(
    ("kind", "ended"),
    [("lost_reply", True), ("truncated", True), ("reset", False), ("5xx", False), ("html", False), ("429", False)],
)
def test_an_unheard_cancel_is_transient_and_may_be_asked_again(desk, kind, ended):
    """Whether or not the venue heard it, ``order`` tells; asking again ends the order or says that it has ended."""
    exchange, pair = desk.exchange, PAIRS[0]
    stop = desk.attempt(StopSell(pair.coincheck, desk.holding(pair), below(desk, pair, "0.5")))
    assert isinstance(stop, str)
    desk.fault(method="DELETE", kind=kind)
    with pytest.raises(Transient):
        exchange.cancel(stop)
    assert exchange.order(stop).state is (OrderState.CANCELED if ended else OrderState.WAITING)
    if ended:
        with pytest.raises(Rejected, match="not open any more"):
            exchange.cancel(stop)
    else:
        exchange.cancel(stop)
    assert exchange.order(stop).state is OrderState.CANCELED


def test_an_order_that_the_venue_never_had_cannot_be_cancelled(desk):
    """A clear no, not a reason to try again; and what is no id never becomes a path."""
    for order_id, words in (("99999999", "not open any more"), ("../accounts", "not an order id")):
        with pytest.raises(Rejected, match=words):
            desk.exchange.cancel(order_id)


def test_stops_of_all_pairs_trigger_when_the_price_falls_and_the_books_agree():
    """Each sells all its coins below its trigger; the executions of the account are exactly the ledger's fills."""
    with open_world(jpy=Decimal(10_000_000)) as world:
        desk = desk_of(world)
        exchange, stops = desk.exchange, {}
        for pair in PAIRS:
            coins, trigger = desk.holding(pair), below(desk, pair, "0.998")
            stops[pair] = (desk.attempt(StopSell(pair.coincheck, coins, trigger)), coins, trigger)
        for _ in range(200):
            if not exchange.open_orders():
                break
            world.advance(3600)
        for order_id, coins, trigger in stops.values():
            assert exchange.order(order_id).state is OrderState.FILLED
            sold = summed(exchange.fills(order_id, LONG_AGO))
            assert sold.quantity == coins
            assert trigger.scaled(Decimal("0.98")) < sold.price < trigger
        executed, ledger = exchange.executions(LONG_AGO), world.ledger()
        assert [int(fill.fill_id) for fill in executed] == list(range(1, ledger["fills"] + 1))
        moved = sum((fill.funds.number * (-1 if fill.side is Side.BUY else 1) for fill in executed), Decimal(0))
        assert exchange.balances().jpy == yen(10_000_000 + moved)


def test_executions_are_those_of_all_orders_over_many_pages(desk):
    """More than two pages of fills of six pairs: every one of the ledger's, each once, oldest first."""
    before = len(desk.exchange.executions(LONG_AGO))
    ids = [desk.attempt(MarketBuy(pair.coincheck, yen(20_000))) for pair in PAIRS * 4]
    executed, ledger = desk.exchange.executions(LONG_AGO), desk.world.ledger()
    assert len(executed) == ledger["fills"] > before + 50
    numbers = [int(fill.fill_id) for fill in executed]
    assert numbers == sorted(set(numbers))
    assert list(dict.fromkeys(fill.order_id for fill in executed[before:])) == ids
