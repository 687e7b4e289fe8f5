"""Fills among the transactions of a whole account (I4, I5, I6)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.coincheck.history import MARGIN, PAGE, History, fill, fills_in, fills_of
from trading.errors import Halt, Transient
from trading.money import Quantity, yen
from trading.order import Side

START = datetime(2026, 1, 5, tzinfo=UTC)
ROW = {
    "id": 38,
    "order_id": 49,
    "created_at": "2015-11-18T07:02:21.000Z",
    "funds": {"btc": "0.1", "jpy": "-4096.135"},
    "pair": "btc_jpy",
    "rate": "40900.0",
    "fee_currency": "JPY",
    "fee": "6.135",
    "liquidity": "T",
    "side": "buy",
}


class Venue:
    """Transactions, newest first, under one reading of the cursors; ``cap`` rows a page at most."""

    def __init__(self, rows, cursors="ids", cap=PAGE, overlap=0):
        self.rows, self.cursors, self.cap, self.overlap, self.calls = rows, cursors, cap, overlap, 0

    def ask(self, _path, query):
        self.calls += 1
        assert query["order"] == "desc"
        newest_first = sorted(self.rows, key=lambda row: -row["id"])
        after, before = int(query.get("starting_after", 0)), int(query.get("ending_before", 0))
        kept = newest_first
        if self.cursors == "ids":
            kept = [row for row in kept if row["id"] > after and (not before or row["id"] < before + self.overlap)]
        elif self.cursors == "positions":
            kept = [r for r in kept if (not after or r["id"] < after + self.overlap) and r["id"] > before]
        data = kept[: min(int(query["limit"]), self.cap)]
        return {"success": True, "pagination": {"limit": self.cap}, "data": data}


def row(number, order_id=1, side="buy", coins="0.1", money="100", pair="btc_jpy", **more):
    """One row, signed as the venue signs it, a minute after the one before."""
    sign = "" if side == "buy" else "-"
    other = "-" if side == "buy" else ""
    return {
        "id": number,
        "order_id": order_id,
        "created_at": (START + timedelta(minutes=number)).isoformat(),
        "funds": {pair.removesuffix("_jpy"): f"{sign}{coins}", "jpy": f"{other}{money}"},
        "pair": pair,
        "fee_currency": "JPY",
        "fee": "0.0",
        "side": side,
        **more,
    }


POSITIVE = st.decimals("0.00000001", "99999999", places=8, allow_nan=False)
ORDERS = st.fixed_dictionaries(
    {"side": st.sampled_from(["buy", "sell"]), "pair": st.sampled_from(["btc_jpy", "eth_jpy", "doge_jpy"])}
)


@st.composite
def accounts(draw):
    """Up to six orders of several pairs and sides, their executions interleaved over pages."""
    orders = draw(st.lists(ORDERS, min_size=1, max_size=6))
    executions = draw(st.lists(st.tuples(st.integers(1, len(orders)), POSITIVE, POSITIVE), min_size=1, max_size=80))
    return [
        row(number, order, coins=f"{coins:f}", money=f"{money:f}", **orders[order - 1])
        for number, (order, coins, money) in enumerate(executions, 1)
    ]


@given(accounts(), st.sampled_from(["ids", "positions"]), st.integers(1, PAGE), st.integers(0, 2))
def test_fills_are_exactly_those_of_the_order(rows, cursors, cap, overlap):
    """Whatever else is listed, paged and repeated: own rows, each once, oldest first, positive, exact."""
    history = History(Venue(rows, cursors, max(cap, overlap + 1), overlap).ask)
    for order_id in {found["order_id"] for found in rows}:
        own = [found for found in rows if found["order_id"] == order_id]
        fills = fills_of(str(order_id), history.rows(START))
        assert [made.fill_id for made in fills] == [str(found["id"]) for found in own]
        assert {made.order_id for made in fills} == {str(order_id)}
        coin = own[0]["pair"].removesuffix("_jpy")
        assert sum(made.quantity.number for made in fills) == sum(abs(Decimal(r["funds"][coin])) for r in own)
        assert sum(made.funds.number for made in fills) == sum(abs(Decimal(r["funds"]["jpy"])) for r in own)
        assert {made.side.value.lower() for made in fills} == {own[0]["side"]}
    assert fills_of("999999", history.rows(START)) == []


@given(
    accounts(),
    st.sets(st.sampled_from(["btc_jpy", "eth_jpy", "doge_jpy", "sol_jpy"])),
    st.sampled_from(["ids", "positions"]),
    st.integers(1, PAGE),
    st.integers(0, 2),
    st.integers(-20, 100),
)
def test_executions_are_exactly_those_of_our_pairs_since_a_time(rows, pairs, cursors, cap, overlap, minute):
    """Whatever else is listed, paged and repeated: rows of our pairs (none = all) from the margin on, in order."""
    since = START + timedelta(minutes=minute)
    history = History(Venue(rows, cursors, max(cap, overlap + 1), overlap).ask)
    fills = fills_in(pairs, history.rows(since), since)
    own = [found for found in rows if (not pairs or found["pair"] in pairs)
           and START + timedelta(minutes=found["id"]) >= since - MARGIN]  # fmt: skip
    assert [made.fill_id for made in fills] == [str(found["id"]) for found in own]
    assert [(made.order_id, made.trading_pair) for made in fills] == [(str(f["order_id"]), f["pair"]) for f in own]
    assert sum(made.funds.number for made in fills) == sum(abs(Decimal(f["funds"]["jpy"])) for f in own)
    for order_id in {made.order_id for made in fills}:
        of_order = [made for made in fills if made.order_id == order_id]
        assert of_order == [made for made in fills_of(order_id, history.rows(since)) if made.at >= since - MARGIN]


@given(accounts(), st.lists(st.integers(0, 200), max_size=20, unique=True))
def test_rows_of_other_pairs_are_not_judged(rows, places):
    """However odd they are and wherever they stand among ours, they change nothing."""
    odd = [
        {**row(1000 + place, order_id=None if place % 3 else 77, pair="etc_btc"), "funds": None, "side": place,
         "created_at": START.isoformat(), "pair": (["x"], "etc_btc", 5)[place % 3]}
        for place in places
    ]  # fmt: skip
    ours = {"btc_jpy", "eth_jpy", "doge_jpy"}
    mixed = fills_in(ours, History(Venue([*rows, *odd]).ask).rows(START), START)
    assert mixed == fills_in(ours, History(Venue(rows).ask).rows(START), START)


def test_an_execution_that_names_no_pair_may_be_ours_and_is_for_a_human():
    """Passing over it could hide a fill of ours; a row without an order is no execution."""
    unnamed = {**row(2, order_id=3), "pair": None}
    with pytest.raises(Halt, match="pair is not usable"):
        fills_in({"btc_jpy"}, History(Venue([row(1), unnamed]).ask).rows(START), START)
    deposit = {"id": 2, "order_id": None, "created_at": START.isoformat()}
    assert len(fills_in({"btc_jpy"}, History(Venue([row(1), deposit]).ask).rows(START), START)) == 1


@pytest.mark.parametrize("cursors", ["ids", "positions"])
def test_a_history_that_fills_its_pages_exactly_is_read_to_its_end(cursors):
    """No page is taken for the last one because it is full, or for the first of more because it is not."""
    for count in (0, 1, PAGE - 1, PAGE, PAGE + 1, 4 * PAGE):
        rows = [row(number) for number in range(1, count + 1)]
        assert len(fills_of("1", History(Venue(rows, cursors).ask).rows(START))) == count


def test_pages_older_than_the_order_are_not_read():
    """A year of history costs one page, as long as that page reaches back beyond the time asked for and the margin."""
    venue = Venue([row(number) for number in range(1, 2000)])
    since = START + timedelta(minutes=1990)
    assert timedelta(minutes=PAGE - 10) > MARGIN
    assert len(fills_of("1", History(venue.ask).rows(since))) == PAGE
    assert venue.calls == 1


def test_a_fill_shortly_before_the_time_asked_for_is_found():
    """Two clocks differ: a fill that the venue dates a few minutes earlier than we sent the order counts."""
    rows = [row(1, order_id=7), *(row(number) for number in range(2, PAGE + 3))]
    late = START + timedelta(minutes=1) + MARGIN
    assert [made.fill_id for made in fills_of("7", History(Venue(rows).ask).rows(late))] == ["1"]


def test_the_cursor_that_works_is_remembered():
    """The venue's reading of its cursors is found out once; afterwards a page costs one request."""
    venue = Venue([row(number) for number in range(1, 4 * PAGE + 1)], "positions")
    history = History(venue.ask)
    list(history.rows(START))
    first, venue.calls = venue.calls, 0
    list(history.rows(START))
    assert (first, venue.calls) == (6, 5)


def test_a_venue_that_cannot_be_paged_is_a_halt_and_never_a_partial_sum():
    """When no cursor leads back, a full page may hide fills: a position of half the coins must not be booked."""
    stuck = History(Venue([row(number) for number in range(1, PAGE + 2)], "ignored").ask)
    with pytest.raises(Halt, match="cannot be read completely"):
        fills_of("1", stuck.rows(START))
    short = History(Venue([row(1), row(2)], "ignored").ask)
    assert len(fills_of("1", short.rows(START))) == 2


def test_the_documented_rows_mean_what_they_say():
    """The reference's two examples: a buy that paid a fee and a sell that was paid one; funds hold the fee already."""
    bought = fill(ROW)
    assert (bought.side, bought.quantity, bought.funds, bought.fee) == (
        Side.BUY, Quantity(Decimal("0.1"), "BTC"), yen("4096.135"), yen("6.135")
    )  # fmt: skip
    sold = fill({**ROW, "funds": {"btc": "-0.1", "jpy": "4094.09"}, "fee": "-4.09", "side": "sell"})
    assert (sold.side, sold.quantity, sold.funds, sold.fee) == (
        Side.SELL, Quantity(Decimal("0.1"), "BTC"), yen("4094.09"), yen("-4.09")
    )  # fmt: skip


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"fee_currency": "BTC"}, "fee in BTC; only yen"),
        ({"side": "sell"}, "says sell, but coins moved by 0.1"),
        ({"funds": {"btc": "-0.1", "jpy": "-5"}}, "coins moved by -0.1"),
        ({"funds": {"btc": "0", "jpy": "-5"}}, "coins moved by 0"),
        ({"funds": {"btc": "0.1"}}, "only coins against yen"),
        ({"funds": {"btc": "0.1", "eth": "-1"}}, "only coins against yen"),
        ({"pair": "btc_usd", "funds": {"btc": "0.1", "usd": "-1"}}, "only coins against yen"),
        ({"funds": {"btc": None, "jpy": "-5"}}, "funds.btc is not usable"),
        ({"funds": {"btc": "NaN", "jpy": "-5"}}, "funds.btc is not usable"),
        ({"side": "short"}, "side is not usable"),
        ({"created_at": "2015-11-18T07:02:21"}, "created_at is not usable"),
    ],
)
def test_an_execution_of_ours_that_makes_no_sense_is_for_a_human(change, words):
    """Guessing at it would put a wrong position into the books; a retry would read the same row again."""
    with pytest.raises(Halt, match=words):
        fill({**ROW, **change})


@pytest.mark.parametrize(
    "change", [{"fee": None, "fee_currency": None}, {"fee": "0", "fee_currency": "BTC"}, {"fee": 0}]
)
def test_no_fee_is_no_fee_whatever_its_currency(change):
    """Our six pairs are free of fees: a null or a zero in any currency is nothing."""
    assert fill({**ROW, **change}).fee == yen(0)


def test_strange_rows_of_other_orders_do_not_disturb():
    """Rows of pairs and currencies that we do not know are passed over; only their id, order and time are read."""
    strange = {"id": 5, "order_id": 3, "created_at": "2026-01-05T01:00:00Z", "funds": None, "fee_currency": "XYZ"}
    no_order = {"id": 4, "order_id": None, "created_at": "2026-01-05T01:00:00Z", "kind": "deposit"}
    rows = [row(1, order_id=9), no_order, strange]
    assert [made.fill_id for made in fills_of("9", History(Venue(rows).ask).rows(START))] == ["1"]


@pytest.mark.parametrize("body", [{}, {"data": None}, {"data": [{"id": None}]}, {"data": [{"id": 1}]}, {"data": "x"}])
def test_a_page_that_cannot_be_read_is_asked_for_again(body):
    """A page without usable ids and times is no clear answer; nothing is concluded from it."""
    with pytest.raises(Transient, match="not usable"):
        fills_of("1", History(lambda *_: body).rows(START))
