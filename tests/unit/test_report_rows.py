"""Booked signal rows, read leniently: no row stops a report, and no gap becomes a number."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tests.days import START
from trading.report import judgement

junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.decimals(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
keys = st.sampled_from(
    ["score", "close", "weights", "components", "missing", "reasons", "forecast", "chosen", "context"]
)


@given(st.dictionaries(keys, junk), st.integers(0, 4_000_000_000))
def test_any_row_can_be_read(extra: dict[str, Any], seconds: int) -> None:
    """A row of junk never stops a report, and what is not a finite number is None, never zero."""
    read = judgement("sol_usdt", {"timestamp": seconds} | extra)
    assert read is not None
    assert read.at == datetime.fromtimestamp(seconds, UTC)
    if not isinstance(extra.get("score"), int | float | str | Decimal):
        assert read.score is None
    assert read.score is None or abs(read.score) < float("inf")


def test_numbers_come_back_from_the_table_as_decimals() -> None:
    """A row read from DynamoDB has Decimals for numbers: they are read like floats."""
    read = judgement("sol_usdt", {"timestamp": Decimal(1709596800), "score": Decimal("0.3"), "close": "131.5"})
    assert read is not None
    assert (read.at, read.score, read.close_usdt) == (START, 0.3, 131.5)
    assert judgement("sol_usdt", {"score": 0.3}) is None


def test_truth_values_and_infinities_are_no_scores() -> None:
    """True is not 1, and not-a-number is not a score."""
    for value in (True, float("nan"), float("inf"), "soon", [0.3], {}):
        read = judgement("sol_usdt", {"timestamp": 0, "score": value})
        assert read is not None
        assert read.score is None


def test_a_judge_of_unknown_weight_pulls_nothing() -> None:
    """A component without a weight, or a weight without a component, is kept and moves no total."""
    read = judgement("sol_usdt", {"timestamp": 0, "components": {"news": 0.5}, "weights": {"chart": 0.4}})
    assert read is not None
    assert {part.name: (part.value, part.weight, part.pull) for part in read.parts} == {
        "chart": (None, 0.4, 0.0),
        "news": (0.5, None, 0.0),
    }
