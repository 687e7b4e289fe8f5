"""The record of a decision: the same inputs are the same bytes, and each input that differs shows in it."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from tests.services.decisions import AT, KEEN, Decisions
from trading.lineage.inputs import canonical
from trading.lineage.record import plain, read
from trading.money import yen
from trading.services.judge import context
from trading.services.lineage import SINCE_CHANGED, context_seen, reading_hash
from trading.strategy import Strategy

floats = st.floats(allow_nan=True, allow_infinity=True)
values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | floats
    | st.text()
    | st.decimals()
    | st.datetimes(timezones=st.just(UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner) | st.frozensets(st.text()),
)


def record_of(desk, number=1):
    """A record of the first day, as JSON."""
    return read(desk.lineage.link(f"LN-20240102-{number:04d}").body)


@given(values)
def test_any_value_is_json_and_is_the_same_json_again(value):
    """What is plain is canonical JSON; reading it back and writing it again gives the same bytes."""
    text = canonical(plain(value))
    assert canonical(json.loads(text)) == text


def test_a_record_names_every_input_by_id_and_hash():
    """Candles, forecast, news, context, strategy, code, run, books and premium are all in one record."""
    desk = Decisions()
    decision = desk.analyse()
    said = record_of(desk)
    one = said["pairs"]["eth_usdt"]
    assert said["decision_id"] == decision
    assert (said["desk"], said["flow_run_id"], said["code"]) == (
        "embedded",
        "run-1",
        {"version": "0.1.0", "commit": "abc1234"},
    )
    assert one["candles"]["count"] == 336
    assert one["candles"]["since"].startswith("2024-01-01T05:20")
    assert one["forecast"]["forecast_id"] == f"FC-eth_usdt-{int(AT.timestamp())}"
    assert one["reading"]["articles"] == ["post-1"]
    hashes = [one["candles"]["sha256"], one["forecast"]["sha256"], one["reading"]["sha256"]]
    hashes += [said["context"]["reading"]["sha256"], said["strategy"]["sha256"]]
    assert len({*hashes}) == 5
    assert {len(text) for text in hashes} == {64}
    assert said["books"]["kill_switch"] == "OFF"
    assert said["books"]["balances"]["jpy_free"] == "100000 JPY"
    assert one["basis"]["premium_pct"] is not None
    assert said["decision"]["action"] == "BUY"
    assert len(canonical(said)) < 40_000  # a tenth of what an item may hold


def test_another_strategy_is_another_hash_even_under_its_old_version():
    """A parameter that was changed without a new version shows in the record."""
    hashes = set()
    for strategy in (KEEN, KEEN.model_copy(update={"intent_ttl_s": 241}), Strategy()):
        desk = Decisions(strategy)
        desk.analyse()
        hashes.add(record_of(desk)["strategy"]["sha256"])
    assert len(hashes) == 3


def test_a_reading_is_named_by_its_hash_only_while_it_is_what_was_judged():
    """A reading stored again with another value between the judge and the record has no hash in it, and says why."""
    desk = Decisions()
    mood = context(AT, desk.readings, KEEN)
    row = desk.readings.context(AT)
    seen = context_seen(mood, AT, desk.readings, KEEN)
    assert (seen.sha256, seen.note) == (reading_hash(row), "")
    assert seen.timestamp == row["timestamp"]
    assert reading_hash({**row, "ttl": 1}) == seen.sha256
    desk.readings.put_context(AT - timedelta(minutes=20), {"fear_greed": 10})
    changed = context_seen(mood, AT, desk.readings, KEEN)
    assert (changed.sha256, changed.note) == ("", SINCE_CHANGED)
    assert context_seen(replace(mood, age_s=None), AT, desk.readings, KEEN) is None


def test_money_and_times_are_text_and_nothing_else_is():
    """Yen keep their digits, times their zone, floats their bits."""
    found = plain(
        {"yen": yen("15000.10"), "at": datetime(2024, 1, 3, tzinfo=UTC), "score": 0.1, "share": Decimal("0.10")}
    )
    assert found == {"yen": "15000.10 JPY", "at": "2024-01-03T00:00:00+00:00", "score": 0.1, "share": "0.10"}


def test_what_is_no_record_is_read_as_an_empty_one():
    """A body that somebody broke gives nothing to explain by; the chain says that it was changed."""
    assert read("{") == read("[1]") == {}
