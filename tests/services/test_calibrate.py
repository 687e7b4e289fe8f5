"""Calibrate: what was forecast is kept, what came of it is written when it is known, and the weight follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.days import PAIRS
from tests.services.past import BTC, Seer, candles_of, ledger
from tests.unit import made_forecasts
from trading.candles import INTERVAL
from trading.errors import BadInput, InsufficientData, Transient, Unknown
from trading.services import calibrate, judge
from trading.services.looks import Outcomes
from trading.services.replay import PastCandles, moments, replayed
from trading.signals.forecast import MOMENTUM, momentum_signal
from trading.strategy import Strategy

STRATEGY = Strategy()
CANDLES = candles_of()
TIMES = list(CANDLES["open_time"].dt.to_pydatetime())
AT = TIMES[400] + timedelta(minutes=2)
"""Two minutes into a candle: the newest that is known opened at TIMES[399]."""


def without(*steps, of=CANDLES):
    """A store that lacks some candles of the hour after AT, counted from 1."""
    return PastCandles(of.drop(index=[399 + step for step in steps]).reset_index(drop=True))


STORE = without()


def seer(knows=0.5, noise=0.1):
    return Seer({BTC.key: CANDLES}, knows, noise)


def keep(log, at, store, forecaster):
    """What the forecast task of an analysis does."""
    return judge.kept_forecast(BTC, at, store, forecaster, log, STRATEGY)


@pytest.fixture
def log():
    """A ledger that holds one forecast, made at AT."""
    log = ledger()
    keep(log, AT, STORE, seer())
    return log


def settled(log):
    return log.settled(BTC.key, TIMES[0], TIMES[-1])


def pending(log):
    return log.pending(BTC.key, TIMES[0], TIMES[-1])


def test_a_forecast_is_kept_with_what_it_is_compared_with(log):
    """The close it knew, the candle it begins at, what momentum said, and how much the price moved before."""
    (one,) = pending(log)
    window = STORE.window(BTC, AT, STRATEGY.candles_window)
    assert one.price == CANDLES["close"][399]
    assert one.first_step_at == TIMES[400]
    assert one.ends_at == TIMES[412]
    assert one.momentum_pct == momentum_signal(window, STRATEGY, "").change_pct
    assert 0.1 < one.volatility_pct < 0.3
    assert one.decision_id.startswith("AN-")


def test_an_outcome_is_written_once_all_steps_have_closed(log):
    """Not a second before the last candle has closed; then the typical price of each step, once."""
    end = TIMES[412]
    assert calibrate.settle(BTC, end - timedelta(seconds=1), STORE, log) == 0
    assert calibrate.settle(BTC, end, STORE, log) == 1
    assert calibrate.settle(BTC, end + INTERVAL, STORE, log) == 0
    hour = CANDLES.iloc[400:412]
    assert settled(log)[0].outcome == tuple((hour["high"] + hour["low"] + hour["close"]) / 3)


@settings(max_examples=40)
@given(st.sets(st.integers(1, 12)))
def test_missing_candles_are_waited_for_and_then_left_out(missing):
    """For an hour nothing is written; then the steps that are there, each in its place, if they are at least half."""
    log, store = ledger(), without(*missing)
    keep(log, AT, STORE, seer())
    end = TIMES[412]
    assert calibrate.settle(BTC, end + timedelta(minutes=59), store, log) == (not missing)
    assert calibrate.settle(BTC, end + timedelta(hours=1), store, log) == bool(missing)
    assert pending(log) == []
    if len(missing) > 6:
        assert settled(log) == []
    else:
        assert {step for step, price in enumerate(settled(log)[0].outcome, 1) if price is None} == missing


def test_a_candle_that_comes_late_still_counts(log):
    """A step that was missing at first and collected within the hour is part of the outcome."""
    end = TIMES[412]
    assert calibrate.settle(BTC, end, without(12), log) == 0
    assert calibrate.settle(BTC, end + timedelta(minutes=30), STORE, log) == 1
    assert None not in settled(log)[0].outcome


GAPS = st.lists(st.sampled_from((10, 25, 60, 90, 1800, 4000)), min_size=2, max_size=10)
"""Minutes between analyses: soon, hourly, and after more than a day in which nobody ran the desk."""


@settings(max_examples=60, deadline=None)
@given(GAPS, st.sets(st.integers(0, 400)))
def test_nothing_that_is_over_stays_open(gaps, missing):
    """However long a desk stood still and whatever candles it lacks: each forecast is settled by the next analysis."""
    start, (made,) = TIMES[0], made_forecasts.forecasts(1, 0.5, pairs=(BTC.key,))
    times = list(accumulate((timedelta(minutes=gap) for gap in gaps), initial=start))
    opened = pd.date_range(start, times[-1] + timedelta(hours=3), freq="5min")
    steps = [number for number in range(len(opened)) if number not in missing]
    store = PastCandles(pd.DataFrame({"open_time": opened[steps], "high": 3.0, "low": 1.0, "close": 2.0}))
    log, forecast = ledger(), replace(made, outcome=None)
    for at in times:
        calibrate.settle(BTC, at, store, log)
        still = log.pending(BTC.key, start, at)
        assert all(one.ends_at + calibrate.LATE > at for one in still)
        log.put(replace(forecast, at=at, first_step_at=at))
    calibrate.settle(BTC, times[-1] + timedelta(hours=2), store, log)
    assert log.pending(BTC.key, start, times[-1]) == []


def test_settling_looks_no_further_back_than_it_must():
    """Beside the newest settled forecast of a pair, only the last day before it; of a new desk, as far as candles."""
    asked = []

    class Asked:
        def __init__(self, ago):
            self.settled = None if ago is None else AT - ago

        def newest(self, pair):
            assert pair == BTC.key
            return AT, self.settled

        def pending(self, _pair, since, until):
            asked.append((AT - since, AT - until))
            return []

    for ago in (None, timedelta(hours=2), timedelta(days=3), timedelta(days=60)):
        calibrate.settle(BTC, AT, STORE, Asked(ago))
    days = [since / timedelta(days=1) for since, until in asked if not until]
    assert days == pytest.approx([14, 1 + 3 / 24, 4 + 1 / 24, 14])


def test_a_forecast_begins_after_the_last_candle_it_knew():
    """When candles are late, the steps are those after the newest known one, not those after the decision."""
    log, late = ledger(), PastCandles(CANDLES.iloc[:399])
    keep(log, AT, late, seer(knows=1, noise=0))
    (one,) = pending(log)
    assert one.first_step_at == TIMES[399]
    calibrate.settle(BTC, TIMES[412], STORE, log)
    assert settled(log)[0].outcome == pytest.approx(one.q50)


def test_momentum_is_kept_as_a_flat_path():
    """The fallback has no quantiles: its expected change, at every step, is what it is judged by."""
    log = ledger()
    keep(log, AT, STORE, Blind())
    (one,) = pending(log)
    assert one.q50 == (one.price * (1 + one.momentum_pct / 100),) * STRATEGY.forecast_steps
    assert (one.q10, one.q90, one.model, one.fallback_reason) == ((), (), MOMENTUM, BTC.key)


class Unread:
    """A ledger that nobody may ask."""

    def recent(self, *_):
        raise AssertionError("the ledger was read")


def test_a_fixed_weight_reads_nothing():
    """The past costs nothing where it does not count."""
    fixed = Strategy(forecast_weight_mode="fixed")
    assert [one.weight for one in calibrate.earned(PAIRS, AT, ["ours"], Unread(), fixed)] == [fixed.weight_forecast]
    assert calibrate.earned(PAIRS, AT, [], Unread(), STRATEGY) == []


def test_of_several_models_that_spoke_the_least_weight_counts(log):
    """A pair that fell back brings its own past into the analysis; and what is over is settled on the way."""
    strategy = Strategy(forecast_skill_min=1, forecast_skill_min_blocks=2)
    keep(log, AT + timedelta(hours=6), STORE, seer(knows=1, noise=0))
    keep(log, AT + timedelta(hours=7), STORE, Blind())
    at = AT + timedelta(hours=9)

    def weigh(*models):
        return calibrate.weigh([BTC], at, models, STORE, log, strategy)

    assert weigh("seer").weight == strategy.weight_forecast
    assert weigh("seer", MOMENTUM).model == MOMENTUM
    assert weigh("seer", MOMENTUM).weight == weigh().weight == 0
    assert len(settled(log)) == 3


class Lossy:
    """A ledger whose replies are lost."""

    def newest(self, *_):
        return None, None

    def pending(self, *_):
        raise Unknown("no reply")


def test_settling_that_lost_its_reply_is_done_again():
    """It may have been written, and writing it again changes nothing: the step is retried, not given up."""
    with pytest.raises(Transient, match="no reply"):
        calibrate.weigh([BTC], AT, ["seer"], STORE, Lossy(), STRATEGY)


def test_a_past_that_cannot_be_read_earns_nothing():
    """The analysis goes on without the forecast's weight, and says why."""
    found = calibrate.weight_of(Outcomes({}, {calibrate.WEIGHT: "tables are away"}), STRATEGY)
    assert (found.weight, found.configured) == (0, STRATEGY.weight_forecast)
    assert found.why == "0 of 0.25: the past of the forecasts is not known: tables are away"
    assert calibrate.weight_of(Outcomes({calibrate.WEIGHT: found}, {}), STRATEGY) is found


# ------------------------------------------------------------------------------------------------------------ replay


def test_a_replay_is_what_the_ledger_would_hold():
    """The same forecaster over the same candles: forecast by forecast what record and settle have kept."""
    times = moments(AT, AT + timedelta(hours=10), timedelta(minutes=30))
    log = ledger()
    live = seer()
    for at in times:
        keep(log, at, STORE, live)
        calibrate.settle(BTC, at, STORE, log)
    calibrate.settle(BTC, times[-1] + timedelta(hours=3), STORE, log)
    again = list(replayed(BTC, CANDLES, seer(), times, STRATEGY))
    assert len(again) == 20
    assert [replace(one, decision_id="replay") for one in settled(log)] == again


def test_a_forecast_of_the_past_does_not_see_what_came():
    """Other candles after a time change no forecast made by then, only its outcome."""
    times = moments(TIMES[360], TIMES[400], timedelta(minutes=30))
    other = pd.concat([CANDLES[:400], candles_of(seed=8)[400:]], ignore_index=True)

    def made(candles):
        found = list(replayed(BTC, candles, Blind(), times, STRATEGY))
        return [replace(one, outcome=None) for one in found], [one.outcome for one in found]

    assert made(CANDLES)[0] == made(other)[0]
    assert made(CANDLES)[1] != made(other)[1]


class Blind:
    """A forecaster that sees only what it is shown."""

    def forecast(self, pair, candles, strategy):
        return momentum_signal(candles, strategy, pair.key)


@given(st.integers(0, 600 * 300 + 900), st.integers(1, 700))
def test_the_past_shows_what_had_closed_and_no_more(seconds, count):
    """At any second: the newest candles that had closed by then, as many as asked for or as there are."""
    at = TIMES[0] + timedelta(seconds=seconds)
    found = STORE.window(BTC, at, count)
    closed = CANDLES[CANDLES["open_time"] + INTERVAL <= at]
    pd.testing.assert_frame_equal(found, closed.tail(count).reset_index(drop=True))


def test_times_without_enough_candles_have_no_forecast():
    """At the beginning of the candles, and over a hole in them, nothing is forecast and nothing is made up."""
    holed = CANDLES.drop(index=range(300, 340)).reset_index(drop=True)
    times = [TIMES[5], TIMES[299], TIMES[320], TIMES[341]]
    found = list(replayed(BTC, holed, Blind(), times, STRATEGY))
    assert [one is None for one in found] == [True, False, True, False]
    with pytest.raises(InsufficientData):
        judge.forecast(BTC, TIMES[320], PastCandles(holed), Blind(), STRATEGY)


def test_the_times_of_a_replay():
    """From the start, every so often, before the end; nonsense is refused."""
    assert moments(AT, AT + timedelta(hours=1), timedelta(minutes=25)) == [
        AT + timedelta(minutes=minutes) for minutes in (0, 25, 50)
    ]
    assert len(moments(AT, AT + timedelta(hours=1), timedelta(minutes=30))) == 2
    for end, every in ((AT, 30), (AT + timedelta(hours=1), 4)):
        with pytest.raises(BadInput, match="is no replay"):
            moments(AT, end, timedelta(minutes=every))
    with pytest.raises(BadInput, match="a replay only reads"):
        STORE.put(BTC, CANDLES)
    assert STORE.newest(BTC) == TIMES[-1]
