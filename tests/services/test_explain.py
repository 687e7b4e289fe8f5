"""``trader explain``: a buy, a stop-loss, a refused order, what nobody knows, an hour of nothing; told to a person."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from deployments.screen_explain import explained
from tests.days import PAIRS
from tests.services.decisions import AT, KEEN, Decisions
from trading.errors import BadInput
from trading.limits import KillSwitch, Mode
from trading.order import Event, Status
from trading.services.execute import check, claim
from trading.services.explain import explain, explain_time
from trading.services.payloads import load
from trading.services.revisions import Feed, History, compare, take
from trading.strategy import Strategy
from trading.tables import FORECASTS, LINEAGE

SECOND, MINUTE, HOUR, DAY = (timedelta(seconds=count) for count in (1, 60, 3_600, 86_400))


def page(told, width=100):
    """The explanation as printed, on one line, so that line breaks hide nothing."""
    return " ".join(explained(told, width).split())


@pytest.fixture
def bought():
    """A desk that decided to buy Ethereum and has: the desk, its order and its position."""
    desk = Decisions()
    desk.analyse()
    order = desk.entry()
    return desk, order, desk.fill(order, AT + 4 * SECOND)


def test_a_buy_is_told_from_the_order_back_to_its_bytes(bought):
    """What was bought for how much and why, both clocks, every score, and the payload, which the archive still has."""
    desk, order, _ = bought
    told = explain(order, desk.sources())
    text = page(told)
    for words in (
        "0.02766172 ETH bought for ¥15,000 on 2 January 2024 18:20 JST (09:20 UTC), at ¥542,266",
        "It is held, with the stop at ¥515,152.",
        "eth_usdt scores +0.085, at or above the buy threshold +0.007, best of 6 not held: buy.",
        "SOL +0.005 -0.050 +0.077 +0.200 -0.093 0.002 short of +0.007",
        "ETH candles: 336 candles, 01-01 05:20 to 01-02 09:15 UTC, from the warm tier the same is stored now",
        "LN-20240102-0001, number 1 of 1 on 2024-01-02: the chain of that day is whole",
    ):
        assert words in text
    assert told.sound
    raw = next(line.raw for line in told.inputs if line.kind == "candles")
    assert load(raw, desk.archive)[0].subject == "eth_usdt"
    assert max(map(len, explained(told, 80).splitlines())) <= 80


def test_whatever_is_asked_about_leads_to_the_same_buy(bought):
    """Order, venue's number, position, decision, signal and record all come to the one order and its record."""
    desk, order, position = bought
    decision = desk.ledger.trade(order).intent.decision_id
    for name in (order, "4711", position, decision, f"SIG-{decision}-eth_usdt", "LN-20240102-0001"):
        ids = explain(name, desk.sources()).ids
        assert ids["order"] == order
        assert ids["record"] == "LN-20240102-0001"
        assert set(ids.values()) >= {"4711", decision, "run-1"}


def test_a_stop_loss_is_told_with_what_it_came_to(bought):
    """The exit says that the price fell to the stop, what the whole trade lost and why it had been bought."""
    desk, order, position = bought
    desk.price *= 9
    desk.price /= 10
    exit_ = desk.look_at(position, AT + 31 * MINUTE)
    desk.fill(exit_, AT + 31 * MINUTE + 3 * SECOND)
    look = desk.ledger.trade(exit_).intent.decision_id
    for name in (exit_, look, position):
        told = explain(name, desk.sources())
        assert "stop-loss: the price fell to the stop. The whole trade came to -¥1,500." in told.headline
        assert told.ids["order"] == order
        assert told.ids["exit"] == exit_
        text = page(told)
        assert "position closed at ¥488,039, stop-loss: the price fell to the stop: -¥1,500 after 31 minutes" in text
        assert "eth_usdt scores +0.085" in text
        assert "the decision that bought it" in text


def test_a_stale_intent_was_refused_and_nothing_was_sent():
    """An order that came too late is told with both times and what that means; no venue's number is among its ids."""
    desk = Decisions()
    desk.analyse()
    order, late = desk.entry(), AT + 6 * MINUTE
    check(claim(order, "me", late, desk.ledger, KEEN), late, desk.ledger, desk, KEEN)
    told = explain(order, desk.sources())
    assert told.headline == (
        "ETH was not bought: our own last check refused it and nothing was sent."
        " Stale: decided 09:20:07, expired 09:24:07, now 09:26:07 UTC."
    )
    assert "refused 6 minutes after it was decided, nothing was sent: stale" in page(told)
    assert not any("venue" in name for name in told.ids)
    quiet = explain_time(AT + 10 * MINUTE, desk.sources(AT + DAY))
    assert "It was wanted, but: BUY ETH REFUSED: stale: decided 09:20:07" in quiet.headline
    assert "The executor, later: buy eth_usdt REFUSED" in page(quiet)


@pytest.mark.parametrize("halted", [False, True])
def test_what_nobody_knows_is_told_as_that(halted):
    """An answer that was lost is neither bought nor not bought; when only a person can say, how to say it is told."""
    desk = Decisions()
    desk.analyse()
    trade = claim(desk.entry(), "me", AT, desk.ledger, KEEN)
    for event, more in ((Event.SEND, {"sent_at": AT}), (Event.LOSE, {"unknown_since": AT + SECOND})):
        trade = trade.on(event, AT + SECOND, **more)
        desk.ledger.save_trade(trade)
    if halted:
        trade = trade.on(Event.HALT, AT + MINUTE, note="two orders look like it")
        desk.ledger.save_trade(trade)
    text = page(explain(trade.intent.trade_id, desk.sources()))
    if halted:
        assert trade.status is Status.HALTED
        assert text.startswith("A person must say whether ETH was bought: two orders look like it.")
        assert f"trader resolve {trade.intent.trade_id}" in text
    else:
        assert "Nobody knows since 2 January 2024 18:20 JST (09:20 UTC) whether ETH was bought" in text
        assert "never sent again meanwhile" in text


def test_an_hour_of_nothing_says_how_near_it_came():
    """How many analyses ran, which pair was closest and by how much it was short, pair by pair for the last one."""
    desk = Decisions(Strategy())
    desk.analyse()
    desk.analyse(AT + 20 * MINUTE, "asked for")
    told = explain_time(AT + 40 * MINUTE, desk.sources(AT + DAY))
    assert told.headline == (
        "Nothing was bought or sold in the hour to 2 January 2024 19:00 JST (10:00 UTC). 2 analyses ran;"
        " the closest was ETH with +0.09 at 09:20 UTC, 0.10 short of the +0.19 to buy."
    )
    assert len(told.pairs) == 6
    assert all("short of" in line.verdict for line in told.pairs)
    assert "6 pairs analysed: best ETH" in page(told)
    assert "AN-20240102T094000Z" in told.judged


def test_a_time_without_an_analysis_says_whether_one_was_due():
    """Soon after one, in a calm market, none was due; hours later, or after a move, one was; at first there is none."""
    desk = Decisions(Strategy())
    sources = desk.sources(AT + DAY)
    assert "no analysis had ever run" in explain_time(AT - 3 * HOUR, sources).headline
    desk.analyse()

    def asked(hours, after_minutes, change_pct):
        strategy = Strategy(trigger_after_minutes=after_minutes, trigger_change_pct=change_pct)
        return explain_time(AT + hours * HOUR, replace(sources, strategy=strategy))

    late = asked(3, 60, 20)
    assert "No analysis ran in it; the last one was 3.0 hours before." in late.headline
    assert "one WAS due" in late.headline
    assert late.judged.startswith("AN-20240102T092000Z")
    assert "neither had come (the largest move of an hour was" in asked(2, 300, 20).headline
    desk.collect(AT + 2 * HOUR)
    assert "one WAS due (the largest move of an hour was" in asked(2, 300, 0.1).headline
    with pytest.raises(BadInput, match="lies ahead; on this desk it is"):
        explain_time(AT + DAY, desk.sources())


def test_a_slot_that_was_analysed_twice_is_told_by_the_record_that_its_rows_name():
    """Two analyses of one slot have one id: the rows of the later one stand for it, and so does its record."""
    desk = Decisions(Strategy())
    assert desk.analyse() == desk.analyse(AT + MINUTE)
    assert explain("AN-20240102T092000Z", desk.sources()).ids["record"] == "LN-20240102-0002"
    for number in (1, 2):
        record = f"LN-20240102-000{number}"
        assert explain(record, desk.sources()).ids["record"] == record


def test_what_stood_in_the_way_is_named():
    """A quarantined pair, a kill switch and a busy pair are said in the answer and in the pair's own line."""
    desk = Decisions()
    desk.ledger.set_kill_switch(KillSwitch(Mode.NO_ENTRIES, "holiday", "me", AT))
    desk.analyse(quarantined={"sol_usdt": "3 highs below another price"})
    told = explain_time(AT + MINUTE, desk.sources(AT + DAY))
    assert "In the way: kill switch NO_ENTRIES; SOL quarantined (3 highs below another price)." in told.headline
    verdicts = {line.pair: line.verdict for line in told.pairs}
    assert verdicts["sol_usdt"] == "quarantined"
    (evidence,) = [one for one in told.inputs if one.kind == "evidence"]
    assert (evidence.pair, evidence.raw.startswith("quarantine/date=2024-01-02/")) == ("sol_usdt", True)
    assert verdicts["eth_usdt"] == "enough to buy"
    assert "could not be bought" in told.headline


def test_candles_that_the_venue_changed_later_are_told_apart_from_those_that_nobody_can_explain(bought):
    """Revised candles are named, and what was seen is rebuilt; a candle that somebody else changed is not explained."""
    desk, order, _ = bought
    (pair,) = (one for one in PAIRS if one.key == "eth_usdt")
    window = desk.candles.window(pair, AT, 336)
    again = window.copy()
    again.loc[[10, 20], "close"] = again.loc[[10, 20], "low"]
    later = AT + timedelta(hours=5)
    market: Any = None
    feed = Feed(market, desk.candles, KEEN, History(desk.archive, desk.revisions))
    take(pair, compare(pair.key, window, again, later), again, feed)
    told = explain(order, desk.sources())
    (line,) = (line for line in told.inputs if line.kind == "candles")
    changed = "2 candles changed by the venue since (01-01 06:10, 01-01 07:00 UTC)"
    assert line.now == f"{changed}; undone, it is what was seen"
    assert told.sound
    again.loc[[30], "close"] = again.loc[[30], "low"]
    desk.candles.put(pair, again)
    broken = explain(order, desk.sources())
    assert not broken.sound
    assert "NOT what was seen, and no revision explains it" in page(broken)


def test_a_reading_that_was_written_over_is_not_passed_off_as_what_was_seen(bought):
    """The context of then was stored again with another value: its line says so, and the explanation is not sound."""
    desk, order, _ = bought
    desk.readings.put_context(AT - 20 * MINUTE, {"fear_greed": 1})
    told = explain(order, desk.sources())
    assert [line.kind for line in told.inputs if not line.sound] == ["context"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("momentum_pct", {"N": "0.5"}),
        ("price", {"N": "999"}),
        ("model", {"S": "oracle"}),
        ("", None),
        ("first_step_at", {"S": "2024-01-02T09:25:00+00:00"}),
    ],
)
def test_a_forecast_that_was_changed_or_removed_in_the_ledger_is_found(bought, field, value):
    """The ledger must give the very signal that was judged: another number in it, or none, is not passed off as it."""
    desk, order, _ = bought
    table = desk.names.table(FORECASTS)
    (item,) = (one for one in desk.dynamo.scan(TableName=table)["Items"] if one["pair"]["S"] == "eth_usdt")
    was = [line.now for line in explain(order, desk.sources()).inputs if line.kind == "forecast"]
    assert was == ["the same is in the ledger, no outcome yet"]
    if field:
        desk.dynamo.put_item(TableName=table, Item={**item, field: value})
    else:
        key = {name: item[name] for name in ("pair", "timestamp")}
        desk.dynamo.transact_write_items(TransactItems=[{"Delete": {"TableName": table, "Key": key}}])
    told = explain(order, desk.sources())
    found = [line.now for line in told.inputs if not line.sound]
    assert found == ["NOT what is in the ledger now" if field else "GONE from the ledger before its time"]
    assert not told.sound
    other = replace(desk.sources(AT + 90 * DAY), strategy=Strategy())
    assert explain(order, other).sound


def test_payloads_are_looked_for_before_they_are_named(bought):
    """A payload that is gone, or holds other bytes, is said beside its key, and the explanation is not sound."""
    desk, order, _ = bought
    candles, news = (next(line.raw for line in explain(order, desk.sources()).inputs if line.kind == kind)
                     for kind in ("candles", "news"))  # fmt: skip
    del desk.archive.files["raw-market-data", candles]
    desk.archive.files["raw-market-data", news] = b"{}"
    told = explain(order, desk.sources())
    first, second = (line.now for line in told.inputs if not line.sound)
    assert first == f"the same is stored now; 1 payload GONE from the archive ({candles})"
    assert f"its payload cannot be read now: archived payload {news}" in second


def test_a_record_that_was_changed_is_not_believed(bought):
    """A byte changed in the record breaks its chain, and whoever asks about the order is told."""
    desk, order, _ = bought
    table = desk.names.table(LINEAGE)
    item = desk.dynamo.get_item(TableName=table, Key={"day": {"S": "2024-01-02"}, "number": {"N": "1"}})["Item"]
    changed = {**item, "body": {"S": item["body"]["S"].replace("BUY", "BUE", 1)}}
    desk.dynamo.put_item(TableName=table, Item=changed)
    told = explain(order, desk.sources())
    assert not told.sound
    assert "THE CHAIN OF THIS DAY IS BROKEN, record 1 of 2024-01-02: its bytes were changed" in told.record


@settings(max_examples=60)
@given(st.text(max_size=20) | st.sampled_from(["TRD-1", "POS-1", "AN-1", "SIG-1", "LN-1", "MON-99999999T999999Z-1"]))
def test_what_there_is_not_is_one_line(name):
    """Any text that names nothing is BadInput, whatever it looks like."""
    with pytest.raises(BadInput):
        explain(name, EMPTY.sources())


EMPTY = Decisions()
