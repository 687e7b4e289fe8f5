"""The series that the shipped model was trained on: seeded, of every kind, and none from after the cut-off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.model import series

START = datetime(2023, 1, 1, tzinfo=UTC)
CONTEXT, LENGTH = 96, 112


@given(seed=st.integers(0, 1_000), count=st.integers(1, 40))
def test_generated_series_are_prices(seed, count):
    """As many as asked for, all of them finite and above zero, the same for the same seed."""
    made = series.generated(count, LENGTH, np.random.default_rng(seed))
    assert made.shape == (count, LENGTH)
    assert np.isfinite(made).all()
    assert (made > 0).all()
    assert (series.generated(count, LENGTH, np.random.default_rng(seed)) == made).all()


def test_every_kind_is_there():
    """Some generated series stand still, most do not, and no two that move are alike."""
    made = series.generated(80, LENGTH, np.random.default_rng(1))
    still = np.ptp(made, axis=1) == 0
    assert still.sum() == 80 / len(series.KINDS)
    assert len(np.unique(made[~still], axis=0)) == (~still).sum()


@given(seed=st.integers(0, 1_000))
def test_holes_are_in_the_context_only(seed):
    """What came after is never hidden, and of the context something is known."""
    rng = np.random.default_rng(seed)
    whole = series.generated(40, LENGTH, rng)
    holed = series.with_holes(whole, CONTEXT, rng)
    known = ~np.isnan(holed)
    assert known[:, CONTEXT:].all()
    assert known[:, :CONTEXT].any(axis=1).all()
    assert (holed[known] == whole[known]).all()
    assert not np.isnan(whole).any()


def test_some_windows_have_holes_and_most_have_none():
    """About a fifth of the windows miss something."""
    rng = np.random.default_rng(2)
    holed = series.with_holes(series.generated(1_000, LENGTH, rng), CONTEXT, rng)
    assert 0.1 < np.isnan(holed).any(axis=1).mean() < 0.3


@pytest.fixture(scope="module")
def candle_file(tmp_path_factory):
    tmp_path = tmp_path_factory.mktemp("candles")
    times = [START + timedelta(minutes=5 * n) for n in range(300) if n not in {10, 11}]
    prices = np.linspace(100, 130, len(times))
    table = {"open_time": times, "high": prices + 2, "low": prices - 1, "close": prices + 0.5}
    pd.DataFrame(table).to_parquet(tmp_path / "BTCUSDT-5m.parquet")
    return tmp_path / "BTCUSDT-5m.parquet"


@given(cut=st.integers(20, 400))
def test_no_candle_from_the_cut_off_on_is_read(candle_file, cut):
    """The series ends with the last candle that opened before the cut-off; a missing candle is NaN in its slot."""
    grid = series.typical_prices(candle_file, START + timedelta(minutes=5 * cut))
    assert len(grid) == min(cut, 300)
    assert list(np.flatnonzero(np.isnan(grid))) == [10, 11]
    assert grid[0] == pytest.approx(100.5)


@given(seed=st.integers(0, 1_000))
def test_real_windows_are_cut_from_the_series_right_way_up_or_not(seed):
    """Each window is a run of one of the series, as it is or turned around."""
    ramps = [np.arange(1.0, 500.0), np.arange(1_000.0, 3_000.0)]
    windows = series.real_windows(ramps, 16, LENGTH, np.random.default_rng(seed))
    assert windows.shape == (16, LENGTH)
    assert np.isin(np.abs(windows), np.concatenate(ramps)).all()
    assert (np.abs(np.diff(np.abs(windows), axis=1)) == 1).all()
    assert (np.sign(windows) == np.sign(windows[:, :1])).all()
