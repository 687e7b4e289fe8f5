"""Windows: what breaks which rule, what the real market may do, and what a halt means while it lasts and after."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.unit.made_quality import AT, SOL, SPOILS, WINDOW, S, without
from trading.candles import INTERVAL, candle_file, load_candles, window
from trading.quality.findings import Finding
from trading.quality.light import LightValidator
from trading.quality.suites import candle_suite
from trading.quality.windows import check_window
from trading.tables import PRICES

LIGHT = LightValidator()
HALT = (datetime(2023, 3, 24, 11, 30, tzinfo=UTC), datetime(2023, 3, 24, 14, 0, tzinfo=UTC))
CRASHES = {
    "candles": ("2022-10-29 15:30", "2023-01-02 07:10", "2023-06-10 04:20", "2023-08-17 21:40"),
    "candles-2024": ("2024-01-03 12:05", "2024-04-13 20:05", "2024-06-07 18:05"),
}


def rules(frame, at=AT, absent=()):
    return [found.rule for found in check_window(SOL, frame, at, LIGHT, S, absent).findings]


def the(rule, frame, at=AT) -> Finding:
    return next(found for found in check_window(SOL, frame, at, LIGHT, S).findings if found.rule == rule)


def test_a_clean_window_passes():
    """Nothing is said of a window without a fault, and its rows are counted."""
    said = check_window(SOL, WINDOW, AT, LIGHT, S)
    assert said.passed
    assert (said.suite, said.subject, said.at, said.rows) == ("candles", "sol_usdt", AT, len(WINDOW))


@pytest.mark.parametrize("kind", SPOILS)
@pytest.mark.parametrize("row", [1, 200, S.candles_window - 10])
def test_each_fault_breaks_its_rule(kind, row):
    """Whatever goes wrong, wherever in the window, breaks the rule that is named for it."""
    rule, spoil = SPOILS[kind]
    assert rule in rules(spoil(WINDOW, row))


@given(st.sampled_from(sorted(SPOILS)), st.sampled_from(sorted(SPOILS)), st.integers(1, 300))
@settings(max_examples=40)
def test_one_fault_hides_no_other(first, second, row):
    """Of two faults in one window both are found, unless the second took away what the first was about."""
    assume(first != second and not {first, second} & {"column lost", "short", "stale", "unclosed", "quiet"})
    spoilt = SPOILS[first][1](WINDOW, row)
    both = rules(SPOILS[second][1](spoilt, row + 20))
    assert {SPOILS[first][0], SPOILS[second][0]} <= set(both)


@given(
    st.lists(
        st.sampled_from(
            [None, np.nan, np.inf, "x", 0.0, -1, 1e300, True, AT, AT.replace(tzinfo=None), [], pd.NaT, 10**400]
        ),
        max_size=4,
    ),
    st.sets(st.sampled_from(["open_time", "open", "high", "low", "close", "volume", "more"])),
)
def test_data_never_makes_it_raise(values, columns):
    """Any value in any column, any column missing, no row at all: a finding, never an error."""
    frame = pd.DataFrame({name: pd.Series(values, dtype=object) for name in columns})
    said = check_window(SOL, frame, AT, LIGHT, S)
    assert "enough candles" in [found.rule for found in said.findings]
    assert ("has its columns" in [found.rule for found in said.findings]) == (len(columns - {"more"}) < 6)


def test_what_is_said_names_number_kind_and_first():
    """A finding says how many candles, what is wrong with them and since when, and shows them as they came."""
    spoilt = SPOILS["high below low"][1](SPOILS["high below low"][1](WINDOW, 7), 40)
    found = the("high is the highest", spoilt)
    first = WINDOW["open_time"].iloc[7]
    assert found.words == f"2 candles with a high below another price, first {first:%Y-%m-%d %H:%M}"
    assert found.rows == 2
    assert found.broken[0]["open_time"] == first.isoformat()
    assert found.broken[0]["high"] == spoilt["high"].iloc[7]
    assert "without close, first" in the(SPOILS["nan"][0], SPOILS["nan"][1](SPOILS["nan"][1](WINDOW, 3), 9)).words
    assert "after 3 missing slots, over 2" in the("no gap", SPOILS["gap"][1](WINDOW, 100)).words
    assert the("has its columns", WINDOW.drop(columns="volume")).words == "no column volume"
    assert the("enough candles", WINDOW.tail(9)).words == "9 candles, at least 50 are needed"
    assert len(the("prices are above zero", WINDOW.assign(low=0.0)).broken) == 5


@given(st.integers(0, 20), st.integers(20, 300), st.data())
def test_a_gap_counts_unless_it_is_old_and_the_exchange_has_it_too(count, row, data):
    """Missing slots are lost data, however old, except those that the exchange lacks too and that are not new."""
    gone = WINDOW["open_time"].iloc[row : row + count].dt.to_pydatetime().tolist()
    absent = data.draw(st.sets(st.sampled_from(gone))) if gone else set()
    newest = row + count > len(WINDOW) - S.gap_memory_slots
    lost = count if newest else count - len(absent)
    assert ("no gap" in rules(without(count)(WINDOW, row), absent=absent)) == (lost > S.gap_slots_max)


@pytest.mark.parametrize(("seconds", "fresh"), [(600, True), (601, False), (0, True)])
def test_fresh_is_the_age_of_the_newest_close(seconds, fresh):
    """The newest candle may have closed ten minutes ago, not more; it need not be the last row."""
    at = (WINDOW["open_time"].iloc[-1] + INTERVAL).to_pydatetime() + timedelta(seconds=seconds)
    assert ("fresh" not in rules(WINDOW, at)) is fresh
    assert ("fresh" not in rules(WINDOW.iloc[::-1], at)) is fresh


def test_a_candle_is_closed_at_its_end():
    """At its close it counts, a second before it does not."""
    end = (WINDOW["open_time"].iloc[-1] + INTERVAL).to_pydatetime()
    assert rules(WINDOW, end) == []
    assert rules(WINDOW, end - timedelta(seconds=1)) == ["closed"]


def test_the_halt_of_march_2023(market_data):
    """A pair sits out from the third empty candle of a halt until an hour of candles follows it; then it is history.

    Nobody having asked the exchange, the gap is lost data as long as it is in the window.
    """
    candles = load_candles(candle_file(market_data / "candles", "SOLUSDT"))
    around = candles[(candles["open_time"] > "2023-03-22") & (candles["open_time"] < "2023-03-26")]
    absent = pd.date_range("2023-03-24 12:40", "2023-03-24 13:55", freq="5min", tz="UTC").to_pydatetime()
    times = pd.date_range("2023-03-24 11:20:20", "2023-03-24 15:20:20", freq="5min", tz="UTC").to_pydatetime()
    out = [at for at in times if rules(window(around, at, 336), at, absent)]
    assert out[0] == HALT[0] + timedelta(minutes=15, seconds=20)
    assert out[-1] == HALT[1] + timedelta(minutes=55, seconds=20)
    assert len(out) == (out[-1] - out[0]) / INTERVAL + 1
    later = HALT[1] + timedelta(hours=20)
    assert rules(window(around, later, 336), later, absent) == []
    assert rules(window(around, later, 336), later) == ["no gap"]


@pytest.mark.parametrize("folder", CRASHES)
def test_real_crashes_and_real_days_pass(market_data, folder):
    """The worst candles of two years, and a window every six weeks of six pairs, break no rule of a single pair."""
    for path in sorted((market_data / folder).glob("*.parquet")):
        candles = load_candles(path)
        regular = candles["open_time"].iloc[400::12000].dt.to_pydatetime().tolist()
        for at in [*regular, *(datetime.fromisoformat(f"{one}+00:00") + INTERVAL for one in CRASHES[folder])]:
            end = int(candles["open_time"].searchsorted(pd.Timestamp(at)))
            said = check_window(SOL, candles.iloc[max(0, end - 336) : end], at, LIGHT, S)
            assert said.passed, (path.name, at, said.findings)


def test_the_suite_is_of_the_table():
    """The numbers that the prices table declares are the columns that are checked, each of them for being there."""
    declared = [column.name for column in PRICES.columns if column.kind == "N"]
    suite = candle_suite(S)
    assert list(suite.names[1:6]) == declared
    needed = next(rule for rule in suite.rules if rule.test == "not_null")
    assert set(needed.columns) == {"open_time", *declared}
    assert len({rule.name for rule in suite.rules}) == len(suite.rules)
