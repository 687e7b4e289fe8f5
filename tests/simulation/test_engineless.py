"""Flows and tasks without Prefect's engine behave as they do with it, as far as our code can tell."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prefect import flow, task, unmapped

from flows.outcomes import outcomes_of
from tasks.policies import ASK, SEND, WRITE
from tests.simulation.actors import Crash
from tests.simulation.engineless import without_engine
from trading.errors import Halt, Rejected, Transient, Unknown

calls: list[str] = []
waits: list[float] = []


def failing(errors: list[BaseException]) -> str:
    """Raises the next error; succeeds when there is none left."""
    calls.append("called")
    if errors:
        raise errors.pop(0)
    return "done"


ask, write, send = task(**ASK)(failing), task(**WRITE)(failing), task(**SEND)(failing)


@pytest.fixture(autouse=True)
def engineless():
    with without_engine(lambda: None, waits.append):
        yield


@given(st.integers(0, 6))
def test_a_task_is_repeated_as_often_as_its_policy_says(count: int) -> None:
    """ASK tries four times, WRITE five, SEND once, with the policy's pauses; then the error stands."""
    for one, attempts in ((ask, 4), (write, 5), (send, 1)):
        calls.clear()
        waits.clear()
        errors: list[BaseException] = [Transient("busy")] * count
        if count < attempts:
            assert one(errors) == "done"
        else:
            with pytest.raises(Transient):
                one(errors)
        assert len(calls) == min(count + 1, attempts)
        assert waits == list(one.retry_delay_seconds or [])[: len(calls) - 1]


@pytest.mark.parametrize("error", [Unknown("?"), Rejected("no"), Halt("stop"), ValueError("bug"), Crash("gone")])
def test_only_transient_is_repeated(error: BaseException) -> None:
    """Any other error is final at the first attempt, and a crash is no outcome of a task at all."""
    calls.clear()
    with pytest.raises(type(error)):
        write([error])
    assert calls == ["called"]


def test_a_mapped_task_keeps_each_outcome() -> None:
    """One that failed does not stop the others; what is unmapped goes to all."""

    @task
    def halved(number: int, by: int) -> int:
        if number % by:
            raise Rejected("odd")
        return number // by

    found = outcomes_of(["a", "b", "c"], halved.map([2, 3, 4], unmapped(2)))
    assert found.values == {"a": 1, "c": 2}
    assert found.errors == {"b": "Rejected: odd"}


def test_a_flow_is_its_function() -> None:
    """A flow's result and its error are those of its body."""

    @flow
    def twice(number: int) -> int:
        if number < 0:
            raise Halt("below zero")
        return 2 * number

    assert twice(4) == 8
    with pytest.raises(Halt):
        twice(-1)
