"""The access patterns of the books, and lists longer than one page."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.dynamodb.items import position_items, trade_item
from adapters.dynamodb.wire import item_to_wire
from tests.contract.books import NOW, STRATEGY, bought, buy, claimed, decision, execution, filled, sell, sold
from trading.errors import Halt
from trading.order import TERMINAL, Event, Trade
from trading.ports import Booking
from trading.position import PositionStatus, opened


def put(ledger, *items):
    ledger._dynamo.put_all(ledger._orders, [item_to_wire(item) for item in items])


def position_of(number, at=NOW):
    trade = filled(Trade(buy(f"A{number}")).on(Event.CLAIM, NOW).on(Event.SEND, NOW).on(Event.ACCEPT, NOW))
    return opened(trade, execution(), at, STRATEGY)


def test_ap1_a_position_by_its_id(ledger):
    """The id alone finds it; an unknown id finds nothing."""
    position = bought(ledger)
    assert ledger.position(position.position_id) == position
    assert ledger.position("POS-none") is None
    assert ledger.trade("TRD-none") is None


def test_ap2_the_open_positions_of_a_pair(ledger):
    """OPEN and CLOSING ones of this pair, and no others."""
    gone = sold(ledger, bought(ledger, buy("A1")))
    position = bought(ledger, buy("A2"))
    other = bought(ledger, buy("A2", "eth_usdt"))
    assert ledger.positions_of("btc_usdt") == [position]
    ledger.book_exit(sell(position), position)
    assert [one.status for one in ledger.positions_of("btc_usdt")] == [PositionStatus.CLOSING]
    assert ledger.positions_of("eth_usdt") == [other]
    assert ledger.positions_of("xrp_usdt") == []
    assert gone not in ledger.positions_of("btc_usdt")


def test_ap4_positions_by_strategy_and_status(ledger):
    """Open and closed positions of a strategy are two lists."""
    gone = sold(ledger, bought(ledger, buy("A1")))
    position = bought(ledger, buy("A2"))
    assert ledger.positions_of_strategy("default", PositionStatus.OPEN) == [position]
    assert ledger.positions_of_strategy("default", PositionStatus.CLOSED) == [gone]
    assert ledger.positions_of_strategy("other", PositionStatus.OPEN) == []


def test_ap5_a_day(ledger):
    """The trades and the positions of a UTC day, each in their own list, oldest first."""
    late = buy("A2", "eth_usdt", created_at=NOW + timedelta(hours=2))
    tomorrow = buy("A3", "xrp_usdt", created_at=NOW + timedelta(days=1))
    position = bought(ledger)
    for intent in (tomorrow, late):
        ledger.book(decision(intent, name=intent.decision_id))
    assert [trade.intent.decision_id for trade in ledger.trades_of(NOW.date())] == ["A1", "A2"]
    assert [trade.intent for trade in ledger.trades_of(tomorrow.created_at.date())] == [tomorrow]
    assert ledger.positions_on(NOW.date()) == [position]
    assert ledger.positions_on(tomorrow.created_at.date()) == []


def test_from_a_signal_to_its_trades(ledger):
    """GSI4 leads from a signal to what was traded on it, entry and exit."""
    position = bought(ledger)
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    assert {trade.intent.trade_id for trade in ledger.trades_of_signal("A1-btc_usdt")} == {
        "TRD-A1-btc_usdt-BUY",
        exit_.trade_id,
    }


def test_closed_positions_since_a_time(ledger):
    """Only those opened since, to the fraction of a second."""
    gone = sold(ledger, bought(ledger))
    assert ledger.closed_positions(NOW) == [gone]
    assert ledger.closed_positions(NOW + timedelta(microseconds=1)) == []


def test_signals_between_two_times(ledger):
    """Both ends included, oldest first."""
    times = [NOW.replace(microsecond=0) + timedelta(minutes=5 * number) for number in range(4)]
    for number, at in enumerate(times):
        ledger.book(decision(name=f"A{number}", at=at))
    found = ledger.signals_of("btc_usdt", times[1], times[2])
    assert [row["decision_id"] for row in found] == ["A1", "A2"]


def test_i11_an_open_position_is_seen_behind_closed_ones(ledger):
    """However many newer closed positions there are, the open one is found."""
    position = bought(ledger)
    many = [position_of(number, NOW + timedelta(minutes=number)) for number in range(100, 129)]
    put(ledger, *(item for one in many for item in position_items(_closed(one), NOW)))
    assert ledger.open_positions() == [position]
    assert ledger.positions_of("btc_usdt") == [position]
    assert len(ledger.closed_positions(NOW)) == 29


def _closed(position):
    return replace(position, status=PositionStatus.CLOSED, closed_at=NOW)


def test_i12_lists_are_read_to_their_last_page(ledger):
    """More than 1 MB of pending trades, of a pair's positions and of signal rows: none is missing."""
    heavy = "x" * 40_000
    trades = [Trade(buy(f"A{number:03}", reason=heavy)) for number in range(60)]
    put(ledger, *(trade_item(trade, NOW) for trade in trades))
    assert ledger.pending_trades() == trades
    assert ledger.trades_of(NOW.date()) == trades
    positions = [position_of(number, NOW + timedelta(seconds=number)) for number in range(60)]
    put(ledger, *({**item, "ballast": heavy} for one in positions for item in position_items(one, NOW)))
    assert ledger.positions_of("btc_usdt") == positions
    assert ledger.open_positions() == positions
    rows = [{"pair": "btc_usdt", "text": heavy}]
    for number in range(30):
        ledger.book(Booking(f"A{number}", NOW + timedelta(seconds=number), rows, (), ()))
    assert len(ledger.signals_of("btc_usdt", NOW - timedelta(days=1), NOW + timedelta(days=1))) == 30


def test_what_ended_forgets_itself_and_what_is_alive_does_not(ledger):
    """Trades 90 days after their end, positions 365 days after they were closed; never before their end."""
    trade = claimed(Trade(buy()))
    assert "ttl" not in trade_item(trade, NOW)
    ended = trade.on(Event.REFUSE, NOW)
    assert ended.status in TERMINAL
    assert trade_item(ended, NOW)["ttl"] == int(NOW.timestamp()) + 90 * 86_400
    position = position_of(1)
    assert all("ttl" not in item for item in position_items(position, NOW))
    assert {item["ttl"] for item in position_items(_closed(position), NOW)} == {int(NOW.timestamp()) + 365 * 86_400}


def test_an_index_shows_each_thing_once(ledger):
    """Adjacency items carry no index keys."""
    main, *listed = position_items(position_of(1), NOW)
    assert {name for item in listed for name in item if name.startswith("gs")} == set()
    assert {"gs1pk", "gs2pk", "gs3pk", "gs5pk"} <= main.keys()


def test_a_damaged_item_halts_and_names_itself(ledger):
    """A position without its size is not guessed at."""
    main, *_ = position_items(position_of(1), NOW)
    put(ledger, {name: value for name, value in main.items() if name != "size"})
    with pytest.raises(
        Halt, match=r"stored Position POSITION#POS-A1-btc_usdt-BUY is not readable \(KeyError: 'size'\)"
    ):
        ledger.open_positions()
