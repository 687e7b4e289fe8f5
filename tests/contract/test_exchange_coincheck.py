"""Our Coincheck client against the simulated exchange, whose ledger cannot lie, and against bad weather on the wire."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import httpx
import pytest
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials, signing
from adapters.coincheck.signing import nonces_of, signed_headers
from adapters.http import http_client
from tests.contract import weather
from tests.contract.worlds import open_world
from tests.unit.coincheck_wire import ours
from trading.errors import Halt, Rejected, Transient, Unknown
from trading.money import Quantity, yen
from trading.order import MarketBuy, MarketSell, Side, summed
from trading.pairs import parse_pairs
from trading.ports import Exchange
from trading.venue import OrderState

PAIRS = parse_pairs(None)
BUY = MarketBuy("btc_jpy", yen(15_000))
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
QUICK = httpx.Timeout(connect=2.0, read=0.4, write=2.0, pool=2.0)


@pytest.fixture
def world():
    with open_world(jpy=Decimal(1_000_000)) as found:
        yield found


def client_of(world, secret=None, timeouts=None, **limits) -> Exchange:
    """A client of a world; unpaced unless told otherwise."""
    keys = Credentials(SecretStr(world.config.access_key), SecretStr(secret or world.config.secret_key))
    http = http_client(timeouts) if timeouts else http_client()
    paces = {"orders_per_s": None, "details_per_s": None, **limits}
    return CoincheckExchange(f"{world.url}/coincheck", keys, PAIRS, http=http, **paces)


def lost_at(url) -> Exchange:
    """A client of a server of bad weather, with little patience."""
    return CoincheckExchange(url, Credentials(SecretStr("key"), SecretStr("secret")), PAIRS, http=http_client(QUICK))


def test_all_six_pairs_are_bought_and_sold_and_the_books_agree_to_the_last_unit(world):
    """Fills, balances and the venue's own ledger are the same numbers, for every pair, both ways."""
    exchange = client_of(world)
    moved = yen(0)
    for pair in PAIRS:
        bought = exchange.fills(exchange.place(MarketBuy(pair.coincheck, yen(20_000)), ours), LONG_AGO)
        coins = summed(bought).quantity
        assert exchange.balances().free[pair.coin] == coins
        sold = exchange.fills(exchange.place(MarketSell(pair.coincheck, coins), ours), LONG_AGO)
        assert (summed(sold).quantity, {fill.side for fill in sold}) == (coins, {Side.SELL})
        moved = moved - summed(bought).funds + summed(sold).funds
    ledger, held = world.ledger(), exchange.balances()
    assert held.jpy_free == yen(1_000_000) + moved == yen(ledger["balances"]["jpy"]["free"])
    assert all(amount.is_zero for amount in held.free.values())
    assert (ledger["accepted"], ledger["conserved"]) == (12, True)


def test_i4_fills_on_a_second_page_are_found_and_summed(world):
    """The first of twelve orders lies pages back in the list; its fills still add up to what the ledger says."""
    exchange = client_of(world)
    ids = [exchange.place(MarketBuy(pair.coincheck, yen(20_000)), ours) for pair in (*PAIRS, *PAIRS)]
    ledger = {str(order["id"]): order for order in world.ledger()["orders"]}
    assert sum(len(order["fills"]) for order in ledger.values()) > 25
    for order_id in ids:
        total = summed(exchange.fills(order_id, LONG_AGO))
        assert str(total.quantity.number.normalize()) == str(Decimal(ledger[order_id]["executed_amount"]).normalize())
        assert total.funds == yen(ledger[order_id]["executed_jpy"])


def test_an_order_can_be_looked_up_by_its_id_and_among_the_open_ones(world):
    """A filled order says FILLED; a resting one is in the list of open orders; an unknown id is a clear no."""
    exchange = client_of(world)
    order_id = exchange.place(BUY, ours)
    assert exchange.order(order_id).state is OrderState.FILLED
    assert exchange.open_orders() == []
    with pytest.raises(Rejected, match="does not know it"):
        exchange.order("99999999")
    assert exchange.fills("99999999", LONG_AGO) == []


@pytest.mark.parametrize(
    ("order", "words"),
    [
        (MarketBuy("btc_jpy", yen(5_000_000)), "not enough money or coins .*JPYの所持金額が足りません"),
        (MarketSell("btc_jpy", Quantity(Decimal(1), "BTC")), "BTCの所持金額が足りません"),
        (MarketBuy("btc_jpy", yen(100)), "order rules .*量が最低量"),
        (MarketSell("eth_jpy", Quantity(Decimal("0.0000000001"), "ETH")), "order rules"),
        (MarketBuy("zzz_jpy", yen(10_000)), "pair is invalid"),
    ],
)
def test_the_venue_s_no_is_a_rejection_with_its_own_words(world, order, words):
    """Japanese or not, a refusal is Rejected, says why in one line, and leaves no order behind."""
    with pytest.raises(Rejected, match=words):
        client_of(world).place(order, ours)
    assert world.ledger()["accepted"] == 0


def test_a_wrong_key_stops_for_a_human(world):
    """A bad signature is Halt, for an order and for a question."""
    exchange = client_of(world, secret="wrong-secret")
    for call in (exchange.balances, lambda: exchange.place(BUY, ours)):
        with pytest.raises(Halt, match="check the API key"):
            call()
    assert world.ledger()["accepted"] == 0


@pytest.mark.parametrize(
    ("fault", "kind", "accepted"),
    [
        ({"kind": "lost_reply"}, Unknown, 1),
        ({"kind": "truncated"}, Unknown, 1),
        ({"kind": "latency", "seconds": 1.0}, Unknown, 1),  # carried out after we gave up
        ({"kind": "reset"}, Unknown, 0),
        ({"kind": "html"}, Unknown, 0),
        ({"kind": "5xx"}, Unknown, 0),
        ({"kind": "status", "status": 504}, Unknown, 0),
        ({"kind": "429"}, Transient, 0),
    ],
    ids=lambda value: value["kind"] if isinstance(value, dict) else None,
)
def test_i22_a_lost_answer_is_unknown_whether_or_not_the_order_exists(world, fault, kind, accepted):
    """From here the cases with 1 and with 0 orders look the same, so both are Unknown; only one request was made."""
    world.fault(target="coincheck", path="exchange/orders", method="POST", **fault)
    exchange = client_of(world, timeouts=QUICK)
    with pytest.raises(kind):
        exchange.place(BUY, ours)
    deadline = time.monotonic() + 10
    while world.ledger()["accepted"] < accepted and time.monotonic() < deadline:
        time.sleep(0.05)
    assert world.ledger()["accepted"] == accepted
    assert client_of(world).place(BUY, ours)


@pytest.mark.parametrize("kind", ["lost_reply", "truncated", "reset", "html", "5xx", "429"])
def test_a_question_without_an_answer_may_be_asked_again(world, kind):
    """Asking changes nothing, so every missing answer is Transient, and the next one is right."""
    exchange = client_of(world)
    for path, ask in (("ticker", lambda: exchange.ticker("btc_jpy")), ("balance", exchange.balances),
                      ("transactions", lambda: exchange.fills("1", LONG_AGO))):  # fmt: skip
        world.fault(target="coincheck", path=path, kind=kind)
        with pytest.raises(Transient):
            ask()
        ask()


def test_i23_a_nonce_behind_another_process_is_passed_after_a_few_tries(world, monkeypatch):
    """Another user of the key was a minute ahead: questions work after a few tries; an order waits for the clock.

    Sent with a nonce from the future it could be accepted after another process has looked for it in vain.
    """
    monkeypatch.setattr(signing, "_LANES", {})  # the lead is not left to the tests that follow
    key = SecretStr(world.config.access_key)
    exchange = client_of(world)
    exchange.balances()
    with nonces_of(key).turn() as nonce:
        ahead = nonce + 60_000_000
    url = f"{world.url}/coincheck/api/accounts/balance"
    headers = signed_headers(Credentials(key, SecretStr(world.config.secret_key)), ahead, url, b"")
    assert httpx.get(url, headers=headers).json()["success"] is True
    refusals = 0
    while True:
        try:
            exchange.balances()
        except Transient:
            refusals += 1
            assert refusals < 12
        else:
            break
    assert 3 <= refusals <= 8
    with pytest.raises(Transient, match="ahead of the clock"):
        exchange.place(BUY, ours)
    assert world.ledger()["accepted"] == 0


def test_many_threads_share_one_client_without_a_nonce_error(world):
    """Signed calls of twelve threads reach the venue in the order of their nonces."""
    exchange = client_of(world)
    with ThreadPoolExecutor(12) as pool:
        held = list(pool.map(lambda _: exchange.balances().jpy_free, range(60)))
    assert set(held) == {yen(1_000_000)}


def test_our_own_pace_keeps_the_venue_from_refusing():
    """At full speed the venue answers 429 to the fifth order of a second; paced, it never does."""
    with open_world(jpy=Decimal(1_000_000), orders_per_s=4.0) as world:
        with ThreadPoolExecutor(8) as pool:
            sent = [pool.submit(client_of(world).place, BUY, ours) for _ in range(8)]
        refused = [order.exception() for order in sent if order.exception()]
        assert refused
        assert {type(error) for error in refused} == {Transient}
    with open_world(jpy=Decimal(1_000_000), orders_per_s=4.0) as world:
        paced = client_of(world, orders_per_s=4)
        assert len({paced.place(BUY, ours) for _ in range(6)}) == 6


@pytest.mark.parametrize(
    "behaviour",
    [weather.HTML, weather.CUT_JSON, weather.CUT_BODY, weather.CUT_HEAD, weather.NONSENSE, weather.EMPTY, weather.RESET,
     weather.SILENCE],
    ids=["html", "cut json", "cut body", "cut head", "nonsense", "closed", "reset", "silence"],
)  # fmt: skip
def test_i22_bad_weather_on_the_wire_is_unknown_and_sent_once(behaviour):
    """Once a request is on the wire, whatever breaks is Unknown for an order and Transient for a question."""
    with weather.weather(behaviour) as here:
        exchange = lost_at(here.url)
        with pytest.raises(Unknown):
            exchange.place(BUY, ours)
        assert [request.split(b" ")[0] for request in here.requests] == [b"POST"]
        with pytest.raises(Transient):
            exchange.ticker("btc_jpy")


def test_a_venue_that_cannot_be_reached_got_no_order():
    """A refused connection or an unknown host is Transient: nothing left this machine. A wrong address is Halt."""
    for url in (weather.closed_port(), "http://no-such-host.invalid"):
        with pytest.raises(Transient, match="never left"):
            lost_at(url).place(BUY, ours)
    with pytest.raises(Halt, match="TRADER_COINCHECK_URL"):
        lost_at("coincheck.com").place(BUY, ours)


def test_fills_are_found_although_our_clock_runs_ahead(world):
    """Asked from a few minutes after the venue's time of the fill, it is still there: both clocks may be wrong."""
    exchange = client_of(world)
    order_id = exchange.place(BUY, ours)
    now = exchange.ticker("btc_jpy").at
    assert exchange.fills(order_id, now + timedelta(minutes=5))
