"""Orders: one table of transitions, fills summed without mixing, and no way to send twice without knowing."""

from datetime import timedelta
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, buy_intent, coins, fill, price
from trading.errors import BadInput, Halt
from trading.money import CurrencyMismatch, yen
from trading.order import (
    TERMINAL,
    TRANSITIONS,
    Event,
    MarketBuy,
    MarketSell,
    PriceBand,
    Side,
    Status,
    Trade,
    after,
    entry_trade_id,
    exit_trade_id,
    spread_pct,
    summed,
)

sizes = st.decimals(Decimal("0.00000001"), 1000, places=8)
funds = st.decimals(Decimal("0.01"), 10**7, places=8)
parts = st.lists(st.tuples(sizes, funds, st.decimals(0, 100, places=4)), min_size=1, max_size=12)
events = st.lists(st.sampled_from(Event), max_size=12)


def sell_intent(**changes):
    sell = {"side": Side.SELL, "spend": None, "quantity": coins(1), "position_id": "POS-1"}
    return buy_intent(**{**sell, **changes})


@pytest.mark.parametrize(("status", "event"), list(product(Status, Event)))
def test_every_pair_is_in_the_table_or_halts(status, event):
    """Every status and event either has one successor in the table or stops for a human."""
    if (status, event) in TRANSITIONS:
        assert after(status, event) is TRANSITIONS[status, event]
    else:
        with pytest.raises(Halt, match=f"a {status} trade cannot {event}"):
            after(status, event)


def test_the_table_is_complete():
    """Every status is reached from BOOKED, every event is used, and nothing follows a terminal status."""
    reached, todo = {Status.BOOKED}, [Status.BOOKED]
    while todo:
        here = todo.pop()
        new = {to for (status, _), to in TRANSITIONS.items() if status is here} - reached
        reached |= new
        todo += new
    assert reached == set(Status)
    assert {event for _, event in TRANSITIONS} == set(Event)
    assert {status for status, _ in TRANSITIONS} == set(Status) - TERMINAL


def test_no_answer_is_never_a_no():
    """UNKNOWN ends only by evidence (found, void) or a human; it is never sent, rejected or released (I22)."""
    ways = {event: to for (status, event), to in TRANSITIONS.items() if status is Status.UNKNOWN}
    assert ways == {
        Event.LOOK: Status.UNKNOWN,
        Event.FIND: Status.ACCEPTED,
        Event.VOID: Status.REJECTED,
        Event.HALT: Status.HALTED,
    }


@given(events)
def test_nothing_is_sent_twice_without_knowing(happening):
    """Between two sends of a trade the venue has always said that it did nothing (I1)."""
    status, unsure = Status.BOOKED, False
    for event in happening:
        if (status, event) not in TRANSITIONS:
            continue
        assert not (event is Event.SEND and unsure)
        unsure = unsure or event is Event.SEND
        unsure = unsure and event is not Event.BOUNCE
        status = after(status, event)


def test_a_trade_moves_one_version_on():
    """An event changes status, version and time, keeps the intent, and sets what it is given."""
    trade = Trade(buy_intent()).on(Event.CLAIM, NOW, claim="me", lease_until=NOW + timedelta(seconds=60))
    assert (trade.status, trade.version, trade.updated_at, trade.claim) == (Status.CLAIMED, 2, NOW, "me")
    with pytest.raises(Halt):
        trade.on(Event.FILL, NOW)


@given(parts)
def test_fills_of_one_order_are_summed_exactly(made):
    """Coins, funds and fees add up to the last digit, in any order; the price is between the parts' (I4)."""
    fills = [fill(str(n), str(size), str(paid), fee=yen(fee)) for n, (size, paid, fee) in enumerate(made)]
    one = summed(fills)
    assert one == summed(fills[::-1])
    assert one.quantity.number == sum(size for size, _, _ in made)
    assert one.funds.number == sum(paid for _, paid, _ in made)
    assert one.fee.number == sum(fee for _, _, fee in made)
    each = [paid / size for size, paid, _ in made]
    dust = Decimal("1e-18") * max(each)
    assert min(each) - dust <= one.price.number <= max(each) + dust


@given(parts, st.integers(0, 11), st.sampled_from(["order_id", "side", "trading_pair", "coin"]))
def test_fills_of_two_orders_are_never_summed(made, where, difference):
    """One fill of another order, side, pair or coin among the rest, wherever it stands, raises (I5)."""
    fills = [fill(str(n), str(size), str(paid)) for n, (size, paid, _) in enumerate(made)]
    other = {
        "order_id": {"order_id": "8"},
        "side": {"side": Side.SELL},
        "trading_pair": {"trading_pair": "eth_jpy"},
        "coin": {"quantity": coins(1, "ETH")},
    }[difference]
    fills.insert(min(where, len(fills)), fill("x", **other))
    with pytest.raises((BadInput, CurrencyMismatch)):
        summed(fills)


@given(parts, parts)
def test_filtered_by_order_id_a_mixed_list_is_safe(ours, theirs):
    """Of a list with fills of other orders, our own filter leaves exactly our sum (I5)."""
    mixed = [fill(f"a{n}", str(s), str(f), "7") for n, (s, f, _) in enumerate(ours)]
    mixed += [fill(f"b{n}", str(s), str(f), "8", trading_pair="eth_jpy") for n, (s, f, _) in enumerate(theirs)]
    mine = summed([one for one in sorted(mixed, key=lambda one: one.quantity.number) if one.order_id == "7"])
    assert mine.quantity.number == sum(size for size, _, _ in ours)


def test_no_fills_are_no_execution():
    """Nothing filled is bad input, not an execution of nothing (I3)."""
    with pytest.raises(BadInput, match="exactly one order"):
        summed([])


@pytest.mark.parametrize("wrong", [{"size": "0"}, {"size": "-1"}, {"funds": "0"}, {"funds": "-5"}], ids=str)
def test_a_fill_has_positive_sides(wrong):
    """Signed or empty amounts, as venues write them, are not a fill (I6)."""
    with pytest.raises(BadInput):
        fill(**wrong)


@pytest.mark.parametrize(
    "wrong",
    [
        {"spend": None},
        {"quantity": coins(1)},
        {"position_id": "POS-1"},
        {"side": Side.SELL},
        {"side": Side.SELL, "spend": None, "quantity": coins(1)},
        {"side": Side.SELL, "spend": None, "position_id": "POS-1"},
        {"side": Side.SELL, "quantity": coins(1), "position_id": "POS-1"},
    ],
    ids=" ".join,
)
def test_an_intent_asks_for_one_thing(wrong):
    """A BUY names yen only; a SELL names coins and the position it closes (I7)."""
    with pytest.raises(BadInput, match="a BUY names yen to spend"):
        buy_intent(**wrong)


def test_an_intent_becomes_its_order():
    """A BUY spends yen at market, a SELL sells coins at market."""
    assert buy_intent().order() == MarketBuy("btc_jpy", yen(100000))
    assert sell_intent().order() == MarketSell("btc_jpy", coins(1))


def test_ids_are_deterministic():
    """The same analysis and pair, or position and attempt, give the same id (I20)."""
    assert entry_trade_id("A1", "btc_usdt") == "TRD-A1-btc_usdt-BUY"
    assert exit_trade_id("POS-1", 2) == "TRD-POS-1-SELL-2"


@pytest.mark.parametrize(("at", "inside"), [(98.9, False), (99, True), (100, True), (101, True), (101.1, False)])
def test_a_band_holds_its_ends(at, inside):
    """Prices inside the band and on its ends may be executed."""
    assert PriceBand(price(99), price(101)).holds(price(at)) is inside


def test_a_spread_is_of_the_middle():
    """Bid 99 and ask 101 are 2 % apart."""
    assert spread_pct(price(99), price(101)) == 2
