"""What is asked of Coincheck: prices, permissions, orders and balances, read exactly or not at all."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest

from adapters.coincheck.orders import STATES
from tests.unit.coincheck_wire import TICKER, says, venue
from trading.errors import Rejected, Transient
from trading.money import Quantity, yen
from trading.venue import OrderState


def test_a_ticker_reads_numbers_and_text_exactly():
    """The reference shows numbers, the live venue text: both are the same prices, in yen per coin."""
    ticker = venue(says(TICKER))[0].ticker("btc_jpy")
    assert (ticker.bid.number, ticker.ask.number, ticker.last.number) == (
        Decimal("26900.5"), Decimal("27390.5"), Decimal(27390)
    )  # fmt: skip
    assert (ticker.at, ticker.bid.coin) == (datetime(2015, 2, 8, 6, 44, 1, tzinfo=UTC), "BTC")


@pytest.mark.parametrize(
    "change", [{"bid": 0}, {"ask": None}, {"last": "-1"}, {"bid": 30000}, {"bid": True}, {"last": "x"},
               {"ask": "Infinity"}, {"timestamp": None}],
)  # fmt: skip
def test_a_senseless_ticker_is_asked_for_again(change):
    """Zero, null, negative or crossed: such a price is no price, and no order is made on it."""
    with pytest.raises(Transient, match="ticker of btc_jpy"):
        venue(says({**TICKER, **change}))[0].ticker("btc_jpy")


@pytest.mark.parametrize(
    ("row", "open_now"),
    [
        ({"status": "available", "availability": {"order": True, "market_order": True, "cancel": True}}, True),
        ({"status": "available", "availability": {"order": True, "market_order": False, "cancel": True}}, False),
        ({"status": "itayose", "availability": {"order": True, "market_order": True, "cancel": True}}, False),
        ({"status": "stop", "availability": {"order": False, "market_order": False, "cancel": True}}, False),
    ],
)
def test_market_orders_are_taken_only_when_status_and_permission_agree(row, open_now):
    """An auction or a stop takes no market order, whatever else is allowed; the venue's word is passed on."""
    body = {"exchange_status": [{"pair": "eth_jpy", **row}, {"pair": "btc_jpy", **row}]}
    answer = venue(says(body))[0].availability("btc_jpy")
    assert (answer.market_orders, answer.status) == (open_now, row["status"])
    assert venue(says({"exchange_status": []}))[0].availability("btc_jpy").market_orders is False


def test_every_documented_order_state_is_known():
    """The reference names eight states; only an ended, partly filled order counts as partly."""
    detail = {"id": 5, "pair": "btc_jpy", "order_type": "market_buy", "created_at": "2015-01-10T05:55:38.000Z"}
    found = {name: venue(says({**detail, "status": name}))[0].order("5") for name in STATES}
    assert {name for name, order in found.items() if order.partly} == {
        "PARTIALLY_FILLED_CANCELED", "PARTIALLY_FILLED_EXPIRED"
    }  # fmt: skip
    assert {name for name, order in found.items() if order.state is OrderState.FILLED} == {"FILLED"}
    assert found["NEW"].created_at == datetime(2015, 1, 10, 5, 55, 38, tzinfo=UTC)


def test_an_order_that_the_venue_does_not_know_is_rejected_and_an_odd_answer_is_not():
    """That an order is not found is evidence; another order's detail, a new state or HTML are not."""
    with pytest.raises(Rejected, match="does not know it"):
        venue(says({"success": False, "error": "Order not found"}, 404))[0].order("5")
    detail = {
        "id": 5,
        "pair": "btc_jpy",
        "order_type": "market_buy",
        "status": "NEW",
        "created_at": "2015-01-10T05:55:38.000Z",
    }
    for body in ({**detail, "id": 6}, {**detail, "status": "SLEEPING"}, {"success": True}):
        with pytest.raises(Transient):
            venue(says(body))[0].order("5")
    with pytest.raises(Transient):
        venue(httpx.Response(404, html="<html></html>"))[0].order("5")
    exchange, wire = venue(says(detail))
    with pytest.raises(Rejected, match="not an order id"):
        exchange.order("../accounts")
    assert wire.sent == []


def test_balances_are_those_of_the_configured_coins():
    """Free and reserved, exact; a coin that is not listed is none of it; without pairs all coins are given."""
    body = {
        "success": True,
        "jpy": "0.8401",
        "jpy_reserved": "3000.0",
        "btc": 7,
        "btc_reserved": "3.5002",
        "btc_debt": "x",
    }
    held = venue(says(body))[0].balances()
    assert (held.jpy_free, held.jpy_reserved) == (yen("0.8401"), yen("3000.0"))
    assert held.free["BTC"] == Quantity(Decimal(7), "BTC")
    assert held.reserved["BTC"] == Quantity(Decimal("3.5002"), "BTC")
    assert held.free["ETH"].is_zero
    assert set(venue(says(body), pairs=False)[0].balances().free) == {"BTC"}


@pytest.mark.parametrize(
    "body", [{}, {"jpy": "1"}, {"jpy": None, "jpy_reserved": "0"}, {"jpy": "1", "jpy_reserved": "0", "btc": None},
             {"jpy": "1", "jpy_reserved": "0", "btc": "-1"}, {"jpy": "1", "jpy_reserved": "0", "btc": "lots"}],
)  # fmt: skip
def test_a_balance_that_cannot_be_read_is_not_zero(body):
    """Missing yen or a senseless number is no answer; taking it for nothing would look like a loss."""
    with pytest.raises(Transient, match="balances"):
        venue(says({"success": True, **body}))[0].balances()


def test_resting_orders_say_which_wait_for_a_trigger():
    """The list has ids as numbers, rates as numbers or null; one with a trigger price waits."""
    rows = [
        {"id": 202835, "order_type": "buy", "rate": 26890, "pair": "btc_jpy", "stop_loss_rate": None,
         "created_at": "2015-01-10T05:55:38.000Z"},
        {"id": 38632107, "order_type": "sell", "rate": None, "pair": "eth_jpy", "stop_loss_rate": "50000.0",
         "created_at": "2016-02-23T12:14:50.000Z"},
    ]  # fmt: skip
    found = venue(says({"success": True, "orders": rows}))[0].open_orders()
    assert [(order.order_id, order.state.value) for order in found] == [("202835", "OPEN"), ("38632107", "WAITING")]
    with pytest.raises(Transient):
        venue(says({"success": True}))[0].open_orders()
