"""The facts that every adapter of the ``Exchange`` port keeps, Coincheck and paper, in the same simulated market."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials
from adapters.paper import PaperExchange, open_paper_book
from tests.contract.worlds import open_world
from trading.errors import Rejected, Transient
from trading.money import JPY, Price, Quantity, yen
from trading.order import MarketBuy, MarketSell, Side, StopSell, summed
from trading.pairs import parse_pairs
from trading.ports import Exchange
from trading.venue import OrderState

PAIRS = parse_pairs(None)
START = yen(1_000_000)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def world():
    with open_world(jpy=START.number) as found:
        yield found


@pytest.fixture
def coincheck(world) -> Exchange:
    keys = Credentials(SecretStr(world.config.access_key), SecretStr(world.config.secret_key))
    return CoincheckExchange(f"{world.url}/coincheck", keys, PAIRS, orders_per_s=None, details_per_s=None)


@pytest.fixture
def paper(world, aws, names, tables) -> Exchange:
    """Paper at the world's prices and time, on tables of its own."""
    prices = CoincheckExchange(f"{world.url}/coincheck", None)

    def now() -> datetime:
        return prices.ticker("btc_jpy").at

    book = open_paper_book(names, aws, START, now)
    return PaperExchange(prices, book, now, Decimal("0.05"), Decimal("0.1"))


@pytest.fixture(params=["coincheck", "paper"])
def exchange(request) -> Exchange:
    return request.getfixturevalue(request.param)


def ours() -> bool:
    return True


def bought(exchange, spend=100_000) -> Quantity:
    """The coins that so many yen of BTC bought."""
    return summed(exchange.fills(exchange.place(MarketBuy("btc_jpy", yen(spend)), ours), LONG_AGO)).quantity


def stop(exchange, coins, share_of_bid) -> StopSell:
    """A stop order with its trigger at a share of the bid now, on the price step."""
    bid = exchange.ticker("btc_jpy").bid.number
    return StopSell("btc_jpy", coins, Price((bid * Decimal(share_of_bid)).to_integral_value(), "BTC", JPY))


def test_every_pair_is_bought_and_sold_and_the_balances_move_by_the_fills(exchange):
    """For all six pairs, both ways: what the fills say is exactly what the account moved by, and fees are in it."""
    moved = yen(0)
    for pair in PAIRS:
        ticker = exchange.ticker(pair.coincheck)
        spent = summed(exchange.fills(exchange.place(MarketBuy(pair.coincheck, yen(20_000)), ours), LONG_AGO))
        assert spent.funds <= yen(20_000)
        assert spent.price >= ticker.ask
        assert exchange.balances().coins(pair.coin) == spent.quantity
        back = summed(exchange.fills(exchange.place(MarketSell(pair.coincheck, spent.quantity), ours), LONG_AGO))
        assert (back.quantity, back.price <= ticker.bid) == (spent.quantity, True)
        moved = moved - spent.funds + back.funds
    held = exchange.balances()
    assert held.jpy_free == held.jpy == START + moved
    assert all(held.coins(pair.coin).is_zero for pair in PAIRS)


def test_an_order_is_found_by_its_id_as_it_was_placed(exchange):
    """It is FILLED, of its pair and side, no longer among the open ones, and its id is plain digits."""
    order_id = exchange.place(MarketBuy("btc_jpy", yen(50_000)), ours)
    found = exchange.order(order_id)
    assert (found.order_id, found.trading_pair, found.side) == (order_id, "btc_jpy", Side.BUY)
    assert (found.state, found.spend, found.stop_rate) == (OrderState.FILLED, yen(50_000), None)
    assert exchange.open_orders() == []
    assert order_id.isdecimal()


def test_an_id_that_is_none_of_the_venue_s_is_a_clear_no(exchange):
    """Asked for, it is Rejected; there are no fills of it and nothing to cancel."""
    exchange.place(MarketBuy("btc_jpy", yen(50_000)), ours)
    for number in ("99999999", "no number"):
        with pytest.raises(Rejected):
            exchange.order(number)
        with pytest.raises(Rejected):
            exchange.cancel(number)
    assert exchange.fills("99999999", LONG_AGO) == []


def test_executions_are_the_fills_of_all_orders_oldest_first(exchange):
    """Every order's fills are among them, each once, of all pairs, and none that is no order's."""
    ids = [exchange.place(MarketBuy(pair.coincheck, yen(20_000)), ours) for pair in PAIRS]
    seen = exchange.executions(LONG_AGO)
    assert sorted(seen, key=repr) == sorted(
        (fill for number in ids for fill in exchange.fills(number, LONG_AGO)), key=repr
    )
    assert [fill.at for fill in seen] == sorted(fill.at for fill in seen)
    assert list(dict.fromkeys(fill.order_id for fill in seen)) == ids


def test_old_executions_are_left_out_and_fresh_ones_are_not_although_clocks_differ(world, exchange):
    """Asked from five minutes after a fill it is still given; asked from two days after it, only what came later is."""
    first = exchange.place(MarketBuy("btc_jpy", yen(50_000)), ours)
    at = exchange.ticker("btc_jpy").at
    assert exchange.fills(first, at + timedelta(minutes=5))
    assert exchange.executions(at + timedelta(minutes=5))
    world.advance(2 * 86_400)
    second = exchange.place(MarketBuy("btc_jpy", yen(50_000)), ours)
    assert {fill.order_id for fill in exchange.executions(at + timedelta(days=2))} == {second}
    assert {fill.order_id for fill in exchange.executions(at)} == {first, second}


@pytest.mark.parametrize(
    "order",
    [
        MarketBuy("btc_jpy", yen(5_000_000)),
        MarketBuy("btc_jpy", yen(100)),
        MarketBuy("btc_jpy", yen("0.5")),
        MarketBuy("zzz_jpy", yen(10_000)),
        MarketSell("btc_jpy", Quantity(Decimal(1), "BTC")),
        MarketSell("btc_jpy", Quantity(Decimal("0.0009"), "BTC")),
        MarketSell("eth_jpy", Quantity(Decimal("0.0010000001"), "ETH")),
        StopSell("btc_jpy", Quantity(Decimal(1), "BTC"), Price(Decimal(1_000_000), "BTC", JPY)),
    ],
    ids=["money", "minimum", "nothing", "pair", "coins", "few coins", "step", "stop"],
)
def test_a_clear_no_is_rejected_and_changes_nothing(exchange, order):
    """Too little money or coins, below the minimum, between two steps, no such pair: Rejected, and nothing was done."""
    bought(exchange)
    before = exchange.balances(), exchange.executions(LONG_AGO)
    with pytest.raises(Rejected):
        exchange.place(order, ours)
    assert (exchange.balances(), exchange.executions(LONG_AGO), exchange.open_orders()) == (*before, [])


@pytest.mark.parametrize("kind", ["buy", "sell", "stop"])
def test_an_order_whose_time_is_over_is_not_placed(exchange, kind):
    """The fence says no: Transient, as nothing happened, and the account is as it was."""
    coins = bought(exchange)
    order = {
        "buy": MarketBuy("btc_jpy", yen(50_000)),
        "sell": MarketSell("btc_jpy", coins),
        "stop": stop(exchange, coins, "0.9"),
    }[kind]
    before = exchange.balances(), exchange.executions(LONG_AGO)
    with pytest.raises(Transient):
        exchange.place(order, lambda: False)
    assert (exchange.balances(), exchange.executions(LONG_AGO), exchange.open_orders()) == (*before, [])


def test_a_stop_order_rests_ties_up_its_coins_and_gives_them_back_when_canceled(exchange):
    """It waits with its trigger, by its id and among the open ones; its coins cannot be sold; it ends once."""
    coins = bought(exchange)
    order = stop(exchange, coins, "0.9")
    order_id = exchange.place(order, ours)
    for found in (exchange.order(order_id), *exchange.open_orders()):
        assert (found.order_id, found.state, found.side) == (order_id, OrderState.WAITING, Side.SELL)
        assert (found.quantity, found.stop_rate) == (coins, order.trigger)
    assert len(exchange.open_orders()) == 1
    held = exchange.balances()
    assert (held.free["BTC"].is_zero, held.reserved["BTC"], held.coins("BTC")) == (True, coins, coins)
    with pytest.raises(Rejected):
        exchange.place(MarketSell("btc_jpy", coins), ours)
    exchange.cancel(order_id)
    assert (exchange.order(order_id).state, exchange.open_orders()) == (OrderState.CANCELED, [])
    assert exchange.balances().free["BTC"] == coins
    with pytest.raises(Rejected):
        exchange.cancel(order_id)
    assert exchange.fills(order_id, LONG_AGO) == []


def test_a_stop_order_sells_once_the_price_is_at_its_trigger(exchange):
    """With the trigger above the bid it is filled when next asked for, like a market sell, and rests no more."""
    coins = bought(exchange)
    jpy = exchange.balances().jpy
    ticker = exchange.ticker("btc_jpy")
    order_id = exchange.place(stop(exchange, coins, "1.05"), ours)
    assert exchange.order(order_id).state is OrderState.FILLED
    sold = summed(exchange.fills(order_id, LONG_AGO))
    assert (sold.quantity, sold.price <= ticker.bid) == (coins, True)
    held = exchange.balances()
    assert (held.jpy - jpy, held.coins("BTC").is_zero, exchange.open_orders()) == (sold.funds, True, [])
    with pytest.raises(Rejected):
        exchange.cancel(order_id)
