"""The paper exchange on a book in memory: what an order costs, what is refused, when a stop sells."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.paper.account import RESTING_MAX
from adapters.paper.terms import Terms
from tests.unit.made import NOW, price
from tests.unit.paper_world import START, Market, MemoryBook, buy, ours, paper, sell, stop
from trading.errors import BadInput, Rejected, Transient
from trading.money import yen
from trading.order import Side
from trading.venue import OrderState

PAIRS = st.sampled_from(["btc_jpy", "xrp_jpy"])
COINS = st.decimals("0.001", "2000", places=6)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("buy"), PAIRS, st.decimals("1", "600000", places=2)),
        st.tuples(st.just("sell"), PAIRS, COINS),
        st.tuples(st.just("stop"), PAIRS, COINS, st.integers(1, 20_000_000)),
        st.tuples(st.just("cancel"), st.integers(1, 9)),
        st.tuples(st.just("price"), PAIRS, st.decimals("0.7", "1.3", places=3)),
        st.tuples(st.just("look")),
    ),
    max_size=25,
)
PERCENT = st.decimals("0", "5", places=4)


def take(step, exchange, market):
    """One step of a sequence; a refusal is an answer too."""
    kind, *what = step
    if kind == "price":
        market.bids[what[0]] *= what[1]
        return
    try:
        if kind in {"buy", "sell"}:
            exchange.place({"buy": buy, "sell": sell}[kind](what[1], what[0]), ours)
        elif kind == "stop":
            exchange.place(stop(what[1], what[2], what[0]), ours)
        elif kind == "cancel":
            exchange.cancel(str(what[0]))
        else:
            exchange.balances()
    except Rejected:
        pass


@settings(max_examples=150, deadline=None)
@given(STEPS, PERCENT, PERCENT)
def test_money_and_coins_are_conserved_exactly(steps, slippage_pct, fee_pct):
    """Whatever is ordered, refused, canceled or triggered: start + fills = free + reserved, to the last digit."""
    market, book = Market(btc_jpy=Decimal(10_000_000), xrp_jpy=Decimal("299.7")), MemoryBook()
    exchange = paper(market, book, slippage_pct, fee_pct)
    for step in steps:
        take(step, exchange, market)
        moved = Counter({"JPY": START.number})
        for order in book.all.values():
            for fill in order.fills:
                sign = 1 if fill.side is Side.BUY else -1
                moved["JPY"] -= sign * fill.funds.number
                moved[fill.quantity.coin] += sign * fill.quantity.number
        account = book.stored
        held = {code: account.free.get(code, 0) + account.reserved.get(code, 0) for code in moved}
        assert held == moved
        assert min(*account.free.values(), *account.reserved.values(), 0) == 0
        waiting = [order.placed for order in book.all.values() if order.placed.state is OrderState.WAITING]
        assert account.resting == {order.order_id: order.trading_pair for order in waiting}
        for coin in ("BTC", "XRP"):
            tied = sum(order.quantity.number for order in waiting if order.quantity.coin == coin)
            assert account.reserved.get(coin, 0) == tied


@settings(deadline=None)
@given(st.decimals("11000", "900000", places=2), PERCENT, PERCENT)
def test_a_buy_spends_at_most_what_it_names(spend, slippage_pct, fee_pct):
    """Slippage and fee come out of the yen named; less than one step of the coin, and one yen, is left of them."""
    exchange = paper(slippage_pct=slippage_pct, fee_pct=fee_pct)
    (fill,) = exchange.fills(exchange.place(buy(spend), ours), NOW)
    assert yen(spend) - yen("1.2") < fill.funds <= yen(spend)


def test_a_buy_fills_at_the_ask_and_worse_and_a_sell_at_the_bid_and_worse():
    """At 10,000,000 / 10,000,001 with 1 % slippage and 0.5 % fee, both fills are what a calculator says."""
    exchange = paper(slippage_pct="1", fee_pct="0.5")
    (bought,) = exchange.fills(exchange.place(buy(500_000), ours), NOW)
    assert bought.quantity.number == Decimal("0.04925865")  # 500000 / (10000001 * 1.01 * 1.005), rounded down
    assert bought.funds == yen("499999.97682499")  # 492586.54925865 * 1.01 * 1.005, rounded down
    assert bought.fee == yen("2487.56207375")  # 492586.54925865 * 1.01 * 0.005, rounded down
    (sold,) = exchange.fills(exchange.place(sell("0.04"), ours), NOW)
    assert (sold.funds, sold.fee) == (yen(394_020), yen(1_980))  # 0.04 * 9900000 = 396000, less 0.5 %


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (buy(1_000_001), "not enough money or coins: the order needs 1000001 JPY, free are"),
        (sell("0.1"), "not enough money or coins: the order needs 0.1 BTC, free are"),
        (stop("0.1", 9_000_000), "not enough money or coins: the order needs 0.1 BTC"),
        (buy(9_000), "order rules: fewer than 0.001 BTC"),
        (buy("0.9"), "order rules"),
        (sell("0.0009"), "order rules: fewer than 0.001 BTC"),
        (sell("0.001000001"), "order rules: 0.001000001 BTC is between two steps of 0.00000001"),
        (stop("0.001", "0.5"), "order rules: a trigger of 0.5 JPY per BTC is below the smallest price"),
        (buy(20_000, "zzz_jpy"), "takes no orders of zzz_jpy"),
    ],
)
def test_what_is_refused_is_refused_in_words_and_changes_nothing(order, words):
    """Too little money, too few coins, below the minimum, between two steps, an unknown pair: nothing is written."""
    book = MemoryBook()
    exchange = paper(book=book)
    exchange.place(buy(100_000), ours)
    with pytest.raises(Rejected, match=words):
        exchange.place(order, ours)
    assert (book.writes, len(book.all)) == (1, 1)


def test_coins_and_prices_of_another_pair_are_a_mistake_of_ours():
    """XRP cannot be sold as BTC, nor BTC be stopped at a price of XRP: a human looks at who asked for it."""
    xrp = stop("1", 200, "xrp_jpy")
    with pytest.raises(BadInput, match="cannot be sold as btc_jpy"):
        paper().place(replace(xrp, trading_pair="btc_jpy"), ours)
    with pytest.raises(BadInput, match="cannot be stopped at 200 JPY per XRP"):
        paper().place(replace(stop("1", 1), trigger=xrp.trigger), ours)


def test_a_trigger_is_rounded_down_to_the_price_step():
    """A trigger between two prices rests at the lower one: never nearer to the market than was decided."""
    exchange = paper()
    exchange.place(buy(500_000), ours)
    order_id = exchange.place(stop("0.01", "9000000.99"), ours)
    assert exchange.order(order_id).stop_rate == price(9_000_000)


def test_a_pair_that_is_closed_at_the_venue_is_closed_on_paper():
    """When the real venue takes no orders, paper takes none either, and says the venue's word for it."""
    market = Market()
    market.open = False
    with pytest.raises(Rejected, match=r"takes no orders of btc_jpy now \(stop\)"):
        paper(market).place(buy(50_000), ours)


def test_a_fenced_order_is_not_placed_and_the_fence_is_asked_right_before_the_write():
    """The fence is asked last and anew for each try; its no is Transient and nothing is written."""
    book, asked = MemoryBook(), []
    exchange = paper(book=book)

    def fence():
        asked.append(book.writes)
        return len(asked) < 3

    book.losses = 1
    exchange.place(buy(50_000), fence)
    assert asked == [0, 0]
    with pytest.raises(Transient, match="was not placed"):
        exchange.place(buy(50_000), fence)
    assert (asked, book.writes) == ([0, 0, 1], 1)


def test_a_lost_race_is_tried_again_from_a_fresh_read_and_then_given_up():
    """Four lost races still end in one order, five in Transient and in none; the same for a cancel and a look."""
    market, book = Market(), MemoryBook()
    exchange = paper(market, book)
    book.losses = 4
    exchange.place(buy(500_000), ours)
    assert len(book.all) == 1
    book.losses = 5
    with pytest.raises(Transient, match="not placed"):
        exchange.place(buy(50_000), ours)
    assert len(book.all) == 1
    order_id = exchange.place(stop("0.01", 9_000_000), ours)
    book.losses = 5
    with pytest.raises(Transient, match="not canceled"):
        exchange.cancel(order_id)
    market.bids["btc_jpy"] = 9_000_000
    book.losses = 5
    with pytest.raises(Transient, match="ask again"):
        exchange.balances()
    assert exchange.order(order_id).state is OrderState.FILLED


LOOKS = {
    "order": lambda exchange, number: exchange.order(number),
    "open orders": lambda exchange, number: exchange.open_orders(),
    "fills": lambda exchange, number: exchange.fills(number, NOW),
    "executions": lambda exchange, number: exchange.executions(NOW),
    "balances": lambda exchange, number: exchange.balances(),
    "place": lambda exchange, number: exchange.place(buy(50_000), ours),
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_a_stop_sells_at_the_first_look_that_finds_the_bid_at_the_trigger(look):
    """One yen above the trigger it rests, at the trigger any look sells it, at the bid of that look and worse."""
    market, book = Market(), MemoryBook()
    exchange = paper(market, book, slippage_pct="1")
    exchange.place(buy(500_000), ours)
    order_id = exchange.place(stop("0.04", 9_000_000), ours)
    market.bids["btc_jpy"] = 9_000_001
    look(exchange, order_id)
    assert book.all[order_id].placed.state is OrderState.WAITING
    market.bids["btc_jpy"] = 8_000_000
    look(exchange, order_id)
    assert book.all[order_id].placed.state is OrderState.FILLED
    market.bids["btc_jpy"] = 12_000_000
    (fill,) = exchange.fills(order_id, NOW)
    assert (fill.side, fill.funds) == (Side.SELL, yen(316_800))
    assert exchange.open_orders() == []


def test_a_stop_that_the_price_has_reached_cannot_be_canceled_any_more():
    """Cancelling looks at the price first: what a real venue would have sold is sold, and the cancel is refused."""
    market = Market()
    exchange = paper(market)
    exchange.place(buy(500_000), ours)
    order_id = exchange.place(stop("0.04", 9_000_000), ours)
    market.bids["btc_jpy"] = 9_000_000
    with pytest.raises(Rejected, match="nothing to cancel"):
        exchange.cancel(order_id)
    assert exchange.order(order_id).state is OrderState.FILLED


def test_a_stop_of_a_pair_that_is_no_longer_listed_goes_on_resting():
    """Without a price nothing is sold, and the questions about everything else still have an answer."""
    market = Market()
    exchange = paper(market)
    exchange.place(buy(500_000), ours)
    order_id = exchange.place(stop("0.04", 9_000_000), ours)
    del market.bids["btc_jpy"]
    assert exchange.order(order_id).state is OrderState.WAITING
    assert exchange.balances().reserved["BTC"].number == Decimal("0.04")


def test_a_stop_that_ended_while_we_looked_is_not_listed_as_open():
    """The list of what rests was read before somebody canceled it: its own item is right."""
    exchange = paper()
    exchange.place(buy(500_000), ours)
    order_id = exchange.place(stop("0.04", 9_000_000), ours)
    stale = exchange._book.account()
    exchange.cancel(order_id)
    exchange._look = lambda *_: stale
    assert exchange.open_orders() == []


def test_coins_are_freed_once_when_two_cancel_at_once():
    """Somebody cancels between our look and our write: nothing is left to cancel for us, and no coin is freed twice."""
    book = MemoryBook()
    ours_, theirs = paper(book=book), paper(book=book)
    ours_.place(buy(500_000), ours)
    order_id = ours_.place(stop("0.04", 9_000_000), ours)
    reads = []

    def account():
        reads.append(book.stored)
        if len(reads) == 2:
            theirs.cancel(order_id)
        return book.stored

    book.account = account
    with pytest.raises(Rejected, match="nothing to cancel"):
        ours_.cancel(order_id)
    assert book.stored.reserved["BTC"] == 0


def test_there_is_a_most_of_resting_orders():
    """One look may fill all that rest in one transaction, so their number is limited: the next one is refused."""
    exchange = paper()
    exchange.place(buy(900_000), ours)
    for _ in range(RESTING_MAX):
        exchange.place(stop("0.001", 9_000_000), ours)
    with pytest.raises(Rejected, match="cancel some first"):
        exchange.place(stop("0.001", 9_000_000), ours)


@pytest.mark.parametrize(("slippage_pct", "fee_pct"), [("-0.1", "0"), ("100", "0"), ("0", "-1"), ("0", "NaN")])
def test_terms_that_cannot_be_are_refused(slippage_pct, fee_pct):
    """A percentage below 0, of 100 or more, or no number at all is a mistake in the settings."""
    with pytest.raises(BadInput, match="percentage"):
        Terms(Decimal(slippage_pct), Decimal(fee_pct))
