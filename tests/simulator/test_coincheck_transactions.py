"""Fills as the exchange lists them: mixed, signed, paged."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tests.simulator.visitor import Visitor, Worlds

RECENT = "/api/exchange/orders/transactions"
PAGED = "/api/exchange/orders/transactions_pagination"


@pytest.fixture
def busy(world: Worlds) -> Visitor:
    """An account with more fills than a page holds, in three pairs."""
    visitor = world(jpy=Decimal(3_000_000))
    for number in range(16):
        for pair in ("btc_jpy", "eth_jpy", "xrp_jpy"):
            visitor.order(pair=pair, order_type="market_buy", market_buy_amount="13000")
        if number % 4 == 3:
            visitor.order(pair="eth_jpy", order_type="market_sell", amount="0.01")
        visitor.advance(30)
    return visitor


def rows(visitor: Visitor, **query: Any) -> list[Any]:
    asked = "&".join(f"{name}={value}" for name, value in query.items())
    return visitor.signed("GET", f"{PAGED}?{asked}").json()["data"]


def test_recent_list_mixes_pairs_and_ignores_an_order_filter(busy: Visitor) -> None:
    """Asking for one order's fills returns the last 25 of all pairs, newest first."""
    wanted = busy.book()["orders"][0]["id"]
    shown = busy.signed("GET", f"{RECENT}?order_id={wanted}").json()["transactions"]
    ids = [row["id"] for row in shown]
    assert (len(ids), ids) == (25, sorted(ids, reverse=True))
    assert len({row["pair"] for row in shown}) == 3
    assert wanted not in {row["order_id"] for row in shown}


def test_funds_are_signed_and_add_up_to_the_balances(busy: Visitor) -> None:
    """Over all pages, start plus signed funds is what the account holds, in every currency, exactly."""
    funds: dict[str, Decimal] = {"jpy": Decimal(3_000_000)}
    after, pages = 0, 0
    while page := rows(busy, order="asc", starting_after=after):
        after, pages = page[-1]["id"], pages + 1
        for row in page:
            for currency, amount in row["funds"].items():
                funds[currency] = funds.get(currency, Decimal(0)) + Decimal(amount)
            paid = "jpy" if row["side"] == "buy" else row["pair"].removesuffix("_jpy")
            assert Decimal(row["funds"][paid]) < 0
    assert pages > 1
    assert funds == {name: busy.free(name) for name in funds}


def test_pages_walk_both_ways(busy: Visitor) -> None:
    """Ascending from the start and descending from the end show the same fills, each once."""
    up, down, after, before = [], [], 0, 10**9
    while page := rows(busy, order="asc", starting_after=after, limit=10):
        up += [row["id"] for row in page]
        after = up[-1]
    while page := rows(busy, order="desc", ending_before=before, limit=7):
        down += [row["id"] for row in page]
        before = down[-1]
    assert up == down[::-1] == list(range(1, busy.book()["fills"] + 1))


def test_page_says_how_it_was_asked_for(busy: Visitor) -> None:
    """The pagination is echoed, and a page never holds more than 25."""
    reply = busy.signed("GET", f"{PAGED}?limit=500&order=asc&starting_after=3").json()
    assert reply["pagination"] == {"limit": 25, "order": "asc", "starting_after": 3, "ending_before": None}
    assert len(reply["data"]) == 25
    assert busy.signed("GET", f"{PAGED}?limit=x").json()["error"] == "limit is invalid"
    assert busy.signed("GET", f"{PAGED}?order=up").json()["error"] == "order is invalid"
