"""Callers that come at the same time share one call, and each gets its own answer or its own error."""

from __future__ import annotations

import threading
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.forecast.coalesce import Coalesced
from tests.unit.forecast_models import Model, own, series
from trading.errors import Halt, Rejected, Transient

PATIENT = {"quiet_s": 400.0, "gather_s_max": 400.0, "answer_s_max": 30.0}
"""Only a full batch leaves before those who wait for it give up."""


def asked_at_once(model, groups, steps=12):
    """Every group of series from a thread of its own, all together; what each got."""
    together = threading.Barrier(len(groups))

    def ask(group):
        together.wait(30)
        return model.predict(group, steps)

    with ThreadPoolExecutor(len(groups)) as pool:
        return list(pool.map(ask, groups))


def test_six_pairs_at_once_are_one_call_and_six_answers():
    """Six threads with a pair each make one request of six series; each thread gets the forecast of its own pair."""
    model, groups = Model(), [[series(f"p{n}", 100.0 + n)] for n in range(6)]
    found = asked_at_once(Coalesced(model, most=6, **PATIENT), groups)
    assert [sorted(call) for call in model.calls] == [[f"p{n}" for n in range(6)]]
    assert found == [[own(one, 12)] for (one,) in groups]


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=10), st.integers(1, 8))
def test_nobody_gets_another_ones_answer(sizes, most):
    """However many ask for however many series at once, everyone gets one answer per series, their own, in order."""
    numbers = iter(range(100))
    groups = [[series(f"p{n}", 100.0 + n) for n in (next(numbers) for _ in range(size))] for size in sizes]
    model = Model()
    found = asked_at_once(Coalesced(model, most=most, quiet_s=0.001, gather_s_max=0.01), groups)
    assert found == [[own(one, 12) for one in group] for group in groups]
    assert sorted(pair for call in model.calls for pair in call) == sorted(
        one.pair for group in groups for one in group
    )
    assert all(len(call) <= max(most, *sizes) for call in model.calls)


def test_the_same_pair_asked_twice_is_two_calls():
    """Two runs of one pair at once each get the answer to what they sent; no request names an item twice."""
    model, groups = Model(), [[series("p", 100.0)], [series("p", 200.0)]]
    found = asked_at_once(Coalesced(model, most=2, quiet_s=0.05, gather_s_max=0.5), groups)
    assert found == [[own(one, 12)] for (one,) in groups]
    assert model.calls == [["p"], ["p"]]


def test_an_error_of_one_series_is_its_own_callers():
    """The model fails on one of three series: its caller gets the error, the two others their forecasts."""
    refused = Rejected("no such pair")

    def answers(asked, steps):
        return [refused if one.pair == "p1" else own(one, steps) for one in asked]

    groups = [[series(f"p{n}")] for n in range(3)]
    found = asked_at_once(Coalesced(Model(answers), most=3, **PATIENT), groups)
    assert found == [[own(groups[0][0], 12)], [refused], [own(groups[2][0], 12)]]


def crash(_asked, _steps):
    raise ZeroDivisionError("in the model")


def busy(_asked, _steps):
    raise Transient("busy")


@pytest.mark.parametrize(
    ("answers", "kind", "said"),
    [(crash, Halt, "ZeroDivisionError: in the model"), (busy, Transient, "^busy$"), (lambda *_: [], Halt, "0 answers")],
)
def test_a_call_that_fails_fails_alike_for_all(answers, kind, said):
    """A crash, an error of ours or a wrong number of answers reaches every caller as the same typed error."""
    found = asked_at_once(Coalesced(Model(answers), most=3, **PATIENT), [[series(f"p{n}")] for n in range(3)])
    first = found[0][0]
    assert isinstance(first, kind)
    assert all(one is first for (one,) in found)
    with pytest.raises(kind, match=said):
        raise first


def test_a_cancelled_leader_leaves_nobody_waiting():
    """The thread that makes the call is interrupted: it stops as told, and the others get a Transient at once."""

    def interrupted(_asked, _steps):
        raise KeyboardInterrupt

    model = Coalesced(Model(interrupted), most=3, **PATIENT)
    found = []

    def ask(n):
        try:
            found.append(model.predict([series(f"p{n}")], 12)[0])
        except KeyboardInterrupt:
            found.append(None)

    threads = [threading.Thread(target=ask, args=(n,)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(type(one).__name__ for one in found) == ["NoneType", "Transient", "Transient"]


def test_a_caller_waits_no_longer_than_it_may():
    """A call of others that does not come back is a Transient for those who joined it; the call itself goes on."""
    asked, free = threading.Event(), threading.Event()

    def stuck(series_, steps):
        asked.set()
        free.wait(60)
        return [own(one, steps) for one in series_]

    model = Coalesced(Model(stuck), most=2, quiet_s=400.0, gather_s_max=400.0, answer_s_max=0.01)
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(model.predict, [series(f"p{n}")], 12) for n in range(2)]
        asked.wait(30)
        (first,), _ = wait(both, 30, FIRST_COMPLETED)
        assert isinstance(first.result()[0], Transient)
        free.set()
        assert [type(f.result()[0]).__name__ for f in both if f is not first] == ["Quantiles"]


def test_calls_of_different_length_are_not_mixed():
    """Forecasts of 12 and of 6 steps asked at once are two calls."""
    model = Model()
    found = {}
    coalesced = Coalesced(model, most=2, quiet_s=0.01, gather_s_max=0.05)
    threads = [
        threading.Thread(target=lambda n=n: found.update({n: coalesced.predict([series(f"p{n}")], n)})) for n in (12, 6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert {n: len(one.q50) for n, (one,) in found.items()} == {12: 12, 6: 6}
    assert sorted(model.calls) == [["p12"], ["p6"]]


def test_no_thread_is_left_behind():
    """Coalescing starts no thread: after the callers are gone there are as many as before."""
    before = threading.active_count()
    asked_at_once(Coalesced(Model(), most=6, **PATIENT), [[series(f"p{n}")] for n in range(6)])
    assert threading.active_count() == before
