"""Bodies that Coincheck published or sent, replayed through our client."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from tests.unit.coincheck_wire import ours, venue
from trading.errors import Transient
from trading.money import JPY, Price, Quantity, yen
from trading.order import MarketSell, Side
from trading.venue import OrderState


@pytest.fixture
def replayed(market_data):
    """A client that is answered with one recorded body."""
    folder = market_data / "payloads" / "coincheck"
    if not folder.is_dir():
        pytest.skip(f"no recorded bodies at {folder}: set TRADER_MARKET_DATA to run this test")

    def answered_with(name):
        return venue(httpx.Response(200, content=(folder / name).read_bytes()))[0]

    return answered_with


DOCS = "documentation-examples/"


def test_the_published_ticker(replayed):
    """The reference's ticker, all numbers."""
    ticker = replayed(DOCS + "ticker.json").ticker("btc_jpy")
    assert (ticker.bid.number, ticker.ask.number, ticker.last.number) == (26900, 27390, 27390)


def test_the_published_and_the_recorded_exchange_status(replayed):
    """The reference's 27 pairs and a live reply cut to one: both say that Bitcoin is traded."""
    for name in (DOCS + "exchange_status.json", "exchange_status-btc_jpy-2026-06-02.json"):
        assert replayed(name).availability("btc_jpy").market_orders is True
    assert replayed("exchange_status-btc_jpy-2026-06-02.json").availability("eth_jpy").status == "not listed"


def test_the_published_balance(replayed):
    """Seven figures per currency; two of them are ours to use."""
    held = replayed(DOCS + "accounts-balance.json").balances()
    assert (held.jpy_free, held.jpy_reserved) == (yen("0.8401"), yen("3000.0"))
    assert held.free["BTC"] == Quantity(Decimal("7.75052654"), "BTC")
    assert held.reserved["BTC"] == Quantity(Decimal("3.5002"), "BTC")


def test_the_published_order_its_detail_and_the_open_ones(replayed):
    """A new order's id, an order that expired by self-trade prevention, and three open ones, one with a trigger."""
    sell = MarketSell("btc_jpy", Quantity(Decimal("1.3"), "BTC"))
    assert replayed(DOCS + "exchange-orders-new.json").place(sell, ours) == "12345"
    detail = replayed(DOCS + "exchange-orders-detail.json").order("12345")
    assert (detail.state, detail.partly) == (OrderState.CANCELED, True)
    assert (detail.side, detail.quantity, detail.spend) == (Side.BUY, Quantity(Decimal("1.0"), "BTC"), None)
    orders = replayed(DOCS + "exchange-orders-opens.json").open_orders()
    assert [(order.order_id, order.state) for order in orders] == [
        ("202835", OrderState.OPEN), ("202836", OrderState.OPEN), ("38632107", OrderState.WAITING)
    ]  # fmt: skip
    assert [(order.side, order.market) for order in orders] == [
        (Side.BUY, False), (Side.SELL, False), (Side.BUY, True)
    ]  # fmt: skip
    assert (orders[1].quantity, orders[2].spend) == (Quantity(Decimal("0.77"), "BTC"), yen("10000.0"))
    assert (orders[2].quantity, orders[2].stop_rate) == (None, Price(Decimal("50000.0"), "BTC", JPY))


def test_the_published_cancel(replayed):
    """The venue heard it: the reply names the order, and another order's name is no answer."""
    exchange = replayed(DOCS + "exchange-orders-cancel.json")
    exchange.cancel("12345")
    with pytest.raises(Transient):
        exchange.cancel("12346")


def test_the_published_transactions(replayed):
    """Two rows of two orders with signed funds and a fee and a rebate: each order gets its own, positive."""
    exchange = replayed(DOCS + "exchange-orders-transactions_pagination.json")
    (bought,) = exchange.fills("49", datetime(2015, 1, 1, tzinfo=UTC))
    (sold,) = exchange.fills("48", datetime(2015, 1, 1, tzinfo=UTC))
    assert (bought.fill_id, bought.funds, bought.fee) == ("38", yen("4096.135"), yen("6.135"))
    assert exchange.executions(datetime(2015, 1, 1, tzinfo=UTC)) == [sold, bought]
    assert (sold.fill_id, sold.funds, sold.fee) == ("37", yen("4094.09"), yen("-4.09"))
