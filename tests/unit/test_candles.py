"""The candle frame: only closed candles count, and a file is checked before it is computed on."""

from datetime import UTC, datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, waves
from trading import candles as c
from trading.errors import BadInput

times = st.datetimes(datetime(2022, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - zone follows


def saved(tmp_path, frame):
    path = c.candle_file(tmp_path, "BTCUSDT")
    frame.to_parquet(path)
    return path


@given(times)
def test_the_forming_candle_never_counts(at):
    """A candle counts from the moment it closed, its open time plus five minutes, and not a moment before (I19)."""
    frame = waves(60)
    start = frame["open_time"].iloc[0].to_pydatetime()
    at = start + (at - datetime(2022, 1, 1, tzinfo=UTC)) % timedelta(hours=6)
    kept = c.closed(frame, at)
    assert len(kept) == min(60, int((at - start) / timedelta(minutes=5)))
    assert all(kept["open_time"] + pd.Timedelta(minutes=5) <= at)


@given(times)
def test_floor_time_is_the_forming_slot(at):
    """The slot that holds a moment starts on the grid, at most five minutes before it."""
    slot = c.floor_time(at)
    assert slot <= at < slot + timedelta(minutes=5)
    assert (slot.minute % 5, slot.second, slot.microsecond) == (0, 0, 0)


def test_a_window_is_the_last_closed_candles():
    """``window`` gives the last so many closed candles, numbered from 0, and fewer when there are fewer."""
    frame = waves(60)
    at = NOW + timedelta(minutes=5 * 40, seconds=-1)
    found = c.window(frame, at, 10)
    assert list(found.index) == list(range(10))
    assert found["open_time"].iloc[-1] == NOW + timedelta(minutes=5 * 38)
    assert len(c.window(frame, at, 1000)) == 39
    assert c.window(frame, NOW, 10).empty


def test_the_one_hour_change():
    """The last close against the close exactly one hour before; None when that candle is missing or there are none."""
    frame = waves(60)
    expected = (frame["close"].iloc[-1] / frame["close"].iloc[-13] - 1) * 100
    assert c.one_hour_change_pct(frame) == pytest.approx(expected)
    assert c.one_hour_change_pct(frame.drop(index=47)) is None
    assert c.one_hour_change_pct(frame.tail(12)) is None
    assert c.one_hour_change_pct(c.empty()) is None


def test_an_empty_frame_has_its_columns():
    """No rows, but the right columns and types."""
    assert tuple(c.empty().columns) == c.COLUMNS
    assert str(c.empty()["open_time"].dtype) == "datetime64[ms, UTC]"


def test_a_good_file_is_read_as_it_is(tmp_path):
    """A clean file comes back value for value, also with naive times, which are UTC."""
    frame = waves(60)
    pd.testing.assert_frame_equal(c.load_candles(saved(tmp_path, frame)), frame)
    naive = frame.assign(open_time=frame["open_time"].dt.tz_localize(None), extra=1)
    pd.testing.assert_frame_equal(c.load_candles(saved(tmp_path, naive)), frame)


def broken(name):
    """A frame with one fault."""
    frame = waves(60)
    if name == "swapped":
        return frame.iloc[[0, 2, 1, *range(3, 60)]]
    if name == "doubled":
        return pd.concat([frame, frame.tail(1)])
    changes = {
        "nan": ("close", float("nan")),
        "inf": ("volume", float("inf")),
        "zero": ("low", 0.0),
        "negative": ("open", -1.0),
        "volume": ("volume", -1.0),
        "high": ("high", 1.0),
        "low": ("low", 1e9),
        "grid": ("open_time", frame["open_time"].iloc[7] + pd.Timedelta(seconds=1)),
        "nat": ("open_time", pd.NaT),
    }
    column, value = changes[name]
    frame.loc[7, column] = value
    return frame


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("swapped", "1 times out of order"),
        ("doubled", "1 duplicate times"),
        ("nan", "1 rows with values that are not numbers"),
        ("inf", "1 rows with values that are not numbers"),
        ("zero", "1 prices not above zero"),
        ("negative", "1 prices not above zero"),
        ("volume", "1 negative volumes"),
        ("high", "1 highs below or lows above another price"),
        ("low", "1 highs below or lows above another price"),
        ("grid", "1 times off the 5-minute grid"),
    ],
)
def test_a_faulty_file_is_one_line(tmp_path, name, said):
    """Unordered, doubled, off the grid, impossible: one line that names the file, the fault and how often."""
    path = saved(tmp_path, broken(name))
    with pytest.raises(BadInput) as error:
        c.load_candles(path)
    assert said in str(error.value)
    assert str(path) in str(error.value)
    assert "\n" not in str(error.value)


def test_a_time_that_is_none_is_refused(tmp_path):
    """A row without a time is a fault like any other."""
    with pytest.raises(BadInput):
        c.load_candles(saved(tmp_path, broken("nat")))


def test_files_that_are_no_candle_files(tmp_path):
    """Missing, empty, corrupt, without rows, without a column, with text for prices: each is said plainly."""
    path = c.candle_file(tmp_path, "BTCUSDT")
    with pytest.raises(BadInput, match="is missing; a candle folder holds"):
        c.load_candles(path)
    for junk in (b"", b"PAR1 not really", b"\x00" * 4096):
        path.write_bytes(junk)
        with pytest.raises(BadInput, match="cannot be read as Parquet"):
            c.load_candles(path)
    with pytest.raises(BadInput, match="has no rows"):
        c.load_candles(saved(tmp_path, waves(60).head(0)))
    with pytest.raises(BadInput, match="lacks the columns volume"):
        c.load_candles(saved(tmp_path, waves(60).drop(columns="volume")))
    with pytest.raises(BadInput, match="not times or numbers"):
        c.load_candles(saved(tmp_path, waves(60).assign(close="dear")))


def test_a_truncated_file_is_refused(tmp_path):
    """A file cut off in the middle is corrupt, not shorter."""
    path = saved(tmp_path, waves(60))
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(BadInput, match="cannot be read as Parquet"):
        c.load_candles(path)


def test_the_recorded_market_is_clean(market_data):
    """The recorded candles pass every check."""
    assert len(c.load_candles(c.candle_file(market_data / "candles-2024", "BTCUSDT"))) == 71_769
