"""Whatever a provider answers, we get an error that says who acts, or a value that may be acted on."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from tests.contract.mutations import Answer, answers
from tests.contract.providers import QUESTIONS
from trading.errors import Halt, Rejected, TradingError, Transient, Unknown

CASES_MIN = 5_000
ODD_HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


@pytest.mark.parametrize("name", QUESTIONS)
def test_an_answer_is_a_value_or_a_typed_error(name: str) -> None:
    """Fields that are gone, renamed, of another type, impossible, cut off; HTML, nothing, any JSON at any status.

    Errors are one line each. The answer to an order that was sent is never taken for a refusal unless it says so.
    """
    question = QUESTIONS[name]
    asked = 0

    @settings(
        max_examples=question.cases, derandomize=True, deadline=None, database=None, suppress_health_check=ODD_HEALTH
    )
    @given(answer=answers(question.seeds))
    def every(answer: Answer) -> None:
        nonlocal asked
        asked += 1
        found = came_of(question.ask, answer)
        if isinstance(found, TradingError):
            assert len(str(found).splitlines()) == 1
            assert str(found).encode(), "what cannot be encoded can be neither logged nor stored"
        else:
            assert question.valid(found), found
        assert not question.sends or not isinstance(found, Rejected | Transient | Halt) or says_no(answer)

    every()
    assert asked >= question.cases


def test_every_provider_is_asked_often_enough() -> None:
    """All providers together get five thousand answers at least."""
    assert sum(question.cases for question in QUESTIONS.values()) >= CASES_MIN


FOUND = {
    "binance candles": '[[1e308,"1","2","0.5","1.5","1",0,"1",1,"1","1","0"]]',
    "binance newest candles": '[[1000000000000000000000000000000,"1","2","0.5","1.5","1",0,"1",1,"1","1","0"]]',
    "binance time": '{"serverTime":1000000000000000000000000000000}',
    "coincheck ticker": '{"last":2,"bid":1,"ask":2,"timestamp":"0001-01-01T00:00:00+14:00"}',
    "coincheck placing": r'{"success":true,"id":12345,"pair":"\ud800"}',
}


@pytest.mark.parametrize("name", FOUND)
def test_what_was_found_stays_mended(name: str) -> None:
    """Times beyond the calendar, and half a character that nothing can store: typed errors, an order's is Unknown."""
    found = came_of(QUESTIONS[name].ask, Answer(200, FOUND[name].encode()))
    assert isinstance(found, Unknown if QUESTIONS[name].sends else Transient)
    assert str(found).encode()


def says_no(answer: Answer) -> bool:
    """Whether an answer can only mean that nothing was done."""
    try:
        body = json.loads(answer.body)
    except (ValueError, RecursionError):
        body = None
    return answer.status in {401, 403, 429} or (isinstance(body, dict) and body.get("success") is False)


def came_of(ask: Any, answer: Answer) -> Any:
    """The value, or the typed error; anything else that is raised is a bug of ours."""
    try:
        return ask(answer)
    except TradingError as error:
        return error
