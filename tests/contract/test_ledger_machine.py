"""The books under two writers who act in any order, each on what it read some time ago."""

from __future__ import annotations

from contextlib import suppress
from itertools import count

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from adapters.dynamodb import open_tables
from adapters.dynamodb.items import LIVE, position_from, trade_from
from adapters.dynamodb.wire import item_from_wire
from adapters.provision import provision
from tests.contract.books import BOOKS, NOW, STRATEGY, buy, claimed, decision, execution, filled, raised, sell
from tests.contract.conftest import ACCOUNT
from trading.errors import Conflict
from trading.money import yen
from trading.order import TERMINAL, Event, Side, Status
from trading.position import PositionStatus, closed, opened
from trading.tables import Names

PAIRS = ("btc_usdt", "eth_usdt")
WRITERS = st.sampled_from((0, 1))
NEXT = {
    Status.BOOKED: claimed,
    Status.CLAIMED: lambda trade: trade.on(Event.SEND, NOW, sent_at=NOW),
    Status.SENT: lambda trade: trade.on(Event.ACCEPT, NOW, order_id="1"),
    Status.UNKNOWN: lambda trade: trade.on(Event.FIND, NOW, order_id="1"),
}
END = {
    Status.CLAIMED: Event.REFUSE, Status.SENT: Event.REJECT, Status.ACCEPTED: Event.VOID, Status.UNKNOWN: Event.VOID,
}  # fmt: skip
SIZES = st.decimals("0.00000001", "3", places=8)
FUNDS = st.decimals("0.01", "20000000", places=2)
DARK = {Status.SENT: Event.LOSE, Status.UNKNOWN: Event.LOOK}
numbers = count()


class Books(RuleBasedStateMachine):
    """``seen`` is what each writer last read; acting on it may lose, and losing changes nothing."""

    def __init__(self, aws):
        super().__init__()
        names = Names(f"machine-{next(numbers)}", ACCOUNT)
        provision(names, aws, tables=BOOKS, queues=(), buckets=())
        self.ledger, self.aws = open_tables(names, aws, lambda: NOW).ledger, aws
        self.seen = ([], [])
        self.positions = ([], [])
        self.things = {}
        self.decisions = count()

    def trade(self, writer, statuses, pick):
        known = [trade for trade in self.seen[writer] if trade.status in statuses]
        return known[pick % len(known)] if known else None

    @rule(writer=WRITERS)
    def read(self, writer):
        self.seen[writer][:] = self.ledger.pending_trades()
        self.positions[writer][:] = self.ledger.open_positions()

    @rule(pair=st.sampled_from(PAIRS), fresh=st.booleans())
    def book(self, pair, fresh):
        name = f"D{next(self.decisions) if fresh else 0}"
        with suppress(Conflict):
            self.ledger.book(decision(buy(name, pair), name=name, pairs=(pair,)))

    @rule(writer=WRITERS, pick=st.integers(0, 9))
    def step(self, writer, pick):
        trade = self.trade(writer, NEXT, pick)
        if trade is not None:
            with suppress(Conflict):
                self.ledger.save_trade(NEXT[trade.status](trade))

    @rule(writer=WRITERS, pick=st.integers(0, 9))
    def lose(self, writer, pick):
        trade = self.trade(writer, DARK, pick)
        if trade is not None:
            with suppress(Conflict):
                self.ledger.save_trade(trade.on(DARK[trade.status], NOW))

    @rule(writer=WRITERS, pick=st.integers(0, 9))
    def end(self, writer, pick):
        trade = self.trade(writer, END, pick)
        if trade is not None:
            with suppress(Conflict):
                self.ledger.drop_trade(trade.on(END[trade.status], NOW), NOW)

    @rule(writer=WRITERS, pick=st.integers(0, 9), size=SIZES, funds=FUNDS)
    def fill(self, writer, pick, size, funds):
        trade = self.trade(writer, {Status.ACCEPTED}, pick)
        if trade is not None:
            self.filled(trade, size, funds)

    @rule(writer=WRITERS, pick=st.integers(0, 9), size=SIZES, funds=FUNDS, fill=st.booleans(), leave=st.booleans())
    def hurry(self, writer, pick, size, funds, fill, leave):
        """From a fresh look on to ACCEPTED, perhaps to the fill and the next exit: single steps rarely come so far."""
        self.read(writer)
        trade = self.trade(writer, {*NEXT, Status.ACCEPTED}, pick)
        while trade is not None and trade.status in NEXT:
            trade = NEXT[trade.status](trade)
            self.ledger.save_trade(trade)
        if trade is not None and fill:
            self.filled(trade, size, funds)
        for held in self.ledger.open_positions() if leave else ():
            if held.status is PositionStatus.OPEN:
                self.ledger.book_exit(sell(held, f"X{next(self.decisions)}"), held)

    def filled(self, trade, size, funds):
        buying = trade.intent.side is Side.BUY
        came = execution(trade.intent.pair, str(size if buying else trade.intent.quantity.number), str(funds))
        done = filled(trade, came)
        with suppress(Conflict):
            if buying:
                self.ledger.open_position(done, opened(done, came, NOW, STRATEGY))
            else:
                held = self.ledger.position(trade.intent.position_id)
                if held.status is not PositionStatus.CLOSING:
                    return  # this writer's view is old: the other one closed it
                self.ledger.close_position(done, closed(held, came, "STOP_LOSS", NOW))

    @precondition(lambda self: any(self.positions))
    @rule(writer=WRITERS, pick=st.integers(0, 9), leave=st.booleans())
    def look(self, writer, pick, leave):
        known = self.positions[writer]
        if not known:
            return
        held = known[pick % len(known)]
        with suppress(Conflict):
            if leave and held.status is PositionStatus.OPEN:
                self.ledger.book_exit(sell(held, f"X{next(self.decisions)}"), held)
            else:
                self.ledger.save_position(raised(held))

    # ------------------------------------------------------------------------------------------------- always true

    @invariant()
    def the_books_are_in_order(self):
        table = self.aws.dynamodb.scan(TableName=self.ledger._orders)["Items"]
        found = [item_from_wire(item) for item in table]
        trades = [trade_from(item) for item in found if item["sk"] == "METADATA"]
        mains = {item["pk"]: item for item in found if str(item["pk"]).startswith("POSITION#")}
        positions = [position_from(item) for item in mains.values()]
        self.one_entry_or_position_a_pair(trades, positions, [item for item in found if item["sk"] == "SLOT"])
        self.versions_only_grow(trades, positions)
        lists = [item for item in found if str(item["sk"]).startswith("POSITION#")]
        self.lists_agree(positions, lists)
        self.indexes_agree(found)
        self.totals_are_all_that_was_filled(trades, positions)

    def one_entry_or_position_a_pair(self, trades, positions, slots):
        under_way = [trade for trade in trades if trade.status not in TERMINAL]
        for pair in PAIRS:
            entries = [one for one in under_way if one.intent.pair == pair and one.intent.side is Side.BUY]
            exits = [
                one.intent.trade_id for one in under_way if one.intent.pair == pair and one.intent.side is Side.SELL
            ]
            held = [one for one in positions if one.pair == pair and one.status in LIVE]
            assert exits == [one.closing_trade_id for one in held if one.status is PositionStatus.CLOSING]
            owners = [one.intent.trade_id for one in entries] + [one.trade_id for one in held]
            assert owners == [slot["trade_id"] for slot in slots if slot["symbol"] == pair]
            assert len(owners) <= 1

    def versions_only_grow(self, trades, positions):
        now = {one.intent.trade_id: one for one in trades} | {one.position_id: one for one in positions}
        for name, before in self.things.items():
            assert now[name] == before or now[name].version > before.version
        self.things = now

    def lists_agree(self, positions, lists):
        listed = [position_from(item) for item in lists]
        assert sorted(listed, key=repr) == sorted([*positions, *positions], key=repr)
        for item in lists:
            assert str(item["sk"]).startswith(f"POSITION#{item['status']}#")

    def indexes_agree(self, found):
        sparse = {(item["gs3pk"], item["status"]) for item in found if "gs3pk" in item}
        pending = {status.value for status in Status if status not in TERMINAL}
        assert {status for kind, status in sparse if kind == "PENDING_TRADES"} <= pending
        assert {status for kind, status in sparse if kind == "OPEN_POSITIONS"} <= {"OPEN", "CLOSING"}
        assert {status for kind, status in sparse if kind == "CLOSED_POSITIONS"} <= {"CLOSED"}

    def totals_are_all_that_was_filled(self, trades, positions):
        booked = [one for one in trades if one.status is Status.FILLED]
        buys = [one.executed.funds.number for one in booked if one.intent.side is Side.BUY]
        sales = [one.executed.funds.number for one in booked if one.intent.side is Side.SELL]
        totals = self.ledger.totals()
        assert totals.jpy == yen(sum(sales) - sum(buys))
        held = {one.size.coin: one.size for one in positions if one.status in LIVE}
        assert {name: coins for name, coins in totals.coins.items() if not coins.is_zero} == held


def test_two_writers_in_any_order_never_break_the_books(aws):
    """One slot a pair, growing versions, lists and totals that agree: after every step in every order tried."""
    run_state_machine_as_test(
        lambda: Books(aws),
        settings=settings(settings.default, max_examples=15, stateful_step_count=20, deadline=None),
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_two_writers_in_very_many_orders_never_break_the_books(aws):
    """The same, longer."""
    run_state_machine_as_test(
        lambda: Books(aws),
        settings=settings(settings.default, max_examples=40, stateful_step_count=40, deadline=None),
    )
