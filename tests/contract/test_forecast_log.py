"""The Forecasts port on every backend: written once, settled once, read to the end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adapters.dynamodb import open_tables
from adapters.provision import provision
from tests.contract import backends
from tests.contract.books import NOW
from tests.services.past import ledger
from tests.unit import made_forecasts
from trading.calibration.past import first_of_hours, past_losses
from trading.calibration.records import NO_OUTCOME
from trading.errors import BadInput, Halt
from trading.ports.forecasts import Forecasts
from trading.tables import FORECASTS

pytestmark = pytest.mark.parametrize("aws", backends.ALL, indirect=True)
PAIRS = ("btc_usdt", "eth_usdt", "xrp_usdt")
START = datetime(2100, 3, 5, tzinfo=UTC)  # DynamoDB Local forgets at once what has outlived its time
LATER = START + timedelta(days=30)
MODEL = "made"
SECONDS = count()
forecasts = partial(made_forecasts.forecasts, start=START)


@pytest.fixture
def log(aws, names) -> Forecasts:
    """An empty ledger of forecasts."""
    provision(names, aws, tables=(FORECASTS,), queues=(), buckets=())
    return open_tables(names, aws, lambda: NOW).forecasts


def open_ones(number, **more):
    """Forecasts of this desk, none with an outcome yet."""
    return [replace(one, outcome=None) for one in forecasts(number, 0.5, **more)]


def by_time(loss):
    """The order of ``past_losses``."""
    return loss.at, loss.pair


def kept(log, made):
    """Put and settle forecasts that have an outcome."""
    for one in made:
        assert log.put(replace(one, outcome=None))
        assert log.settle(one, one.outcome, one.ends_at)


def test_a_forecast_comes_back_bit_by_bit(log):
    """Every path, number, time and word, before and after its outcome, whole numbers and missing candles included."""
    first, second = forecasts(2, 0.5, pairs=("btc_usdt",))
    plain = replace(first, price=100.0, q10=(), q90=(), fallback_reason="throttled", outcome=(1.0, None) * 6)
    for one in (plain, second):
        log.put(replace(one, outcome=None))
    assert log.pending("btc_usdt", START, LATER) == [replace(one, outcome=None) for one in (plain, second)]
    for one in (plain, second):
        log.settle(one, one.outcome, LATER)
    found = log.settled("btc_usdt", START, LATER)
    assert found == [plain, second]
    assert {type(number) for one in found for number in (one.price, *one.q50, one.outcome[0])} == {float}


def test_the_same_forecast_again_changes_nothing(log):
    """A run that is repeated finds its forecast there, also when the model says something else this time."""
    (one,) = open_ones(1)
    assert log.put(one)
    assert not log.put(one)
    assert not log.put(replace(one, model="other", price=1.0))
    log.settle(one, (1.0,) * 12, LATER)
    assert not log.put(one)
    assert [found.outcome for found in log.settled(one.pair, START, LATER)] == [(1.0,) * 12]


def test_an_outcome_is_written_once(log):
    """The second one changes nothing, be it the same or another; a forecast that was never put has none."""
    one, other = open_ones(2, pairs=("btc_usdt",))
    log.put(one)
    assert log.settle(one, (1.0,) * 12, LATER)
    assert not log.settle(one, (1.0,) * 12, LATER)
    assert not log.settle(one, (2.0,) * 12, LATER)
    assert not log.settle(other, (1.0,) * 12, LATER)
    assert [found.outcome for found in log.settled(one.pair, START, LATER)] == [(1.0,) * 12]


def test_without_outcome_is_pending_until_it_is_known_that_none_comes(log):
    """A forecast whose candles never came is neither pending nor settled."""
    one, two, three = open_ones(3, pairs=("btc_usdt",))
    for each in (one, two, three):
        log.put(each)
    log.settle(two, NO_OUTCOME, LATER)
    assert log.pending("btc_usdt", START, LATER) == [one, three]
    assert log.pending("btc_usdt", one.at, one.at) == [one]
    assert log.pending("btc_usdt", one.at + timedelta(seconds=1), three.at) == [three]
    assert log.pending("eth_usdt", START, LATER) == log.settled("btc_usdt", START, LATER) == []


def test_recent_are_the_newest_over_all_pairs(log):
    """Newest first, of one model, to the last digit; so many in all, not so many a pair."""
    made = forecasts(30, 0.5, pairs=PAIRS)
    made[::7] = [replace(one, model="an other/one") for one in made[::7]]
    kept(log, made[:-3])
    for one in made[-3:]:
        log.put(replace(one, outcome=None))
    done = [one for one in made[:-3] if one.model == MODEL]
    found = log.recent(PAIRS, MODEL, LATER, 10)
    assert [one.at for one in found] == sorted((one.at for one in done), reverse=True)[:10]
    assert len({one.pair for one in found}) == 3
    assert all(one in past_losses(done) for one in found)
    assert len(log.recent(PAIRS, MODEL, LATER, 100)) == len(done)
    others = log.recent(PAIRS, "an other/one", LATER, 100)
    assert others[::-1] == past_losses([one for one in made[:-3] if one.model != MODEL])
    assert log.recent(("doge_usdt",), MODEL, LATER, 5) == log.recent((), MODEL, LATER, 5) == []


def test_of_an_hour_one_forecast_of_a_pair_and_model_counts(log):
    """The first, however many were made in it; each keeps its paths and its outcome."""
    made = [
        one
        for model in (MODEL, "other")
        for one in forecasts(24, 0.5, pairs=PAIRS, every=timedelta(minutes=15), model=model, seed=len(model))
    ]
    made[24:] = [replace(one, at=one.at + timedelta(minutes=5)) for one in made[24:]]
    kept(log, sorted(made, key=lambda one: one.at))
    for model in (MODEL, "other"):
        found = log.recent(PAIRS, model, LATER, 100)
        assert len(found) == 2 * 3
        assert sorted(found, key=by_time) == first_of_hours(past_losses([one for one in made if one.model == model]))
    assert sum(len(log.settled(pair, START, LATER)) for pair in PAIRS) == len(made)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, 300), min_size=12, max_size=12), st.integers(0, 1500))
def test_what_was_known_at_a_time_stays_what_was_known(aws, late, minutes):
    """Whatever is settled after a time changes no answer for it; what was settled by then is all there."""
    if aws.endpoint != "memory":
        pytest.skip("the rule is in our code: one backend tries it")
    log, at = ledger(), START + timedelta(minutes=minutes)
    made = forecasts(12, 0.5, pairs=PAIRS[:1])
    settled_at = [one.ends_at + timedelta(minutes=wait) for one, wait in zip(made, late, strict=True)]
    answers = {}
    for when, one in sorted(zip(settled_at, made, strict=True), key=lambda both: both[0]):
        if when > at:
            answers[when] = log.recent(PAIRS, MODEL, at, 100)
        log.put(replace(one, outcome=None))
        log.settle(one, one.outcome, when)
    known = [one for one, when in zip(made, settled_at, strict=True) if when <= at]
    assert log.recent(PAIRS, MODEL, at, 100)[::-1] == past_losses(known)
    assert all(answer[::-1] == past_losses(known) for answer in answers.values())
    assert log.recent(PAIRS, MODEL, at, 2)[::-1] == past_losses(known)[-2:]


def test_a_forecast_is_found_by_its_time(log):
    """With its outcome when it has one; at any other second there is none."""
    one, other = open_ones(2, pairs=("btc_usdt",))
    log.put(one)
    assert log.get(one.pair, one.at) == one
    assert log.get(one.pair, one.at + timedelta(seconds=1)) is log.get(one.pair, other.at) is None
    assert log.get("eth_usdt", one.at) is None
    log.settle(one, (1.0,) * 12, LATER)
    assert log.get(one.pair, one.at) == replace(one, outcome=(1.0,) * 12)


def test_the_newest_and_the_newest_settled_one(log):
    """However many are open after it; an outcome that will never be is settled as well."""
    made = open_ones(60, pairs=("btc_usdt",), every=timedelta(minutes=5))
    assert log.newest("btc_usdt") == (None, None)
    for one in made:
        log.put(one)
    assert log.newest("btc_usdt") == (made[-1].at, None)
    log.settle(made[0], NO_OUTCOME, LATER)
    assert log.newest("btc_usdt") == (made[-1].at, made[0].at)
    log.settle(made[40], (1.0,) * 12, LATER)
    assert log.newest("btc_usdt") == (made[-1].at, made[40].at)
    assert log.newest("eth_usdt") == (None, None)


def test_recent_reads_to_the_end_whoever_spoke(log):
    """One pair that has nearly all forecasts gives nearly all losses; its fair share is no limit."""
    made = [*forecasts(45, 0.5, pairs=PAIRS[:1]), *forecasts(2, 0.5, pairs=PAIRS[1:2])]
    kept(log, made)
    found = log.recent(PAIRS, MODEL, LATER, 46)
    assert len(set(found)) == 46
    assert {one.pair for one in found} == {*PAIRS[:2]}
    assert len(log.recent(PAIRS, MODEL, LATER, 100)) == 47


def test_no_outcome_has_no_losses(log):
    """Of a forecast without any known price nothing counts, and another desk's second outcome adds none."""
    one, two = open_ones(2, pairs=("btc_usdt",))
    for each, outcome in ((one, NO_OUTCOME), (two, (None,) * 12)):
        log.put(each)
        log.settle(each, outcome, LATER)
        log.settle(each, (1.0,) * 12, LATER)
    assert log.recent(PAIRS, MODEL, LATER, 5) == []
    assert log.pending("btc_usdt", START, LATER) == []


def test_no_page_is_read_that_is_not_needed(log, aws):
    """The newest few of a long ledger cost a page or two a pair, not the table."""
    if aws.endpoint != "memory":
        pytest.skip("pages of three items are those of the memory")
    kept(log, forecasts(60, 0.5, pairs=PAIRS[:1]))
    asked = []
    aws.dynamodb.on_call, before = lambda at, _: asked.append(at), aws.dynamodb.on_call
    try:
        assert len(log.recent(PAIRS[:1], MODEL, LATER, 4)) == 4
    finally:
        aws.dynamodb.on_call = before
    assert asked.count("before query") == 2


def test_a_forecast_forgets_itself_after_90_days(log, aws, names):
    """Its time to live, and that of its losses, counts from the decision; and the numbers are numbers of the table."""
    (one,) = open_ones(1)
    log.put(one)
    (item,) = aws.dynamodb.scan(TableName=names.table(FORECASTS))["Items"]
    assert int(item["ttl"]["N"]) - int(item["timestamp"]["N"]) == 90 * 86_400
    assert {kind for value in item["q50"]["L"] for kind in value} == {"N"}
    assert "outcome" not in item
    assert "fallback_reason" not in item
    log.settle(one, (1.0,) * 12, LATER)
    items = aws.dynamodb.scan(TableName=names.table(FORECASTS))["Items"]
    assert [found["ttl"] for found in items] == [item["ttl"]] * 2


def test_what_is_no_number_is_not_kept(log):
    """I18: NaN is not stored as a price or an outcome; the message names the forecast."""
    (one,) = open_ones(1)
    with pytest.raises(BadInput, match=r"forecast of btc_usdt at .*\.price is nan"):
        log.put(replace(one, price=float("nan")))
    log.put(one)
    with pytest.raises(BadInput, match=r"forecast of btc_usdt at .* is inf"):
        log.settle(one, (float("inf"),) * 12, LATER)


def test_an_item_that_somebody_broke_halts(log, aws, names):
    """What cannot be read is not taken for a forecast that never was."""
    (one,) = open_ones(1)
    log.put(one)
    key = {"pair": {"S": one.pair}, "timestamp": {"N": str(int(one.at.timestamp()))}}
    (item,) = aws.dynamodb.scan(TableName=names.table(FORECASTS))["Items"]
    aws.dynamodb.put_item(TableName=names.table(FORECASTS), Item={**item, **key, "q50": {"L": []}})
    with pytest.raises(Halt, match=r"forecast .*btc_usdt.* is not readable .*: remove its item"):
        log.pending(one.pair, START, LATER)
    losses = {"pair": {"S": f"losses {one.pair} {MODEL}"}, "timestamp": key["timestamp"]}
    aws.dynamodb.put_item(TableName=names.table(FORECASTS), Item=losses)
    with pytest.raises(Halt, match=r"losses btc_usdt.* is not readable .*: remove its item"):
        log.recent([one.pair], MODEL, LATER, 5)


def test_of_many_who_settle_one_is_the_first(log, aws):
    """Two runs at once write one outcome."""
    if aws.endpoint == "memory":
        pytest.skip("races need requests that travel")
    (one,) = open_ones(1)
    log.put(one)
    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(lambda number: log.settle(one, (float(number + 1),) * 12, LATER), range(8)))
    assert sum(told) == 1
    (found,) = log.settled(one.pair, START, LATER)
    assert found.outcome == (float(told.index(True) + 1),) * 12


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(values=st.lists(st.floats(1e-9, 1e9), min_size=4, max_size=4))
def test_any_price_survives(log, values):
    """A float of any digits is the same 64 bits afterwards."""
    (made,) = forecasts(1, 0.5)
    at = made.at + timedelta(seconds=next(SECONDS))
    one = replace(made, at=at, price=values[0], q10=(), q90=(), q50=tuple(values), outcome=tuple(values[::-1]))
    log.put(replace(one, outcome=None))
    log.settle(one, one.outcome, LATER)
    assert log.settled(one.pair, at, at) == [one]
