"""Bodies of the simulated providers look like those that the real ones sent or document."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.simulator.shapes_of import differences
from tests.simulator.visitor import Visitor, Worlds

COINCHECK = "coincheck/documentation-examples"
FUTURES = "binance-futures/live-2026-09-15"


def recorded(market_data: Path, path: str) -> Any:
    return json.loads((market_data / "payloads" / path).read_text())


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("/coincheck/api/ticker?pair=btc_jpy", f"{COINCHECK}/ticker.json"),
        ("/coincheck/api/order_books?pair=btc_jpy", f"{COINCHECK}/order_books.json"),
        ("/coincheck/api/trades?pair=btc_jpy", f"{COINCHECK}/trades.json"),
        ("/coincheck/api/rate/btc_jpy", f"{COINCHECK}/rate-pair.json"),
        ("/coincheck/api/exchange_status", f"{COINCHECK}/exchange_status.json"),
        (
            "/coincheck/api/exchange/orders/rate?pair=btc_jpy&order_type=sell&amount=1",
            f"{COINCHECK}/exchange-orders-rate.json",
        ),
        ("/fapi/fapi/v1/premiumIndex?symbol=BTCUSDT", f"{FUTURES}/premiumIndex-BTCUSDT.json"),
        ("/fapi/fapi/v1/fundingRate?symbol=BTCUSDT&limit=2", f"{FUTURES}/fundingRate-BTCUSDT.json"),
        ("/binance/api/v3/klines?symbol=BTCUSDT&interval=1d", "binance-spot/klines-1d-BTCUSDT.json"),
    ],
)
def test_public_body_has_the_recorded_shape(world: Worlds, market_data: Path, path: str, example: str) -> None:
    """The same keys with the same kinds of values: text where they send text, numbers where they send numbers."""
    visitor = world()
    assert differences(visitor.http.get(visitor.url + path).json(), recorded(market_data, example)) == []


def traded(visitor: Visitor) -> int:
    """An account with one fill and one open order, whose id is returned."""
    visitor.order(order_type="market_buy", market_buy_amount="12000")
    return int(visitor.order(order_type="buy", rate="5000000", amount="0.01")["id"])


@pytest.mark.parametrize(
    ("path", "example"),
    [
        ("orders/opens", "exchange-orders-opens"),
        ("orders/{id}", "exchange-orders-detail"),
        ("orders/cancel_status?id={id}", "exchange-orders-cancel_status"),
        ("orders/transactions", "exchange-orders-transactions"),
        ("orders/transactions_pagination", "exchange-orders-transactions_pagination"),
    ],
)
def test_private_body_has_the_documented_shape(world: Worlds, market_data: Path, path: str, example: str) -> None:
    """The same keys with the same kinds of values as the reference's example."""
    visitor = world()
    body = visitor.signed("GET", "/api/exchange/" + path.format(id=traded(visitor))).json()
    assert differences(body, recorded(market_data, f"{COINCHECK}/{example}.json")) == []


def test_new_and_cancelled_orders_have_the_documented_shape(world: Worlds, market_data: Path) -> None:
    """The replies to a limit order and to its cancellation carry the reference's fields."""
    visitor = world()
    reply = visitor.order(order_type="buy", rate="5000000", amount="0.01")
    assert differences(reply, recorded(market_data, f"{COINCHECK}/exchange-orders-new.json")) == []
    gone = visitor.signed("DELETE", f"/api/exchange/orders/{reply['id']}").json()
    assert differences(gone, recorded(market_data, f"{COINCHECK}/exchange-orders-cancel.json")) == []


def test_balance_has_the_documented_figures_for_every_currency(world: Worlds, market_data: Path) -> None:
    """Seven figures per currency, all text, named as the reference names those of yen and bitcoin."""
    body = world().signed("GET", "/api/accounts/balance").json()
    example = recorded(market_data, f"{COINCHECK}/accounts-balance.json")
    assert set(example) <= set(body)
    for coin in ("eth", "xrp", "sol", "doge", "avax"):
        assert {key.replace("btc", coin) for key in example if key.startswith("btc")} <= set(body)
    assert {type(value) for key, value in body.items() if key != "success"} == {str}


def test_indices_have_the_recorded_shape(world: Worlds, market_data: Path) -> None:
    """Fear and greed has the recorded rows, only the newest counts down; CoinGecko has the figures, fewer coins."""
    visitor = world()
    rows = visitor.get("/alternative/fng/", limit=3)["data"]
    assert differences(rows, recorded(market_data, "alternative-me/fng-data-array-head.json")) == []
    assert [("time_until_update" in row) for row in rows] == [True, False, False]
    body = visitor.get("/coingecko/api/v3/global")
    real = recorded(market_data, "coingecko/global-2023-12-21.json")
    assert set(body["data"]) <= set(real["data"])
    assert not [line for line in differences(body, real) if not line.startswith("missing")]
    for name in ("btc", "eth"):
        assert 0 < body["data"]["market_cap_percentage"][name] < 100


def test_posts_have_the_recorded_fields(world: Worlds, market_data: Path) -> None:
    """Fields that v1 and v2 share have the same kinds; currencies are called instruments in v2."""
    posts = world().get("/cryptopanic/api/developer/v2/posts/", auth_token="t")["results"]
    real = recorded(market_data, "cryptopanic/posts-v1-2023-05-results.json")
    voted = next(post for post in posts if "votes" in post)
    for field in ("id", "title", "slug", "published_at", "created_at", "kind", "url", "votes"):
        assert differences(voted[field], real[0][field]) == []
