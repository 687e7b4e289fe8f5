"""What is decided by is what is kept, and what was weighed at a time is weighed the same later."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.days import PAIRS
from tests.services.past import BTC, Seer, candles_of, ledger
from trading.calibration.making import forecast_of, signal_of
from trading.candles import INTERVAL
from trading.errors import Halt, InsufficientData, Transient, Unknown
from trading.services import calibrate, judge
from trading.services.replay import PastCandles
from trading.signals.forecast import in_words, momentum_signal
from trading.strategy import Strategy

STRATEGY = Strategy()
CANDLES = candles_of()
TIMES = list(CANDLES["open_time"].dt.to_pydatetime())
AT = TIMES[400]
STORE = PastCandles(CANDLES)
FEW = Strategy(
    forecast_skill_min=1, forecast_skill_min_blocks=2, forecast_skill_block_hours=1, forecast_skill_draws=100
)


def seer(**more):
    return Seer({BTC.key: CANDLES}, 0.5, 0.1, **more)


class Momentum:
    """A model that is not there today: momentum speaks for it."""

    def forecast(self, _pair, candles, strategy):
        return momentum_signal(candles, strategy, "sagemaker: busy")


def keep(log, forecaster, at=AT):
    """What the forecast task of an analysis does."""
    return judge.kept_forecast(BTC, at, STORE, forecaster, log, STRATEGY)


def pending(log):
    return log.pending(BTC.key, TIMES[0], TIMES[-1])


# ------------------------------------------------------------------------------------------------------- what stands


@pytest.mark.parametrize("model", [seer, Momentum])
@pytest.mark.parametrize("other", [lambda: seer(seed=2, name="other"), Momentum])
def test_a_second_analysis_of_a_time_uses_the_forecast_that_stands(model, other):
    """Whoever answers this time: the signal is the first one's, to the last digit, and the ledger holds it."""
    log = ledger()
    first = keep(log, model())
    again = keep(log, other())
    assert again == first
    assert [signal_of(one, STRATEGY) for one in pending(log)] == [first]


@settings(max_examples=50)
@given(st.integers(0, 99), st.integers(300, 590), st.none() | st.text(min_size=1, max_size=20), st.booleans())
def test_a_signal_comes_back_from_what_is_kept_of_it(seed, slot, reason, quantiles):
    """Score, confidence, change, paths, model and reason: of a model with quantiles and of momentum."""
    window = STORE.window(BTC, TIMES[slot], STRATEGY.candles_window)
    signal = momentum_signal(window, STRATEGY, "why")
    if quantiles:
        signal = replace(seer(seed=seed).forecast(BTC, window, STRATEGY), fallback_reason=reason)
    kept = forecast_of(BTC.key, TIMES[slot], "AN-1", signal, window, STRATEGY)
    assert signal_of(kept, STRATEGY) == signal


# ---------------------------------------------------------------------------------------------- a ledger that fails


class Failing:
    """A ledger whose first calls of a kind fail: before anything is written, or after."""

    def __init__(self, log, **errors):
        """errors: what each method raises, one after the other, before it works."""
        self._log, self._errors = log, {name: list(given) for name, given in errors.items()}

    def put(self, forecast):
        found = self._log.put(forecast) if self._next_is(Unknown, "put") else None
        self._raise("put")
        return self._log.put(forecast) if found is None else found

    def get(self, pair, at):
        self._raise("get")
        return self._log.get(pair, at)

    def _next_is(self, kind, name):
        return bool(self._errors.get(name)) and isinstance(self._errors[name][0], kind)

    def _raise(self, name):
        if self._errors.get(name):
            raise self._errors[name].pop(0)


@pytest.mark.parametrize(
    "errors",
    [
        {"put": [Transient("throttled")]},
        {"put": [Unknown("no reply")]},
    ],
)
def test_a_ledger_that_fails_once_is_asked_again(errors):
    """Nothing is noted, and the forecast is kept once, also when the first reply was lost after writing."""
    log = ledger()
    found = keep(Failing(log, **errors), seer())
    assert found == keep(ledger(), seer())
    assert [signal_of(one, STRATEGY) for one in pending(log)] == [found]


@pytest.mark.parametrize("error", [Transient("throttled"), Unknown("no reply"), Halt("no such table")])
def test_a_forecast_that_cannot_be_kept_is_still_judged(error):
    """The same signal with a note that a person reads; nothing else of it changes."""
    found = keep(Failing(ledger(), put=[error] * 2), seer())
    assert found == replace(keep(ledger(), seer()), note=f"not kept: {error}")
    assert in_words(found).endswith(f"; not kept: {error}")


def test_a_forecast_that_stands_but_cannot_be_read_is_noted():
    """Nobody knows what stands, so this one's own signal is used and said not to be kept."""
    log = ledger()
    keep(log, seer(name="first"))
    found = keep(Failing(log, get=[Transient("throttled")] * 2), seer(name="second"))
    assert (found.model, found.note) == ("second", "not kept: throttled")


def test_a_market_without_candles_is_not_excused():
    """What is missing of the market itself is missing, whatever the ledger says."""
    with pytest.raises(InsufficientData):
        judge.kept_forecast(BTC, AT, PastCandles(CANDLES[:0]), seer(), ledger(), STRATEGY)


# ---------------------------------------------------------------------------------------------------- known by then


class Late:
    """A store whose candles arrive so many slots late; ``now`` is a slot number."""

    def __init__(self, late):
        opened = range(len(CANDLES))
        self._known = [slot + 1 + late.get(slot, 0) for slot in opened]
        self.now = 0

    def window(self, pair, at, count):
        here = [slot for slot, known in enumerate(self._known) if known <= self.now]
        return PastCandles(CANDLES.iloc[here].reset_index(drop=True)).window(pair, at, count)


START = 330
ASKED = st.lists(st.tuples(st.integers(20, 200), st.sampled_from([0, 0, 0, 1, 13, 20])), min_size=3, max_size=14)
"""When analyses run, in slots after START, and how many slots before that the time lies that they are about."""
LATE = st.dictionaries(st.integers(START, START + 200), st.integers(1, 40), max_size=6)


@settings(max_examples=40, deadline=None)
@given(ASKED, LATE, st.integers(0, 99))
def test_a_weight_never_changes_by_what_is_settled_later(asked, late, seed):
    """Analyses of now and of the past in any order, candles that come late: each time keeps the weight it had."""
    log, store, pairs = ledger(), Late(late), [BTC, PAIRS[0]]
    model, had = seer(seed=seed), {}
    for slot, back in sorted(asked):
        store.now = START + slot
        at = TIMES[store.now - back]
        judge.kept_forecast(BTC, at, store, model, log, STRATEGY)
        found = calibrate.weigh(pairs, at, ["seer"], store, log, FEW)
        assert had.setdefault(at, found) == found
    store.now = len(CANDLES)
    calibrate.settle_all(pairs, TIMES[-1], store, log)
    assert all(calibrate.weigh(pairs, at, ["seer"], store, log, FEW) == found for at, found in had.items())
    assert all(one.ends_at > TIMES[-1] for one in pending(log))


def test_what_is_settled_now_is_weighed_now():
    """The analysis that finds an hour to be over counts it; the one a second before did not, and never will."""
    log = ledger()
    keep(log, seer())
    end = AT + timedelta(hours=1)
    before = calibrate.weigh([BTC], end - timedelta(seconds=1), ["seer"], STORE, log, FEW)
    now = calibrate.weigh([BTC], end, ["seer"], STORE, log, FEW)
    assert (before.skill, now.skill.forecasts) == (None, 1)
    assert calibrate.weigh([BTC], end - timedelta(seconds=1), ["seer"], STORE, log, FEW) == before


def test_an_analysis_of_the_past_settles_nothing():
    """Once a later one has run, what the past may know is what was settled by then."""
    log = ledger()
    keep(log, seer())
    keep(log, seer(), AT + 30 * INTERVAL)
    assert calibrate.settle_all([BTC], AT + 20 * INTERVAL, STORE, log) == 0
    assert calibrate.settle_all([BTC], AT + 30 * INTERVAL, STORE, log) == 1
