"""Orders on the simulated exchange: what is accepted, how it fills, what it costs."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tests.simulator.visitor import Visitor, Worlds


def status(visitor: Visitor, order_id: int) -> str:
    return visitor.signed("GET", f"/api/exchange/orders/{order_id}").json()["status"]


def ticker(visitor: Visitor, pair: str = "btc_jpy") -> dict[str, Decimal]:
    shown = visitor.get("/coincheck/api/ticker", pair=pair)
    return {name: Decimal(str(shown[name])) for name in ("bid", "ask", "last")}


def test_market_order_reply_carries_neither_amount_nor_rate(world: Worlds) -> None:
    """The reply to a market order names no amount and no rate, although it has filled."""
    visitor = world()
    reply = visitor.order(order_type="market_buy", market_buy_amount="12000")
    assert (reply["success"], reply["amount"], reply["rate"]) == (True, None, None)
    assert status(visitor, reply["id"]) == "FILLED"


def test_market_buy_never_spends_more_than_asked(world: Worlds) -> None:
    """A market buy spends its yen but for less than one smallest step, at the asks of the book shown."""
    visitor = world()
    asks = [Decimal(str(price)) for price, _ in visitor.get("/coincheck/api/order_books", pair="btc_jpy")["asks"]]
    visitor.order(order_type="market_buy", market_buy_amount="15000")
    order = visitor.book()["orders"][0]
    prices = [Decimal(fill["price"]) for fill in order["fills"]]
    spent = sum(Decimal(fill["price"]) * Decimal(fill["amount"]) for fill in order["fills"])
    assert Decimal(100_000) - visitor.free("jpy") == spent
    assert Decimal(14_999) < spent <= 15_000
    assert prices == asks[: len(prices)]


def test_orders_fill_in_one_to_four_parts(world: Worlds) -> None:
    """Over many orders fills come whole and split, in four parts at most."""
    visitor = world(jpy=Decimal(10_000_000))
    for _ in range(25):
        visitor.order(pair="eth_jpy", order_type="market_buy", market_buy_amount="7000")
        visitor.advance(60)
    parts = {len(order["fills"]) for order in visitor.book()["orders"]}
    assert len(parts) > 1
    assert parts <= {1, 2, 3, 4}


def test_round_trip_costs_the_spread(world: Worlds) -> None:
    """Bought and sold at once, the coins are gone and a little money with them; the books add up."""
    visitor = world()
    visitor.order(order_type="market_buy", market_buy_amount="15000")
    visitor.order(order_type="market_sell", amount=str(visitor.free("btc")))
    lost = 100_000 - visitor.free("jpy")
    assert visitor.free("btc") == 0
    assert 5 < lost < 40
    assert visitor.book()["conserved"]


REFUSALS = [
    ({"order_type": "market_buy", "market_buy_amount": "200000"}, "JPYの所持金額が足りません"),
    ({"order_type": "market_sell", "amount": "0.5"}, "BTCの所持金額が足りません"),
    ({"order_type": "buy", "rate": "9000000", "amount": "0.5"}, "JPYの所持金額が足りません"),
    ({"order_type": "market_buy", "market_buy_amount": "500"}, "量が最低量(0.001 BTC)を下回っています"),
    ({"order_type": "buy", "rate": "9000000", "amount": "0.0009"}, "量が最低量(0.001 BTC)を下回っています"),
    ({"order_type": "buy", "rate": "9000000.5", "amount": "0.001"}, "レートの最小単位は1です"),
    ({"order_type": "buy", "rate": "9000000", "amount": "0.001000001"}, "量の最小単位は0.00000001です"),
    ({"order_type": "market_buy", "market_buy_amount": "12000.5"}, "金額の最小単位は1です"),
    ({"order_type": "market_buy", "market_buy_amount": "None"}, "market_buy_amount is invalid"),
    ({"order_type": "market_buy"}, "market_buy_amount is invalid"),
    ({"order_type": "market_sell", "amount": "-1"}, "amount is invalid"),
    ({"order_type": "market_sell", "amount": "NaN"}, "amount is invalid"),
    ({"order_type": "buy", "amount": "1"}, "rate is invalid"),
    ({"order_type": "gift"}, "order_type is invalid"),
    ({"pair": "btc_usd", "order_type": "buy"}, "pair is invalid"),
    ({"order_type": "buy", "rate": "1", "amount": "1", "time_in_force": "x"}, "time_in_force is invalid"),
]


@pytest.mark.parametrize(("fields", "error"), REFUSALS)
def test_refused_order_changes_nothing(world: Worlds, fields: dict[str, str], error: str) -> None:
    """What the exchange does not take gets its words and leaves neither order nor reservation."""
    visitor = world()
    assert visitor.order(**fields) == {"success": False, "error": error}
    book = visitor.book()
    assert (book["accepted"], book["balances"]["jpy"]) == (0, {"free": "100000", "reserved": "0", "start": "100000"})


def test_order_larger_than_the_book_expires_in_part(world: Worlds) -> None:
    """A market order takes what the book has and the rest expires, with its yen given back."""
    visitor = world(jpy=Decimal(10_000_000_000))
    reply = visitor.order(order_type="market_buy", market_buy_amount="9000000000")
    detail = visitor.signed("GET", f"/api/exchange/orders/{reply['id']}").json()
    assert (detail["status"], detail["expired_type"]) == ("PARTIALLY_FILLED_EXPIRED", "unfilled_market")
    assert visitor.book()["balances"]["jpy"]["reserved"] == "0"
    assert visitor.book()["conserved"]


def test_limit_order_rests_reserves_and_cancels(world: Worlds) -> None:
    """An order below the market waits, holds its yen, and gives them back when it is cancelled, once."""
    visitor = world()
    reply = visitor.order(order_type="buy", rate="5000000", amount="0.01")
    assert (reply["rate"], reply["amount"]) == ("5000000.0", "0.01")
    assert status(visitor, reply["id"]) == "NEW"
    balance = visitor.signed("GET", "/api/accounts/balance").json()
    assert (balance["jpy"], balance["jpy_reserved"]) == ("50000.0", "50000.0")
    opens = visitor.signed("GET", "/api/exchange/orders/opens").json()["orders"]
    assert [(order["id"], order["rate"], order["pending_amount"]) for order in opens] == [
        (reply["id"], 5000000, "0.01")
    ]
    path = f"/api/exchange/orders/cancel_status?id={reply['id']}"
    assert visitor.signed("GET", path).json()["cancel"] is False
    assert visitor.signed("DELETE", f"/api/exchange/orders/{reply['id']}").json() == {
        "success": True,
        "id": reply["id"],
    }
    assert visitor.signed("GET", path).json()["cancel"] is True
    assert (status(visitor, reply["id"]), visitor.free("jpy")) == ("CANCELED", 100_000)
    again = visitor.signed("DELETE", f"/api/exchange/orders/{reply['id']}").json()
    assert again == {"success": False, "error": "Failed to cancel the order"}


def test_limit_order_through_the_market_takes_the_book(world: Worlds) -> None:
    """A limit above the best ask fills at once, at the book's prices and not at its own."""
    visitor = world()
    limit = ticker(visitor)["ask"] + 100_000
    reply = visitor.order(order_type="buy", rate=str(limit), amount="0.0015")
    order = visitor.book()["orders"][0]
    assert status(visitor, reply["id"]) == "FILLED"
    assert all(Decimal(fill["price"]) < limit and fill["liquidity"] == "T" for fill in order["fills"])
    assert visitor.book()["balances"]["jpy"]["reserved"] == "0"


def test_post_only_order_never_takes(world: Worlds) -> None:
    """What would fill at once expires instead; what would not, rests."""
    visitor = world()
    ask = ticker(visitor)["ask"]
    taking = visitor.order(order_type="buy", rate=str(ask), amount="0.001", time_in_force="post_only")
    detail = visitor.signed("GET", f"/api/exchange/orders/{taking['id']}").json()
    assert (detail["status"], detail["expired_type"]) == ("EXPIRED", "post_only")
    resting = visitor.order(order_type="buy", rate=str(ask - 200_000), amount="0.001", time_in_force="post_only")
    assert status(visitor, resting["id"]) == "NEW"
    assert visitor.book()["fills"] == 0


def test_unknown_order_is_not_found(world: Worlds) -> None:
    """An id that nobody was given is 404."""
    assert world().signed("GET", "/api/exchange/orders/99").status_code == 404
