"""What paper keeps in its table: one ledger for all processes, through restarts, lost replies and a lagging index."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.dynamodb.client import Dynamo
from adapters.paper import PaperExchange, open_paper_book
from adapters.paper.account import LATEST
from tests.contract.books import lost_replies
from tests.unit.made import NOW
from tests.unit.paper_world import START, Market, buy, ours, sell, stop
from trading.errors import Rejected, Transient, Unknown
from trading.money import yen
from trading.order import Side
from trading.tables import ORDER_STATE
from trading.venue import OrderState

NO_ANSWER = 3
"""So many lost replies in a row use up botocore's own attempts."""


class Desk:
    """A time that a test moves, prices that it sets, and as many processes as it wants."""

    def __init__(self, names, aws):
        self.names, self.aws, self.market, self.at = names, aws, Market(), NOW

    def now(self):
        return self.at

    def paper(self, start=START):
        """One more process."""
        book = open_paper_book(self.names, self.aws, start, self.now)
        return PaperExchange(self.market, book, self.now, Decimal("0.05"), Decimal("0.1"))

    def item(self, pk, sk="METADATA"):
        return Dynamo(self.aws.dynamodb).get(self.names.table(ORDER_STATE), {"pk": pk, "sk": sk})


@pytest.fixture
def desk(names, aws, tables):
    return Desk(names, aws)


def conserved(exchange):
    """Whether the fills explain what is held, to the last digit."""
    held, fills = exchange.balances(), exchange.executions(NOW)
    spent = sum(fill.funds.number * (1 if fill.side is Side.BUY else -1) for fill in fills)
    return held.jpy == START - yen(spent)


def test_a_restart_changes_nothing(desk):
    """A new process sees the same balances, orders and fills; what it would begin with no longer counts."""
    first = desk.paper()
    order_id = first.place(buy(500_000), ours)
    stop_id = first.place(stop("0.04", 9_000_000), ours)
    second = desk.paper(start=yen(7))
    for ask in (
        lambda paper: paper.balances(),
        lambda paper: paper.open_orders(),
        lambda paper: paper.order(order_id),
        lambda paper: paper.order(stop_id),
        lambda paper: paper.fills(order_id, NOW),
        lambda paper: paper.executions(NOW),
    ):
        assert ask(second) == ask(first)
    assert second.balances().jpy < START


def test_the_ledger_is_made_once_whoever_comes_first(desk):
    """Eight processes start at once with eight different sums: all of them then see one and the same."""
    with ThreadPoolExecutor(8) as pool:
        seen = list(pool.map(lambda number: desk.paper(yen(number)).balances().jpy, range(1, 9)))
    assert len(set(seen)) == 1


def test_a_ledger_that_somebody_makes_first_is_the_one_that_counts(desk, monkeypatch):
    """It was not there when we looked and is there when we write: theirs stands, ours is forgotten."""
    desk.paper(yen(11)).balances()
    get, looked = Dynamo.get, []

    def blind_once(self, table, key):
        looked.append(key)
        return None if len(looked) == 1 else get(self, table, key)

    monkeypatch.setattr(Dynamo, "get", blind_once)
    assert desk.paper(yen(22)).balances().jpy == yen(11)


def test_many_processes_share_one_ledger_without_losing_an_order(desk):
    """Orders placed at the same time get ids of their own or a clear Transient; the money adds up exactly."""
    desk.paper().balances()

    def one(_):
        try:
            return desk.paper().place(buy(20_000), ours)
        except Transient:
            return None

    with ThreadPoolExecutor(6) as pool:
        ids = [number for number in pool.map(one, range(18)) if number]
    paper = desk.paper()
    assert len(ids) == len(set(ids)) > 0
    assert {fill.order_id for fill in paper.executions(NOW)} == set(ids)
    assert conserved(paper)


def test_a_lost_answer_to_an_order_is_unknown_as_at_any_venue(desk, aws):
    """The order may exist, and here it does: no error but Unknown says so, and it can be found among the executions."""
    paper = desk.paper()
    paper.balances()
    with lost_replies(aws.dynamodb, NO_ANSWER, of=("TransactWriteItems",)), pytest.raises(Unknown):
        paper.place(buy(50_000), ours)
    assert [fill.order_id for fill in paper.executions(NOW)] == ["1"]


def test_an_answer_lost_once_is_found_out_by_the_client(desk, aws):
    """Sent again by the client itself, the same write is recognised: one order, one fill."""
    paper = desk.paper()
    paper.balances()
    with lost_replies(aws.dynamodb, 1, of=("TransactWriteItems",)):
        assert paper.place(buy(50_000), ours) == "1"
    assert len(paper.executions(NOW)) == 1


def test_a_lost_answer_to_anything_but_an_order_is_transient(desk, aws):
    """Asking again is right for a cancel, for a question that sells a stop, and for an order that got no further."""
    paper = desk.paper()
    with lost_replies(aws.dynamodb, 3 * NO_ANSWER, of=("PutItem",)):
        paper.balances()  # the ledger itself: made and lost, read and found
    paper.place(buy(500_000), ours)
    canceled, sold = paper.place(stop("0.01", 9_000_000), ours), paper.place(stop("0.02", 8_000_000), ours)
    lost = ("TransactWriteItems",)
    with lost_replies(aws.dynamodb, NO_ANSWER, of=lost), pytest.raises(Transient, match="ask again"):
        paper.cancel(canceled)
    assert paper.order(canceled).state is OrderState.CANCELED
    desk.market.bids["btc_jpy"] = 8_000_000
    with lost_replies(aws.dynamodb, NO_ANSWER, of=lost), pytest.raises(Transient, match="ask again"):
        paper.place(buy(50_000), ours)
    assert paper.order(sold).state is OrderState.FILLED
    assert len(paper.executions(NOW)) == 2
    assert conserved(paper)


def test_executions_do_not_wait_for_the_index(desk, monkeypatch):
    """The index lists nothing yet: the newest fills are given all the same, and an older one comes with the index."""
    paper = desk.paper()
    paper.place(buy(20_000), ours)
    with monkeypatch.context() as lagging:
        lagging.setattr(Dynamo, "query", lambda *_, **__: iter(()))
        assert [fill.order_id for fill in paper.executions(NOW)] == ["1"]
        for _ in range(LATEST):
            paper.place(buy(11_000), ours)
        assert len(paper.executions(NOW)) == LATEST
    assert len(paper.executions(NOW)) == LATEST + 1


def test_a_stop_is_listed_on_the_day_it_sold(desk, monkeypatch):
    """Placed five days before it sold, it is among the executions of that day, after what was filled in between."""
    monkeypatch.setattr("adapters.paper.account.LATEST", 0)
    paper = desk.paper()
    paper.place(buy(500_000), ours)
    stop_id = paper.place(stop("0.04", 9_000_000), ours)
    desk.at = NOW + timedelta(days=2)
    later = paper.place(buy(20_000), ours)
    desk.at = NOW + timedelta(days=5)
    desk.market.bids["btc_jpy"] = 9_000_000
    (fill,) = paper.executions(desk.at)
    assert (fill.order_id, fill.at) == (stop_id, desk.at)
    assert [fill.order_id for fill in paper.executions(NOW)] == ["1", later, stop_id]


def test_an_order_forgets_itself_a_year_after_it_ended(desk):
    """A filled and a canceled order have an end of life; a resting one and the ledger have none."""
    paper = desk.paper()
    filled, rests = paper.place(buy(500_000), ours), paper.place(stop("0.04", 9_000_000), ours)
    year_later = int((NOW + timedelta(days=365)).timestamp())
    assert desk.item(f"PAPER_ORDER#{filled}")["ttl"] == year_later
    assert "ttl" not in desk.item(f"PAPER_ORDER#{rests}")
    desk.at = NOW + timedelta(days=1)
    paper.cancel(rests)
    assert desk.item(f"PAPER_ORDER#{rests}")["ttl"] == year_later + 86_400
    ledger = desk.item("GLOBALCONFIG", "SETTING#PAPER_LEDGER")
    assert (ledger["item_type"], ledger["version"], "ttl" in ledger) == ("setting", 4, False)


def test_the_books_and_the_paper_ledger_do_not_meet_in_one_table(desk, tables):
    """Paper's orders stand in the same table and in none of the lists of trades and positions."""
    paper = desk.paper()
    paper.place(buy(500_000), ours)
    paper.place(sell("0.01"), ours)
    ledger = tables.ledger
    assert (ledger.trades_of(NOW.date()), ledger.positions_on(NOW.date())) == ([], [])
    assert (ledger.pending_trades(), ledger.open_positions()) == ([], [])
    with pytest.raises(Rejected):
        paper.order("TRD-1")
