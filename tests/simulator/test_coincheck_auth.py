"""Who may call the simulated exchange, and how often."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest

from simulator.coincheck.auth import NONCE_MAX
from simulator.coincheck.pace import Pace
from simulator.coincheck.rules import Refused
from tests.simulator.visitor import Visitor, Worlds

BALANCE = "/api/accounts/balance"


def test_signed_call_is_answered(world: Worlds) -> None:
    """A right signature over nonce, full URL with query and body opens the account."""
    visitor = world()
    assert visitor.signed("GET", BALANCE).json()["jpy"] == "100000.0"
    assert visitor.signed("GET", "/api/exchange/orders/transactions_pagination?limit=5&order=asc").status_code == 200


@pytest.mark.parametrize("wrong", [{"key": "someone"}, {"secret": "guessed"}])
def test_wrong_key_or_secret_is_refused(world: Worlds, wrong: dict[str, str]) -> None:
    """A stranger gets 401 and the exchange's words."""
    stranger = Visitor(world().url, **wrong)
    reply = stranger.signed("GET", BALANCE)
    assert (reply.status_code, reply.json()) == (401, {"success": False, "error": "invalid authentication"})


def test_signature_covers_query_and_body(world: Worlds) -> None:
    """A call whose query or body was changed on the way is refused, and no order comes of it."""
    visitor = world()
    path, body = "/api/exchange/orders", "pair=btc_jpy&order_type=market_buy&market_buy_amount=12000"
    signed_for = f"9000{visitor.url}/coincheck{path}{body}"
    signature = hmac.new(b"simulator-secret", signed_for.encode(), hashlib.sha256).hexdigest()
    headers = {"ACCESS-KEY": "simulator-key", "ACCESS-NONCE": "9000", "ACCESS-SIGNATURE": signature}
    for query, sent in (("", body.replace("12000", "90000")), ("?x=1", body)):
        reply = visitor.http.post(f"{visitor.url}/coincheck{path}{query}", content=sent, headers=headers)
        assert reply.json()["error"] == "invalid authentication"
    assert visitor.book()["accepted"] == 0
    reply = visitor.http.post(f"{visitor.url}/coincheck{path}", content=body, headers=headers)
    assert reply.json()["success"]


def test_json_bodies_are_read_as_well(world: Worlds) -> None:
    """The same order may come as JSON."""
    visitor = world()
    body = json.dumps({"pair": "btc_jpy", "order_type": "market_buy", "market_buy_amount": 12000})
    url = f"{visitor.url}/coincheck/api/exchange/orders"
    signature = hmac.new(b"simulator-secret", f"77{url}{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"ACCESS-KEY": "simulator-key", "ACCESS-NONCE": "77", "ACCESS-SIGNATURE": signature}
    assert visitor.http.post(url, content=body, headers=headers).json()["success"]


def test_nonce_must_rise(world: Worlds) -> None:
    """A nonce that was used, is lower or too large is refused; a refused one is not used up."""
    visitor = world()
    assert visitor.signed("GET", BALANCE, nonce=5_000).status_code == 200
    for nonce in (5_000, 4_999, NONCE_MAX + 1):
        assert visitor.signed("GET", BALANCE, nonce=nonce).json()["error"] == "Nonce must be incremented"
    assert visitor.signed("GET", BALANCE, nonce=NONCE_MAX).status_code == 200


def test_public_calls_need_no_signature(world: Worlds) -> None:
    """Ticker, book and status are open to all; the account is not."""
    visitor = world()
    assert visitor.get("/coincheck/api/ticker", pair="btc_jpy")["last"] > 0
    assert visitor.get(f"/coincheck{BALANCE}")["error"] == "invalid authentication"


@pytest.mark.parametrize("per_s", [4.0, 1.0])
def test_pace_counts_any_second(per_s: float) -> None:
    """As many calls as allowed pass in a second, one more is refused with 429, and passes when the second is over."""
    now_s = [100.0]
    pace = Pace(per_s, lambda: now_s[0])
    for _ in range(int(per_s)):
        pace.check()
    with pytest.raises(Refused) as refused:
        pace.check()
    assert (refused.value.status, refused.value.error) == (429, "too_many_requests")
    now_s[0] += 1
    pace.check()


def test_fifth_order_in_a_second_is_refused(world: Worlds) -> None:
    """New orders beyond the limit get 429 and do not reach the ledger; no limit means none."""
    visitor = world(orders_per_s=4.0)
    order = {"pair": "btc_jpy", "order_type": "buy", "rate": "1000000", "amount": "0.001"}
    replies = [visitor.signed("POST", "/api/exchange/orders", order) for _ in range(12)]
    refused = [reply for reply in replies if reply.status_code == 429]
    assert refused[0].json() == {"success": False, "error": "too_many_requests"}
    assert visitor.book()["accepted"] == 12 - len(refused)
    free = world()
    assert all(free.signed("POST", "/api/exchange/orders", order).status_code == 200 for _ in range(12))
