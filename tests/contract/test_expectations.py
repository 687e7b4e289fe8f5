"""Both engines of the quality rules find the same: the light one, and Great Expectations."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from adapters.expectations import ExpectationsValidator
from adapters.expectations.engine import engine
from adapters.expectations.translate import BY_TEST
from tests.unit.made_quality import AT, SOL, SPOILS, WINDOW, S
from tests.unit.test_quality_readings import CLEAN, FAULTS
from trading.candles import candle_file, load_candles, window
from trading.quality.frames import check_reading
from trading.quality.light import LightValidator
from trading.quality.rules import Rule, suite, within
from trading.quality.windows import check_window

LIGHT, HEAVY = LightValidator(), ExpectationsValidator()
EVERY_TEST = suite(
    "every-test",
    "row",
    (("t", "time"), ("a", "number"), ("b", "number"), ("c", "number"), ("w", "text")),
    Rule("there", "not_null", ("t", "a", "w"), "without {which}"),
    Rule("above", "above", ("a", "b"), "with {worst}", 0),
    *within("c", -1, 1),
    Rule("highest", "at_least_columns", ("c", "a", "b"), "not highest"),
    Rule("lowest", "at_most_columns", ("a", "b", "c"), "not lowest"),
    Rule("once", "unique", ("t",), "twice"),
    Rule("rising times", "increasing", ("t",), "older"),
    Rule("rising numbers", "increasing", ("b",), "less"),
    Rule("known", "one_of", ("w",), "unknown", among=("x", "y")),
    Rule("rows", "row_count", (), limit=2),
)
"""One rule of every test there is, over few columns: whatever a rule can find."""
TIMES = [datetime(2024, 1, 1, hour, tzinfo=UTC) for hour in range(3)]
AT_LIMITS = st.sampled_from([-1.5, -1.0, 0.0, 0.5, 1.0, 2.0])
WEIRD = st.sampled_from([None, np.nan, np.inf, "x", "z", -1.0, 0, 0.5, 1, 1e300, True, pd.NaT, 10**400, *TIMES])
TIDY = {
    "t": st.sampled_from(TIMES),
    "w": st.sampled_from(["x", "y", "z", None]),
    **dict.fromkeys("abc", AT_LIMITS),
}


@st.composite
def frames(draw):
    """A few rows of the columns of ``EVERY_TEST``, tidy or not, some columns missing, some of a plain type."""
    count = draw(st.integers(0, 5))
    there = [name for name in EVERY_TEST.names if draw(st.integers(0, 7))]
    columns = {}
    for name in there:
        values = draw(st.lists(WEIRD if not draw(st.integers(0, 3)) else TIDY[name], min_size=count, max_size=count))
        columns[name] = pd.Series(values, dtype=object if draw(st.booleans()) else None)
    return pd.DataFrame(columns, index=range(count))


@cache
def real_week(folder):
    candles = load_candles(candle_file(folder / "candles", "AVAXUSDT"))
    return candles[(candles["open_time"] > "2022-12-10") & (candles["open_time"] < "2022-12-17")]


@given(frames())
@example(
    pd.DataFrame({"t": TIMES, "a": [0.0, 0.5, 1.0], "b": [0.0, 0.5, 0.0], "c": [-1.0, 0.5, 1.0], "w": ["x", "y", "z"]})
)
@settings(max_examples=15)
def test_every_test_finds_the_same_rows(frame):
    """For any frame both engines break the same rules, in the same rows, in the same words."""
    assert HEAVY.validate(EVERY_TEST, frame, "x", AT) == LIGHT.validate(EVERY_TEST, frame, "x", AT)


@given(st.lists(st.sampled_from(sorted(SPOILS)), max_size=3), st.integers(2, 40), st.integers(336, 2000))
@settings(max_examples=6)
def test_spoilt_candles_are_the_same_faults(market_data, kinds, row, end):
    """Real candles, spoilt in up to three ways, are at fault in the same rows for both; unspoilt for none."""
    frame = real_week(market_data).iloc[end - 336 : end].reset_index(drop=True)
    at = frame["open_time"].iloc[-1].to_pydatetime() + (AT - WINDOW["open_time"].iloc[-1].to_pydatetime())
    for kind in sorted(kinds, key=lambda one: one == "column lost"):
        frame = SPOILS[kind][1](frame, row)
    heavy = check_window(SOL, frame, at, HEAVY, S)
    assert heavy == check_window(SOL, frame, at, LIGHT, S)
    assert heavy.passed == (not kinds)


@pytest.mark.parametrize("table", CLEAN, ids=lambda table: table.name)
def test_every_suite_is_the_same_in_both(table):
    """Each table's suite, over what is stored and over all its faults at once, finds the same in both engines."""
    rows = [CLEAN[table], *({**CLEAN[table], **changes} for of, changes, _ in FAULTS if of is table)]
    for some in (rows[:1], rows):
        heavy = check_reading(table, "x", some, AT, HEAVY, S)
        assert heavy == check_reading(table, "x", some, AT, LIGHT, S)
        assert heavy.passed == (len(some) == 1)


def test_many_threads_share_one_engine():
    """Pairs checked at once get each its own answer, and the library keeps one result a suite, not one a run."""
    spoilt = {kind: SPOILS[kind][1](WINDOW, 50).tail(60) for kind in ("gap", "zero", "twice", "a word")}
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda kind: HEAVY.validate(EVERY_TEST, spoilt[kind], kind, AT), spoilt))
        windows = list(pool.map(lambda frame: check_window(SOL, frame, AT, HEAVY, S), spoilt.values()))
    assert [one.subject for one in found] == list(spoilt)
    assert windows == [check_window(SOL, frame, AT, LIGHT, S) for frame in spoilt.values()]
    kept = engine()._context.validation_results_store.list_keys()
    assert len(kept) == len({key.to_tuple()[0] for key in kept})


def test_a_rule_that_could_not_be_run_is_broken(monkeypatch):
    """An expectation that fails inside the library is a fault that says so, never a pass."""
    made = dict(BY_TEST)
    monkeypatch.setitem(BY_TEST, "above", lambda rule, said: made["not_null"](Rule("", "not_null", ("nowhere",)), said))
    one = suite("broken-engine", "row", (("a", "number"),), Rule("above", "above", ("a",), "not above", 0))
    found = HEAVY.validate(one, pd.DataFrame({"a": [1.0]}), "x", AT).findings
    assert [(finding.rule, finding.words) for finding in found] == [("above", "could not be checked")]


def test_the_library_is_loaded_by_the_first_frame():
    """Having the validator costs nothing: Great Expectations is loaded only when there is something to check."""
    code = (
        "import sys, adapters.expectations as e; e.ExpectationsValidator(); print('great_expectations' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"


def test_a_window_of_the_real_market_passes_in_both(market_data):
    """AVAX in December 2022, full of candles without range, is fine to both."""
    frame = real_week(market_data)
    at = datetime(2022, 12, 15, 7, 0, 30, tzinfo=UTC)
    assert check_window(SOL, window(frame, at, 336), at, HEAVY, S).passed
