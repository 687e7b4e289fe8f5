"""Orders on the simulated exchange: what is accepted, how it fills, what it costs."""

from __future__ import annotations

from decimal import Decimal

from tests.simulator.visitor import Worlds


def test_market_order_reply_carries_neither_amount_nor_rate(world: Worlds) -> None:
    """The reply to a market order names no amount and no rate, although it has filled."""
    visitor = world()
    reply = visitor.order(order_type="market_buy", market_buy_amount="12000")
    assert (reply["success"], reply["amount"], reply["rate"]) == (True, None, None)
    assert visitor.book()["orders"][0]["status"] == "FILLED"


def test_market_buy_never_spends_more_than_asked(world: Worlds) -> None:
    """A market buy spends its yen but for less than one smallest step, in one to four parts at rising prices."""
    visitor = world()
    visitor.order(order_type="market_buy", market_buy_amount="15000")
    order = visitor.book()["orders"][0]
    prices = [Decimal(fill["price"]) for fill in order["fills"]]
    spent = sum(Decimal(fill["price"]) * Decimal(fill["amount"]) for fill in order["fills"])
    assert Decimal(100_000) - visitor.free("jpy") == spent
    assert Decimal(14_999) < spent <= 15_000
    assert prices == sorted(prices)
    assert 1 <= len(prices) <= 4
