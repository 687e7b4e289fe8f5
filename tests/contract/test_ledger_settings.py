"""The Ledger port on DynamoDB: what it holds once, the totals of all fills, the baseline, the last reconciliation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from adapters.dynamodb.client import Write
from adapters.dynamodb.counters import FILLS, counted, totals_from
from adapters.dynamodb.items import KILL_SWITCH
from adapters.dynamodb.settings import FINDINGS
from adapters.dynamodb.wire import item_to_wire
from tests.contract.books import (
    NOW,
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
from trading.errors import Conflict, Halt
from trading.limits import KillSwitch, Mode
from trading.money import Quantity, yen
from trading.order import Event, Holdings, Trade
from trading.position import Protection, closed
from trading.reconciliation import Baseline, Finding, Reconciliation, Totals, Verdict

LATER = NOW + timedelta(seconds=1)
BTC = Quantity(Decimal("0.00157894"), "BTC")
ETH = Quantity(Decimal("0.00157894"), "ETH")
NO_BTC = Quantity(Decimal(0), "BTC")


def test_nothing_was_moved_before_the_first_fill(ledger):
    """Bookings, claims and sends move nothing."""
    ledger.book(decision(buy()))
    accepted(ledger, Trade(buy()))
    assert ledger.totals() == Totals(yen(0))


def test_the_totals_are_what_all_fills_moved(ledger):
    """Coins bought and the yen paid for them, fees in; sold, the coins are gone and the gain or loss is left."""
    position = bought(ledger)
    bought(ledger, buy(pair="eth_usdt"))
    assert ledger.totals() == Totals(yen("-29999.86"), {"BTC": BTC, "ETH": ETH})
    exit_ = sell(position)
    ledger.book_exit(exit_, position)
    proceeds = execution(funds="15100")
    trade = filled(accepted(ledger, ledger.trade(exit_.trade_id)), proceeds)
    ledger.close_position(trade, closed(ledger.position(position.position_id), proceeds, "TAKE_PROFIT", NOW))
    assert ledger.totals() == Totals(yen("-14899.86"), {"BTC": NO_BTC, "ETH": ETH})


def test_a_fill_is_counted_once_however_often_it_is_booked(ledger):
    """Booking the fill of an entry or of an exit again loses by its version, and what loses counts nothing."""
    position = bought(ledger)
    held = ledger.totals()
    with pytest.raises(Conflict):
        ledger.open_position(ledger.trade(position.trade_id), position)
    assert ledger.totals() == held
    gone = sold(ledger, position)
    nothing_left = ledger.totals()
    with pytest.raises(Conflict):
        ledger.close_position(ledger.trade(gone.closing_trade_id), gone)
    assert ledger.totals() == nothing_left == Totals(yen(0), {"BTC": NO_BTC})


def test_a_fill_that_does_not_say_what_was_executed_halts(ledger):
    """It cannot be counted, so it is not booked."""
    position = bought(ledger)
    trade = replace(ledger.trade(position.trade_id), executed=None)
    with pytest.raises(Halt, match="without what was executed"):
        ledger.open_position(trade, position)


@pytest.mark.parametrize(
    ("moved", "words"),
    [({"moved_BTC": Decimal("-0.5")}, "0.5 BTC more were sold"), ({"moved_JPY": "many"}, "no number of JPY")],
)
def test_totals_that_cannot_be_halt(ledger, moved, words):
    """More sold than bought, or something that is no number: a person looks."""
    ledger._dynamo.put_all(ledger._orders, [item_to_wire({**FILLS, **moved})])
    with pytest.raises(Halt, match=words):
        ledger.totals()


def test_what_moved_is_counted_and_read_to_the_last_digit():
    """More digits than Decimal's usual 28 are not rounded on our side of the table."""
    funds = "123456789012345.123456789012345678"
    values = counted("t", Trade(buy(), executed=execution(funds=funds)), NOW).values
    assert values["jpy"] == Decimal(f"-{funds}")
    assert totals_from({"moved_JPY": values["jpy"]}).jpy == yen(f"-{funds}")


# ---------------------------------------------------------------------------------------- baseline and reconciliation


def test_there_is_no_baseline_until_one_is_set_and_each_change_is_remembered(ledger):
    """The last one stands; all of them stay in the history, with who and why."""
    assert ledger.baseline() is None
    first = Baseline({"JPY": "-250000.5", "BTC": "0.10"}, "what was there before us", "tester", NOW)
    second = Baseline({"JPY": "0"}, "coins withdrawn", "other", LATER)
    for baseline in (first, second):
        ledger.set_baseline(baseline)
        assert ledger.baseline() == baseline
    under = {"pk": "GLOBALCONFIG", "sk": "SETTING#BASELINE#"}
    kept = ledger._dynamo.query(ledger._orders, "#pk = :pk AND begins_with(#sk, :sk)", under)
    assert [(item["amounts"], item["by"]) for item in kept] == [(one.amounts, one.by) for one in (first, second)]


FINDING = Finding("BALANCE", "BTC", "0.1", "0.2", "no fill explains it")
SEEN = Reconciliation(NOW, Verdict.DIFFERS, (FINDING,), waiting=("ETH",), compared={"JPY": "agrees"}, note="n")


def test_the_last_reconciliation_is_remembered(ledger):
    """None before the first; then what was found, all of it; then what the next one found."""
    assert ledger.reconciliation() is None
    agrees = Reconciliation(LATER, Verdict.AGREES, version=2)
    for seen in (SEEN, agrees):
        ledger.save_reconciliation(seen)
        assert ledger.reconciliation() == seen


@pytest.mark.parametrize("apart", [timedelta(milliseconds=-250), timedelta(days=400)], ids=str)
def test_a_comparison_that_was_overtaken_is_dropped_unless_it_blocks(ledger, apart):
    """A slow AGREES that follows what nobody holds any more changes nothing; a DIFFERS stands, whatever clocks say."""
    ledger.save_reconciliation(replace(SEEN, version=1))
    ledger.save_reconciliation(replace(SEEN, version=2, note="second"))
    ledger.save_reconciliation(Reconciliation(NOW + apart, Verdict.AGREES, version=2))
    assert ledger.reconciliation().note == "second"
    ledger.save_reconciliation(Reconciliation(NOW - apart, Verdict.AGREES, version=3))
    assert ledger.reconciliation().verdict is Verdict.AGREES
    ledger.save_reconciliation(Reconciliation(NOW + apart, Verdict.DIFFERS, version=2))
    assert (ledger.reconciliation().verdict, ledger.reconciliation().version) == (Verdict.DIFFERS, 4)


def test_of_very_many_findings_the_first_are_stored(ledger):
    """And one that says how many more there were; up to the limit nothing is left out."""
    many = tuple(replace(FINDING, about=f"C{number}") for number in range(FINDINGS + 7))
    ledger.save_reconciliation(replace(SEEN, findings=many[:FINDINGS]))
    assert ledger.reconciliation().findings == many[:FINDINGS]
    ledger.save_reconciliation(replace(SEEN, findings=many, version=2))
    *kept, last = ledger.reconciliation().findings
    assert tuple(kept) == many[:FINDINGS]
    assert last.about == "7 more findings"


def test_settings_and_counters_do_not_touch_each_other(ledger):
    """Each stands under a key of its own."""
    bought(ledger)
    ledger.set_baseline(Baseline({}, "", "tester", NOW))
    ledger.save_reconciliation(SEEN)
    assert ledger.kill_switch().by == ""
    assert ledger.totals() == Totals(yen("-14999.93"), {"BTC": BTC})
    assert ledger.reconciliation() == SEEN


# ---------------------------------------------------------------------------------------------- what a trade remembers


def test_a_look_that_did_not_clear_it_leaves_a_trade_unknown(ledger):
    """LOOK after LOOK is saved, each one version on, with since when it was absent; a stale look loses."""
    ledger.book(decision(buy()))
    before = Holdings(yen(500_000), NO_BTC)
    trade = Trade(buy())
    for step in (claimed, lambda one: one.on(Event.SEND, NOW, before=before), lambda one: one.on(Event.LOSE, NOW)):
        trade = step(trade)
        ledger.save_trade(trade)
    looked = trade.on(Event.LOOK, LATER, absent_since=NOW)
    again = looked.on(Event.LOOK, LATER)
    for seen in (looked, again):
        ledger.save_trade(seen)
        assert ledger.trade(buy().trade_id) == seen
    assert (again.before, again.absent_since, again.version) == (before, NOW, 6)
    assert ledger.pending_trades() == [again]
    with pytest.raises(Conflict):
        ledger.save_trade(looked)


def test_a_position_keeps_the_stop_that_rests_at_the_venue(ledger):
    """Asked for, then known by its id: item and lists say so."""
    position = bought(ledger)
    asked = replace(raised(position), protection=Protection(position.stop_loss, NOW))
    ledger.save_position(asked)
    assert ledger.positions_of("btc_usdt") == [asked]
    known = replace(raised(asked), protection=replace(asked.protection, order_id="77"))
    ledger.save_position(known)
    assert ledger.position(position.position_id) == known


def test_a_kill_switch_that_was_set_and_is_gone_is_not_off(ledger):
    """Never set it is OFF; deleted it halts, so that nothing is sent, until somebody sets it again."""
    assert ledger.kill_switch().mode is Mode.OFF
    ledger.set_kill_switch(KillSwitch(Mode.NOTHING, "why", "me", NOW))
    ledger._dynamo.write(Write("Delete", ledger._orders, KILL_SWITCH, "by hand"))
    with pytest.raises(Halt, match="gone"):
        ledger.kill_switch()
    ledger.set_kill_switch(KillSwitch(Mode.OFF, "again", "me", LATER))
    assert ledger.kill_switch().mode is Mode.OFF
