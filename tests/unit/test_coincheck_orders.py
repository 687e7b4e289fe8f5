"""Stops, cancellations, fences and what the venue says of an order, over a scripted transport."""

from __future__ import annotations

from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.coincheck.errors import Call, Failure, read
from adapters.coincheck.orders import order_form
from adapters.coincheck.signing import Nonces, signature
from tests.unit.coincheck_wire import KEY, SECRET, ours, says, venue
from trading.errors import BadInput, Halt, Rejected, Transient
from trading.money import JPY, Price, Quantity, yen
from trading.order import MarketBuy, Side, StopSell
from trading.pairs import LOT_RULES
from trading.venue import OrderState

BUY = MarketBuy("btc_jpy", yen(5000))
PLACED = {"success": True, "id": 12345, "pair": "btc_jpy"}
DETAIL = {"success": True, "id": 5, "pair": "sol_jpy", "status": "WAITING_FOR_TRIGGER", "order_type": "market_sell",
          "amount": "1.50", "market_buy_amount": None, "rate": None, "stop_loss_rate": "20000.5",
          "created_at": "2015-01-10T05:55:38.000Z"}  # fmt: skip
OPEN = {"id": 5, "pair": "sol_jpy", "order_type": "market_sell", "rate": None, "pending_amount": "1.5",
        "pending_market_buy_amount": None, "stop_loss_rate": "20000.5",
        "created_at": "2015-01-10T05:55:38.000Z"}  # fmt: skip
TRIGGERS = st.decimals("0.01", "1e9", allow_nan=False)


def stop(coin, trigger, amount="1"):
    return StopSell(f"{coin.lower()}_jpy", Quantity(Decimal(amount), coin), Price(Decimal(trigger), coin, JPY))


@given(st.sampled_from(sorted(LOT_RULES)), TRIGGERS, st.decimals("0.00000001", "1e9", allow_nan=False))
def test_a_stop_is_a_market_sell_with_a_trigger_on_the_venue_s_step(coin, trigger, amount):
    """All its coins, and a trigger in plain digits: a multiple of the pair's price step, less than a step lower."""
    step = LOT_RULES[coin].price_step
    if trigger < step:
        with pytest.raises(Rejected, match="price step"):
            order_form(stop(coin, trigger, amount))
        return
    form = order_form(stop(coin, trigger, amount))
    assert {**form, "amount": "", "stop_loss_rate": ""} == {
        "pair": f"{coin.lower()}_jpy", "order_type": "market_sell", "amount": "", "stop_loss_rate": ""
    }  # fmt: skip
    assert set(form["amount"] + form["stop_loss_rate"]) <= set("0123456789.")
    assert Decimal(form["amount"]) == amount
    rate = Decimal(form["stop_loss_rate"])
    assert rate % step == 0
    assert 0 <= trigger - rate < step


@given(TRIGGERS)
def test_the_trigger_of_a_coin_without_known_steps_is_safe(trigger):
    """From 100 yen on it is whole yen, a multiple of every finer step; below that, thousandths; never higher."""
    rate = Decimal(order_form(stop("PEPE", trigger))["stop_loss_rate"])
    assert rate % (1 if trigger >= 100 else Decimal("0.001")) == 0
    assert trigger * Decimal("0.9") <= rate <= trigger


def test_a_stop_over_nothing_or_of_another_coin_is_not_sent():
    """No coins, coins of another pair, or the price of another coin: nothing goes to the venue."""
    exchange, wire = venue(says(PLACED))
    bitcoin = Quantity(Decimal(1), "BTC")
    for order, kind in (
        (stop("BTC", "9000000", "0"), Rejected),
        (StopSell("eth_jpy", bitcoin, Price(Decimal(9), "BTC", JPY)), BadInput),
        (StopSell("btc_jpy", bitcoin, Price(Decimal(9), "ETH", JPY)), BadInput),
    ):
        with pytest.raises(kind):
            exchange.place(order, ours)
    assert wire.sent == []


def test_the_nonce_is_drawn_before_the_fence_is_asked():
    """However long the fence took, the order carries the number of the time before it; only then is it sent."""
    exchange, wire = venue(says(PLACED))
    now_us = [1_000]
    exchange._client._nonces = Nonces(lambda: now_us[0] * 1_000)

    def slow() -> bool:
        assert wire.sent == []
        now_us[0] = 9_000
        return True

    assert exchange.place(BUY, slow) == "12345"
    assert [sent.headers["ACCESS-NONCE"] for sent in wire.sent] == ["1000"]


class Bug(Exception):
    """Not one of ours."""


@pytest.mark.parametrize(
    ("fence", "kind"),
    [(False, Transient), (None, Transient), (Halt("books"), Transient), (Rejected("gone"), Transient), (Bug(), Bug)],
    ids=["no", "nothing", "halt", "rejected", "a bug"],
)
def test_without_a_yes_nothing_is_sent_and_the_next_order_is(fence, kind):
    """A fence that says no or fails: no request, Transient (a bug of ours shows itself), and the turn is free again."""

    def asked():
        if isinstance(fence, Exception):
            raise fence
        return fence

    exchange, wire = venue(says(PLACED))
    with pytest.raises(kind) as caught:
        exchange.place(BUY, asked)
    assert kind is Bug or "not sent" in str(caught.value)
    assert wire.sent == []
    assert exchange.place(BUY, ours) == "12345"


def test_without_a_key_the_fence_is_not_asked():
    """A missing key is a Halt, whatever the time."""
    with pytest.raises(Halt, match="TRADER_COINCHECK_ACCESS_KEY"):
        venue(says(PLACED), credentials=False)[0].place(BUY, lambda: pytest.fail("asked"))


def test_a_cancel_is_a_signed_delete_without_a_body():
    """Signed are the nonce and the URL; the venue's id of it comes back, and nothing else is taken for an answer."""
    exchange, wire = venue(says({"success": True, "id": 49}))
    exchange.cancel("49")
    (sent,) = wire.sent
    assert (sent.method, str(sent.url), sent.content) == ("DELETE", "https://coincheck.com/api/exchange/orders/49", b"")
    assert "Content-Type" not in sent.headers
    expected = signature(SECRET, int(sent.headers["ACCESS-NONCE"]), str(sent.url), b"")
    assert (sent.headers["ACCESS-KEY"], sent.headers["ACCESS-SIGNATURE"]) == (KEY.get_secret_value(), expected)
    for body in ({"success": True}, {"success": True, "id": 50}, {"id": 49}, {}):
        with pytest.raises(Transient):
            venue(says(body))[0].cancel("49")


@pytest.mark.parametrize(
    ("reason", "kind"),
    [("Failed to cancel the order", Rejected), ("Order not found", Rejected), ("注文が見つかりません", Rejected),
     ("取引が停止されています", Transient), ("something never seen before", Transient), ("", Transient),
     ("Nonce must be incremented", Transient), ("ただいまメンテナンス中です", Transient),
     ("このAPIキーには権限がありません", Halt)],
)  # fmt: skip
def test_only_an_order_that_is_not_open_ends_a_cancel(reason, kind):
    """Any other no may pass: the order still rests, so saying that there is nothing to cancel would be a guess."""
    answer = read(httpx.Response(400, json={"success": False, "error": reason}))
    assert isinstance(answer, Failure)
    assert type(answer.error(Call.CANCELLING, "x")) is kind
    with pytest.raises(kind):
        venue(says({"success": False, "error": reason}, 400))[0].cancel("49")


@pytest.mark.parametrize(
    "answer",
    [*(kind("gone") for kind in (httpx.ConnectError, httpx.ReadTimeout, httpx.ReadError, httpx.RemoteProtocolError)),
     *(httpx.Response(status, html="<html></html>") for status in (200, 404, 429, 500, 503)),
     httpx.Response(200, content=b'{"success":true,"id":4')],
)  # fmt: skip
def test_a_cancel_without_an_answer_is_transient_and_sent_once(answer):
    """Nobody knows whether it was heard; asking again is harmless, so that is left to the caller."""
    exchange, wire = venue(answer)
    with pytest.raises(Transient):
        exchange.cancel("49")
    assert len(wire.sent) == 1


def test_an_order_s_detail_says_what_it_was_placed_for():
    """Side, coins or yen, trigger and market, for each of the four types; null stays nothing."""
    found = venue(says(DETAIL))[0].order("5")
    assert (found.side, found.quantity, found.spend) == (Side.SELL, Quantity(Decimal("1.5"), "SOL"), None)
    assert (found.state, found.stop_rate) == (OrderState.WAITING, Price(Decimal("20000.5"), "SOL", JPY))
    bought = {"order_type": "market_buy", "amount": None, "market_buy_amount": "5000.0", "stop_loss_rate": None}
    found = venue(says({**DETAIL, **bought}))[0].order("5")
    assert (found.side, found.quantity, found.spend, found.stop_rate) == (Side.BUY, None, yen(5000), None)
    for kind, rate, side, market in (
        ("buy", "26890.0", Side.BUY, False), ("sell", 26990, Side.SELL, False),
        ("market_buy", None, Side.BUY, True), ("market_sell", None, Side.SELL, True),
        ("buy", None, Side.BUY, True),  # as the reference lists a market order
    ):  # fmt: skip
        found = venue(says({**DETAIL, "order_type": kind, "rate": rate}))[0].order("5")
        assert (found.side, found.market) == (side, market)


def test_an_open_order_says_what_is_left_of_it():
    """The same words as its detail, with the pending amounts in place of those it was placed for."""
    exchange = venue(says({"success": True, "orders": [OPEN]}))[0]
    assert exchange.open_orders() == [venue(says(DETAIL))[0].order("5")]
    spent = {**OPEN, "order_type": "market_buy", "pending_amount": None, "pending_market_buy_amount": "40.5"}
    (found,) = venue(says({"success": True, "orders": [spent]}))[0].open_orders()
    assert (found.quantity, found.spend) == (None, yen("40.5"))


@pytest.mark.parametrize(
    "change", [{"order_type": None}, {"order_type": "swap"}, {"amount": "-1"}, {"amount": "NaN"}, {"amount": "lots"},
               {"stop_loss_rate": 0}, {"stop_loss_rate": "-5"}, {"market_buy_amount": "-1"}],
)  # fmt: skip
def test_an_order_that_makes_no_sense_is_asked_for_again(change):
    """A size or trigger that cannot be is no answer; reading it as none would hide an order."""
    with pytest.raises(Transient, match="not usable"):
        venue(says({**DETAIL, **change}))[0].order("5")
    pending = {f"pending_{name}" if "amount" in name else name: value for name, value in change.items()}
    with pytest.raises(Transient, match="not usable"):
        venue(says({"success": True, "orders": [{**OPEN, **pending}]}))[0].open_orders()
