"""The Ledger port on DynamoDB: what one writer sees."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from adapters.dynamodb import PairTaken
from adapters.dynamodb.items import slot_key
from tests.contract.books import (
    NOW,
    PAIRS,
    accepted,
    bought,
    buy,
    claimed,
    decision,
    execution,
    filled,
    raised,
    sell,
    sold,
)
from trading.errors import BadInput, Conflict, Halt
from trading.limits import KillSwitch, Mode
from trading.order import Event, Status, Trade
from trading.ports import Ledger
from trading.position import PositionStatus, closing, opened, reopened
from trading.strategy import Strategy
from trading.tables import ORDER_STATE, SIGNALS


def slot(ledger, pair="btc_usdt"):
    return ledger._dynamo.get(ledger._orders, slot_key(pair))


def everything(aws, names):
    """All items of the books."""
    return {table.name: aws.dynamodb.scan(TableName=names.table(table))["Items"] for table in (ORDER_STATE, SIGNALS)}


def test_the_dynamodb_ledger_is_a_ledger(ledger):
    """It has every method of the port."""
    port: Ledger = ledger
    assert port.open_positions() == []


def test_a_decision_is_booked_with_its_signals_and_intents(ledger):
    """The trade stands BOOKED, the pair's slot is taken, every pair has its signal row and its time of analysis."""
    assert ledger.book(decision(buy())) == ["TRD-A1-btc_usdt-BUY"]
    assert ledger.trade("TRD-A1-btc_usdt-BUY") == Trade(buy())
    assert slot(ledger)["trade_id"] == "TRD-A1-btc_usdt-BUY"
    for pair in PAIRS:
        (row,) = ledger.signals_of(pair, NOW - timedelta(seconds=1), NOW)
        assert row["decision_id"] == "A1"
        assert row["parts"] == {"rsi": [1, 2.5, None]}
        assert row["score"] == 0.1 + len(pair) / 7
        assert ledger.last_analysed(pair) == NOW


@pytest.mark.parametrize("intents", [(), (buy(),), (buy(), buy(pair="eth_usdt"))], ids=len)
def test_booking_a_decision_again_changes_nothing(ledger, aws, names, intents):
    """A repeated booking answers the same trades and leaves every item as it was, also after a trade has moved on."""
    ids = ledger.book(decision(*intents))
    if intents:
        ledger.save_trade(claimed(Trade(buy())))
    before = everything(aws, names)
    assert ledger.book(decision(*intents)) == ids
    assert everything(aws, names) == before


def test_a_pair_with_an_entry_takes_no_second_one(ledger, aws, names):
    """A Conflict names the pair, nothing was written, and without that intent the booking goes through."""
    ledger.book(decision(buy()))
    before = everything(aws, names)
    second = decision(buy("A2"), buy("A2", "eth_usdt"), name="A2", at=NOW + timedelta(minutes=5))
    with pytest.raises(PairTaken, match="btc_usdt already has an entry") as taken:
        ledger.book(second)
    assert taken.value.pairs == {"btc_usdt"}
    assert everything(aws, names) == before
    free = replace(second, intents=[intent for intent in second.intents if intent.pair not in taken.value.pairs])
    assert ledger.book(free) == ["TRD-A2-eth_usdt-BUY"]
    assert len(ledger.signals_of("btc_usdt", NOW, second.at)) == 2


def test_two_intents_of_one_pair_are_never_booked_together(ledger):
    """I7: buying and selling a pair in one decision is a mistake, not an order."""
    position = bought(ledger)
    with pytest.raises(BadInput, match="two things of one pair"):
        ledger.book(decision(buy("A2"), sell(position), name="A2"))


def test_a_decision_to_sell_makes_its_position_closing(ledger):
    """The exit is booked and counted together with the signals; a second decision finds it under way."""
    position = bought(ledger)
    exit_ = sell(position, "A2")
    assert ledger.book(decision(exit_, name="A2")) == [exit_.trade_id]
    assert ledger.position(position.position_id) == closing(position, exit_.trade_id)
    assert ledger.positions_of("btc_usdt") == [closing(position, exit_.trade_id)]
    assert ledger.book(decision(exit_, name="A2")) == [exit_.trade_id]
    other = replace(sell(position, "A3"), trade_id="TRD-of-another-attempt")
    for late in (sell(position, "A3"), other):
        with pytest.raises(PairTaken):
            ledger.book(decision(late, name="A3"))


def test_a_late_repetition_does_not_set_the_last_analysis_back(ledger):
    """A HOLD that is booked again after the next analysis leaves the newer time in place."""
    ledger.book(decision())
    later = NOW + timedelta(hours=1)
    ledger.book(decision(name="A2", at=later))
    ledger.book(decision())
    assert ledger.last_analysed("btc_usdt") == later
    assert ledger.last_analysed("ltc_usdt") is None


def watched(ledger):
    """Every transaction that the ledger writes from now on."""
    sent, write = [], ledger._dynamo.write
    ledger._dynamo.write = lambda *writes: (sent.append(writes), write(*writes))
    return sent


def test_a_universe_of_hundreds_of_pairs_is_booked(ledger):
    """More than 100 actions: rows of pairs without an intent go first, the intents stay in one transaction."""
    pairs = tuple(f"c{number}_usdt" for number in range(130))
    entries = [buy("A1", pair) for pair in pairs[:3]]
    sent = watched(ledger)
    assert len(ledger.book(decision(*entries, pairs=pairs))) == 3
    assert [len(writes) for writes in sent] == [100, 100, 54, 12]
    assert {write.what.get("item_type") for write in sent[-1]} >= {"trade", "slot"}


def test_rows_of_megabytes_are_booked(ledger, aws, names):
    """More than 4 MB in one decision goes through in several transactions, none of them over the limit."""
    pairs = tuple(f"c{number}_usdt" for number in range(14))
    booking = decision(buy(pair=pairs[0]), pairs=pairs)
    heavy = replace(booking, signals=[{**row, "text": "x" * 350_000} for row in booking.signals])
    sent = watched(ledger)
    assert ledger.book(heavy) == [f"TRD-A1-{pairs[0]}-BUY"]
    assert len(sent) > 1
    assert all(len(json.dumps([write.request("") for write in writes])) < 4_000_000 for writes in sent)
    assert all(len(ledger.signals_of(pair, NOW - timedelta(seconds=1), NOW)) == 1 for pair in pairs)


def test_a_row_with_a_value_that_is_no_number_is_refused_by_name(ledger, aws, names):
    """NaN never reaches a table; the message says where it stood, and nothing is booked."""
    booking = decision(buy())
    broken = replace(booking, signals=[*booking.signals, {"pair": "ltc_usdt", "parts": {"rsi": [float("nan")]}}])
    with pytest.raises(BadInput, match=r"A1 ltc_usdt.parts.rsi\[0\] is nan"):
        ledger.book(broken)
    assert everything(aws, names) == {"order-state": [], "signals": []}


def test_a_round_trip_leaves_a_closed_position_and_a_free_slot(ledger):
    """Bought and sold: two FILLED trades, one CLOSED position, nothing open, nothing pending, the pair free again."""
    position = bought(ledger)
    assert slot(ledger)["position_id"] == position.position_id
    gone = sold(ledger, position)
    assert ledger.position(position.position_id) == gone
    assert ledger.open_positions() == ledger.positions_of("btc_usdt") == ledger.pending_trades() == []
    assert ledger.closed_positions(NOW) == [gone]
    assert ledger.trade("TRD-A1-btc_usdt-BUY").status is Status.FILLED
    assert slot(ledger) is None
    assert ledger.book(decision(buy("A2"), name="A2")) == ["TRD-A2-btc_usdt-BUY"]


@pytest.mark.parametrize("event", [Event.REFUSE, Event.REJECT])
def test_an_entry_that_comes_to_nothing_frees_its_pair(ledger, event):
    """A refused or rejected BUY gives the slot back, and is no longer pending."""
    ledger.book(decision(buy()))
    trade = claimed(Trade(buy()))
    ledger.save_trade(trade)
    if event is Event.REJECT:
        trade = trade.on(Event.SEND, NOW)
        ledger.save_trade(trade)
    dropped = trade.on(event, NOW, note="spread 2 % is above 0.5 %")
    ledger.drop_trade(dropped, NOW)
    assert ledger.trade(dropped.intent.trade_id) == dropped
    assert ledger.pending_trades() == []
    assert slot(ledger) is None


def test_an_exit_that_comes_to_nothing_gives_the_position_back(ledger):
    """A rejected SELL leaves the position OPEN and counted, so that the next exit has a new id."""
    position = bought(ledger)
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    trade = accepted(ledger, ledger.trade(exit_.trade_id)).on(Event.VOID, NOW)
    ledger.drop_trade(trade, NOW)
    back = reopened(closing(position, exit_.trade_id), NOW)
    assert ledger.position(position.position_id) == back
    assert ledger.open_positions() == ledger.positions_of("btc_usdt") == [back]
    assert sell(back).trade_id != exit_.trade_id
    assert slot(ledger)["position_id"] == position.position_id


@pytest.mark.parametrize("ending", [Event.LOSE, Event.HALT])
def test_an_unknown_or_halted_entry_blocks_its_pair(ledger, ending):
    """I22: as long as nobody knows what became of an entry, its pair takes no other."""
    ledger.book(decision(buy()))
    trade = claimed(Trade(buy()))
    ledger.save_trade(trade)
    for event in (Event.SEND, Event.LOSE, Event.HALT):
        trade = trade.on(event, NOW)
        ledger.save_trade(trade)
        if event is ending:
            break
    with pytest.raises(PairTaken):
        ledger.book(decision(buy("A2"), name="A2"))
    assert ledger.pending_trades() == [trade]


def test_only_an_entry_takes_the_slot(ledger):
    """An exit is booked while the slot belongs to the very position it closes."""
    position = bought(ledger)
    before = slot(ledger)
    ledger.book_exit(sell(position), position)
    assert slot(ledger) == before


def test_a_position_keeps_its_lists_in_step(ledger):
    """A look at the price changes the item and both adjacency items at once."""
    position = bought(ledger)
    higher = raised(position)
    ledger.save_position(higher)
    listed = ledger._dynamo.query(ledger._orders, "#pk = :pk", {"pk": "STRATEGY#default"})
    assert ledger.position(position.position_id) == higher
    assert ledger.positions_of("btc_usdt") == [higher]
    assert [int(item["version"]) for item in listed] == [higher.version]


@pytest.mark.parametrize(
    "stale",
    [
        lambda ledger, position: ledger.save_position(raised(position, "7")),
        lambda ledger, position: ledger.book_exit(sell(position), position),
        lambda ledger, position: ledger.save_trade(claimed(Trade(buy()))),
    ],
)
def test_a_change_of_an_old_version_loses(ledger, aws, names, stale):
    """Whoever read before the last write raises Conflict, and nothing is changed."""
    position = bought(ledger)
    ledger.save_position(raised(position))
    before = everything(aws, names)
    with pytest.raises(Conflict, match="somebody else wrote first"):
        stale(ledger, position)
    assert everything(aws, names) == before


@pytest.mark.parametrize(
    "wrong",
    [
        lambda ledger, position, trade: ledger.save_trade(filled(trade)),
        lambda ledger, position, trade: ledger.drop_trade(filled(trade), NOW),
        lambda ledger, position, trade: ledger.close_position(filled(trade), position),
        lambda ledger, position, trade: ledger.open_position(trade, position),
        lambda ledger, position, trade: ledger.save_position(replace(position, status=PositionStatus.CLOSED)),
        lambda ledger, position, trade: ledger.book_exit(replace(sell(position), position_id="POS-other"), position),
    ],
)
def test_a_step_that_makes_no_sense_halts(ledger, wrong):
    """An end without its position, a buy that closes, a second life: a person looks."""
    ledger.book(decision(buy()))
    trade = accepted(ledger, Trade(buy()))
    position = opened(filled(trade), execution(), NOW, Strategy())
    with pytest.raises(Halt):
        wrong(ledger, position, trade)


def test_the_kill_switch_is_off_until_set_and_remembers_every_change(ledger):
    """AP3: each change is the new state, counts on, and stays in the history with who and why."""
    assert ledger.kill_switch().mode is Mode.OFF
    for mode in (Mode.NOTHING, Mode.NO_ENTRIES, Mode.NO_ENTRIES):
        ledger.set_kill_switch(KillSwitch(mode, "losses", "tester", NOW))
    assert ledger.kill_switch() == KillSwitch(Mode.NO_ENTRIES, "losses", "tester", NOW, version=3)
    kept = ledger._dynamo.query(ledger._orders, "#pk = :pk", {"pk": "GLOBALCONFIG"})
    assert sorted(str(item["mode"]) for item in kept) == ["NOTHING", "NO_ENTRIES", "NO_ENTRIES", "NO_ENTRIES"]


def test_an_unreadable_kill_switch_is_not_off(ledger, aws):
    """A mode that nobody knows raises: callers then send nothing."""
    ledger.set_kill_switch(KillSwitch(Mode.OFF, "", "tester", NOW))
    aws.dynamodb.update_item(
        TableName=ledger._orders,
        Key={"pk": {"S": "GLOBALCONFIG"}, "sk": {"S": "SETTING#KILL_SWITCH"}},
        UpdateExpression="SET #mode = :mode",
        ExpressionAttributeNames={"#mode": "mode"},
        ExpressionAttributeValues={":mode": {"S": "PERHAPS"}},
    )
    with pytest.raises(Halt, match="not readable"):
        ledger.kill_switch()
