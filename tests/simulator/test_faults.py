"""The world misbehaves exactly as asked."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.faults import FaultBook, FaultSpec
from simulator.times import CANDLE_MS
from tests.simulator.visitor import Visitor, Worlds

BUY = {"pair": "btc_jpy", "order_type": "market_buy", "market_buy_amount": "12000"}
ORDERS = "/api/exchange/orders"
TICKER = "/binance/api/v3/ticker/price?symbol=BTCUSDT"


def fault(visitor: Visitor, **spec: Any) -> None:
    assert visitor.post("/_faults", spec).status_code == 200


@given(st.integers(0, 5), st.integers(1, 5), st.integers(0, 15))
def test_fault_lets_pass_hits_and_ends(after: int, times: int, calls: int) -> None:
    """Of the matching calls the first ``after`` pass, the next ``times`` are hit, and no other call is ever hit."""
    book = FaultBook(1)
    book.add(FaultSpec(target="coincheck", kind="429", path="orders", method="post", after=after, times=times), 0)
    hits = []
    for _ in range(calls):
        assert book.hit("binance", "POST", "/orders") is None
        assert book.hit("coincheck", "GET", "/orders") is None
        assert book.hit("coincheck", "POST", "/balance") is None
        hits.append(book.hit("coincheck", "POST", "/api/orders/1") is not None)
    assert hits == [after <= n < after + times for n in range(calls)]


def test_probability_is_seeded() -> None:
    """The same seed hits the same calls, about as many as the probability says."""

    def hits(seed: int) -> list[bool]:
        book = FaultBook(seed)
        book.add(FaultSpec(target="slack", kind="5xx", times=None, probability=0.3), 0)
        return [book.hit("slack", "POST", "/services") is not None for _ in range(300)]

    assert hits(1) == hits(1) != hits(2)
    assert 60 < sum(hits(1)) < 120


def test_lost_reply_means_done_and_unheard(world: Worlds) -> None:
    """The connection breaks, and the order is in the ledger."""
    visitor = world()
    fault(visitor, target="coincheck", path="exchange/orders", method="POST", kind="lost_reply")
    with pytest.raises(httpx.TransportError):
        visitor.signed("POST", ORDERS, BUY)
    assert (visitor.book()["accepted"], visitor.book()["orders"][0]["status"]) == (1, "FILLED")
    assert visitor.signed("POST", ORDERS, BUY).status_code == 200


def test_reset_means_not_done(world: Worlds) -> None:
    """The connection breaks, and nothing has happened."""
    visitor = world()
    fault(visitor, target="coincheck", path="exchange/orders", method="POST", kind="reset")
    with pytest.raises(httpx.TransportError):
        visitor.signed("POST", ORDERS, BUY)
    assert visitor.book()["accepted"] == 0
    assert visitor.get("/_faults")[0]["fired"] == 1


@pytest.mark.parametrize("kind", ["truncated", "html"])
def test_success_without_a_readable_body(world: Worlds, kind: str) -> None:
    """Status 200 with half a body, after the order was taken, or with a web page, instead of taking it."""
    visitor = world()
    fault(visitor, target="coincheck", kind=kind)
    reply = visitor.signed("POST", ORDERS, BUY)
    assert reply.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        reply.json()
    assert visitor.book()["accepted"] == (1 if kind == "truncated" else 0)


@pytest.mark.parametrize(("kind", "status"), [("429", 429), ("5xx", 503), ("status", 418)])
@pytest.mark.parametrize("target", ["binance", "coincheck", "fapi", "alternative", "coingecko", "cryptopanic", "slack"])
def test_error_statuses_on_every_provider(world: Worlds, target: str, kind: str, status: int) -> None:
    """Each provider can be overloaded or down, whatever the path, as often as asked."""
    visitor = world()
    fault(visitor, target=target, kind=kind, times=2, **({"status": 418} if kind == "status" else {}))
    replies = [visitor.http.get(f"{visitor.url}/{target}/anything") for _ in range(3)]
    assert [reply.status_code for reply in replies] == [status, status, 404]
    assert kind != "429" or replies[0].headers["Retry-After"] == "1"


def test_latency_is_carried_out_after_the_client_gave_up(world: Worlds) -> None:
    """A client that stops waiting does not stop the order: it is taken when the wait is over."""
    visitor = world()
    fault(visitor, target="coincheck", kind="latency", seconds=0.3, method="POST")
    impatient = Visitor(visitor.url, http=httpx.Client(timeout=0.1))
    with pytest.raises(httpx.TimeoutException):
        impatient.signed("POST", ORDERS, BUY)
    fault(visitor, target="slack", kind="latency", seconds=0.5)  # waits out the first one
    visitor.http.get(f"{visitor.url}/slack/wait")
    assert visitor.book()["accepted"] == 1


def test_stale_prices_stand_still_while_the_clock_runs(world: Worlds) -> None:
    """Prices stay those of the moment the fault was set, until it is cleared; the time goes on."""
    visitor = world()
    fault(visitor, target="binance", kind="stale", times=None)
    before, clock = visitor.get(TICKER), visitor.get("/binance/api/v3/time")["serverTime"]
    visitor.advance(3600)
    assert visitor.get(TICKER) == before
    assert visitor.get("/binance/api/v3/time")["serverTime"] == clock + 3_600_000
    visitor.http.delete(f"{visitor.url}/_faults")
    assert visitor.get(TICKER) != before


def test_gap_hides_the_same_candles_until_cleared(world: Worlds) -> None:
    """Rows are missing from the candles, the same ones on every call."""
    visitor = world()
    query = {"symbol": "BTCUSDT", "interval": "5m", "limit": 12}
    whole = [row[0] for row in visitor.get("/binance/api/v3/klines", **query)]
    fault(visitor, target="binance", kind="gap", times=None, rows=2, path="klines")
    gappy = [row[0] for row in visitor.get("/binance/api/v3/klines", **query)]
    missing = set(whole) - set(gappy)
    assert missing == {whole[-1] - 2 * CANDLE_MS, whole[-1] - 3 * CANDLE_MS}
    visitor.advance(600)
    assert not missing & {row[0] for row in visitor.get("/binance/api/v3/klines", **query)}


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        ({"target": "bank", "kind": "429"}, "target"),
        ({"target": "slack", "kind": "explode"}, "kind"),
        ({"target": "slack", "kind": "status"}, "status"),
        ({"target": "coincheck", "kind": "gap"}, "binance"),
        ({"target": "slack", "kind": "5xx", "times": 0}, "times"),
        ({"target": "slack", "kind": "5xx", "chance": 1}, "chance"),
        ({"target": "slack", "kind": "5xx", "probability": 2}, "probability"),
        ("broken", "fault"),
    ],
)
def test_wrong_fault_is_refused_with_a_reason(world: Worlds, spec: Any, word: str) -> None:
    """A fault that cannot be carried out is 400, names what is wrong, and is not set."""
    visitor = world()
    reply = visitor.post("/_faults", spec)
    assert (reply.status_code, word in reply.json()["error"]) == (400, True)
    assert visitor.get("/_faults") == []


def test_list_of_faults_and_how_often_each_fired(world: Worlds) -> None:
    """Several faults can be set at once; the list says what was seen, hit and spent."""
    visitor = world()
    fault_specs = [
        {"target": "binance", "kind": "5xx", "after": 1},
        {"target": "binance", "kind": "429", "path": "klines"},
    ]
    assert visitor.post("/_faults", fault_specs).status_code == 200
    codes = [visitor.http.get(visitor.url + TICKER).status_code for _ in range(3)]
    assert codes == [200, 503, 200]
    shown = [(row["seen"], row["fired"], row["active"]) for row in visitor.get("/_faults")]
    assert shown == [(2, 1, False), (0, 0, True)]


def test_control_endpoints_never_fail(world: Worlds) -> None:
    """Faults hit providers only: the truth can always be asked for."""
    visitor = world()
    for target in ("binance", "coincheck"):
        fault(visitor, target=target, kind="reset", times=None)
    assert visitor.get("/_health")["status"] == "ok"
    assert visitor.book()["conserved"]
