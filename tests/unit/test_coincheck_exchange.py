"""The Coincheck exchange over a scripted transport: what is sent, byte for byte, and what comes of each answer."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.coincheck import Credentials
from adapters.coincheck.orders import order_form
from adapters.coincheck.signing import signature
from tests.unit.coincheck_wire import KEY, SECRET, TICKER, ours, says, venue
from trading.errors import BadInput, Halt, Rejected, Transient, Unknown
from trading.money import Quantity, yen
from trading.order import MarketBuy, MarketSell

BUY = MarketBuy("btc_jpy", yen(5000))
SELL = MarketSell("btc_jpy", Quantity(Decimal("0.00001"), "BTC"))
PLACED = {"success": True, "id": 12345, "rate": None, "amount": None, "order_type": "market_buy", "pair": "btc_jpy"}


@pytest.mark.parametrize(
    "base_url", ["https://coincheck.com", "https://coincheck.com/", "http://127.0.0.1:8080/coincheck"]
)
def test_the_signature_covers_the_bytes_on_the_wire(base_url):
    """Nonce + the whole URL as sent + the body as sent: recomputed from the request that the transport got."""
    exchange, wire = venue(says(PLACED), base_url)
    exchange.place(BUY, ours)
    wire.answer = says({"success": True, "data": []})
    exchange.fills("12345", datetime(2026, 1, 5, tzinfo=UTC))
    for sent in wire.sent:
        nonce = int(sent.headers["ACCESS-NONCE"])
        assert sent.headers["ACCESS-KEY"] == KEY.get_secret_value()
        assert sent.headers["ACCESS-SIGNATURE"] == signature(SECRET, nonce, str(sent.url), sent.read())
    order, page = wire.sent[0], wire.sent[1]
    assert str(order.url) == f"{base_url.rstrip('/')}/api/exchange/orders"
    assert order.content == b"market_buy_amount=5000&order_type=market_buy&pair=btc_jpy"
    assert order.headers["Content-Type"] == "application/x-www-form-urlencoded"
    assert page.url.query == b"limit=25&order=desc"


def test_public_questions_carry_no_key():
    """A ticker needs no key, so none is sent, and it works without one; a private call without one is a clear Halt."""
    exchange, wire = venue(says(TICKER), credentials=False)
    exchange.ticker("btc_jpy")
    assert not any(name.lower().startswith("access-") for name in wire.sent[0].headers)
    with pytest.raises(Halt, match="TRADER_COINCHECK_ACCESS_KEY"):
        exchange.balances()
    with pytest.raises(Halt, match="TRADER_COINCHECK_ACCESS_KEY"):
        exchange.place(BUY, ours)
    assert len(wire.sent) == 1


@given(st.decimals(min_value="1", max_value="1e12", allow_nan=False, places=6))
def test_a_buy_spends_whole_yen_and_never_more_than_named(amount):
    """The amount is plain digits, rounded down to the yen."""
    form = order_form(MarketBuy("eth_jpy", yen(amount)))
    assert form == {"pair": "eth_jpy", "order_type": "market_buy", "market_buy_amount": form["market_buy_amount"]}
    assert form["market_buy_amount"].isdecimal()
    assert 0 <= amount - Decimal(form["market_buy_amount"]) < 1


@given(st.decimals(min_value="0.00000001", max_value="1e12", allow_nan=False))
def test_a_sell_writes_its_coins_in_plain_digits(amount):
    """No exponent, no rounding: 0.00001 is not 1e-05, and 1E+2 is 100."""
    form = order_form(MarketSell("doge_jpy", Quantity(amount, "DOGE")))
    assert set(form["amount"]) <= set("0123456789.")
    assert Decimal(form["amount"]) == amount


def test_an_order_over_nothing_or_of_another_coin_is_not_sent():
    """Less than a yen, no coins, or ETH in the BTC market: nothing goes to the venue."""
    exchange, wire = venue(says(PLACED))
    for order, kind in (
        (MarketBuy("btc_jpy", yen("0.99")), Rejected),
        (MarketSell("btc_jpy", Quantity(Decimal(0), "BTC")), Rejected),
        (MarketSell("btc_jpy", Quantity(Decimal(1), "ETH")), BadInput),
    ):
        with pytest.raises(kind):
            exchange.place(order, ours)
    assert wire.sent == []


def test_i3_an_order_reply_without_amount_and_rate_gives_its_id():
    """The live venue answers a market order with null amount and null rate; the id is all that is used."""
    assert venue(says(PLACED))[0].place(BUY, ours) == "12345"
    assert venue(says({**PLACED, "id": "12345"}))[0].place(BUY, ours) == "12345"
    assert venue(says({"success": True, "id": 7}))[0].place(SELL, ours) == "7"


@pytest.mark.parametrize(
    "body",
    [{"success": True}, {**PLACED, "id": None}, {**PLACED, "id": ""}, {**PLACED, "id": 0}, {**PLACED, "id": True},
     {**PLACED, "id": "abc"}, {**PLACED, "id": 1.5}, {"id": 12345}, {**PLACED, "pair": "eth_jpy"}],
)  # fmt: skip
def test_a_success_without_a_usable_id_is_unknown(body):
    """The order may exist; without its id only a look-up tells, and an answer about another pair is nobody's answer."""
    with pytest.raises(Unknown, match="look the order up"):
        venue(says(body))[0].place(BUY, ours)


FAILURES = [
    *((kind("gone"), Transient) for kind in (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)),
    *((kind("gone"), Unknown) for kind in (httpx.ReadTimeout, httpx.ReadError, httpx.WriteError, httpx.WriteTimeout,
                                           httpx.RemoteProtocolError, httpx.CloseError, httpx.DecodingError)),
    (httpx.Response(200, html="<html>Just a moment...</html>"), Unknown),
    (httpx.Response(200, content=b'{"success":true,"id":123'), Unknown),
    (httpx.Response(502, html="<html>Bad Gateway</html>"), Unknown),
    (httpx.Response(500, json={"success": False, "error": "Nonce must be incremented"}), Unknown),
    (httpx.Response(301, headers={"Location": "https://coincheck.com/x"}), Unknown),
    (httpx.Response(429, json={"success": False, "error": "too_many_requests"}), Transient),
    (httpx.Response(401, json={"success": False, "error": "Nonce must be incremented"}), Transient),
    (httpx.Response(401, json={"success": False, "error": "invalid authentication"}), Halt),
    (httpx.Response(400, json={"success": False, "error": "disabled API Key"}), Halt),
    (httpx.Response(400, json={"success": False, "error": "JPYの所持金額が足りません"}), Rejected),
    (httpx.Response(400, json={"success": False, "error": "量が最低量(0.001 BTC)を下回っています"}), Rejected),
]  # fmt: skip


@pytest.mark.parametrize(("answer", "kind"), FAILURES, ids=lambda value: getattr(value, "__name__", repr(value)[:40]))
def test_i22_one_request_and_a_clear_outcome(answer, kind):
    """Whatever happens to an order, it is sent exactly once, and what it means is one of the four errors."""
    exchange, wire = venue(answer)
    with pytest.raises(kind) as caught:
        exchange.place(BUY, ours)
    assert type(caught.value) is kind
    assert len(wire.sent) == 1
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("answer", "kind"), FAILURES, ids=lambda value: getattr(value, "__name__", repr(value)[:40]))
def test_i25_no_failure_shows_a_key(answer, kind):
    """Neither error text nor repr of anything holds the key or the secret, even when the venue sends them back."""
    echo = f"{KEY.get_secret_value()} {SECRET.get_secret_value()}"
    if isinstance(answer, httpx.Response):
        error = answer.json().get("error") if answer.content[:1] == b"{" and answer.content[-1:] == b"}" else None
        body = {"success": False, "error": f"{error} {echo}"} if error else None
        answer = (
            httpx.Response(answer.status_code, json=body) if body else httpx.Response(answer.status_code, text=echo)
        )
    else:
        answer = type(answer)(echo)
    exchange, _ = venue(answer)
    with pytest.raises(kind) as caught:
        exchange.place(BUY, ours)
    for text in (str(caught.value), repr(caught.value), repr(exchange), repr(Credentials(KEY, SECRET))):
        assert "planted" not in text


def test_i23_a_refused_nonce_makes_the_next_one_jump():
    """Nothing happened, and the retry is ahead of whatever other process used the key."""
    exchange, wire = venue(says({"success": False, "error": "Nonce must be incremented"}, 401))
    for _ in range(3):
        with pytest.raises(Transient):
            exchange.balances()
    first, second, third = (int(sent.headers["ACCESS-NONCE"]) for sent in wire.sent)
    assert second - first > 1_000_000
    assert third - second > 2_000_000
