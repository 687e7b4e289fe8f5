"""Skill against a baseline, and the interval that draws whole blocks of time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading.calibration.skill import LOWEST, Resampling, drawn_blocks, skill, skill_of

HOW = Resampling(block_hours=6, draws=300, confidence=0.9, seed=1)
COUNT = 48
HOURLY = np.arange(COUNT, dtype=np.int64) * 3600
LOSSES = arrays(np.float64, COUNT, elements=st.floats(0, 5))


@given(LOSSES, LOSSES, st.data())
def test_a_smaller_loss_never_lowers_any_bound(losses, baselines, data):
    """Value, lower and upper end only rise when a forecast becomes better: the draws are the same for both."""
    better = losses * data.draw(arrays(np.float64, COUNT, elements=st.floats(0, 1)))
    worse, good = (skill_of(one, baselines, HOURLY, HOW) for one in (losses, better))
    assert good.value >= worse.value - 1e-12
    assert good.low >= worse.low - 1e-12
    assert good.high >= worse.high - 1e-12


@given(LOSSES, LOSSES)
def test_a_skill_is_a_number_at_most_1(losses, baselines):
    """Whatever the losses, also a market that stood still: three finite numbers, the ends in their order."""
    found = skill_of(losses, baselines, HOURLY, HOW)
    assert LOWEST <= found.low <= found.high <= 1
    assert LOWEST <= found.value <= 1
    assert (found.forecasts, found.blocks) == (COUNT, 8)


@given(LOSSES, st.integers(0, 2**32 - 1))
def test_who_is_the_baseline_has_no_skill(losses, seed):
    """The naive forecast against itself: 0, without any doubt."""
    found = skill_of(losses, losses, HOURLY, Resampling(6, 200, 0.9, seed))
    assert (found.value, found.low, found.high) == (0, 0, 0)


def test_skill_by_hand():
    """Half the loss is 0.5, twice is -1; who is wrong where the baseline was right is worst of all."""
    assert (skill(1, 2), skill(2, 1), skill(0, 1)) == (0.5, -1.0, 1.0)
    assert (skill(0, 0), skill(1, 0)) == (0.0, LOWEST)


def test_a_forecast_without_loss_is_left_out():
    """NaN is no loss of 0; of nothing there is no skill."""
    losses, baselines = np.full(COUNT, 1.0), np.full(COUNT, 2.0)
    losses[::2] = np.nan
    assert skill_of(losses, baselines, HOURLY, HOW).forecasts == COUNT / 2
    assert skill_of(np.full(COUNT, np.nan), baselines, HOURLY, HOW) is None


def test_what_is_said_six_times_at_once_is_said_once():
    """Six pairs that move as one make the interval no narrower than one pair does."""
    rng = np.random.default_rng(3)
    losses, baselines = rng.exponential(1, COUNT), rng.exponential(1, COUNT)
    one = skill_of(losses, baselines, HOURLY, HOW)
    six = skill_of(np.repeat(losses, 6), np.repeat(baselines, 6), np.repeat(HOURLY, 6), HOW)
    assert (six.low, six.high) == (pytest.approx(one.low), pytest.approx(one.high))
    assert (six.blocks, six.forecasts) == (one.blocks, 6 * COUNT)


def test_the_interval_holds_what_it_promises():
    """Of worlds where the skill is truly 0 and hours share their luck, about 1 in 20 has a lower end above 0."""
    rng, above = np.random.default_rng(4), 0
    for _ in range(300):
        luck = np.repeat(rng.normal(0, 0.3, 120), 6)  # six-hour spells
        losses = np.exp(rng.normal(0, 0.2, 720) + luck)
        baselines = np.exp(rng.normal(0, 0.2, 720) + np.repeat(rng.normal(0, 0.3, 120), 6))
        above += skill_of(losses, baselines, np.arange(720) * 3600, HOW).low > 0
    assert 5 <= above <= 30


@given(st.integers(1, 60), st.integers(1, 50), st.integers(0, 2**32 - 1))
def test_draws_are_blocks_and_the_same_every_time(blocks, draws, seed):
    """Every number is one of the blocks, and the seed alone decides which."""
    found = drawn_blocks(blocks, draws, seed)
    assert found.shape == (draws, blocks)
    assert found.min() >= 0
    assert found.max() < blocks
    np.testing.assert_array_equal(found, drawn_blocks(blocks, draws, seed))


def test_draws_are_fair_and_never_change():
    """Each block is drawn about equally often, another seed draws others, and these are the first ones for ever."""
    found = drawn_blocks(100, 1000, 1)
    counts = np.bincount(found.ravel(), minlength=100)
    assert abs(counts - 1000).max() < 5 * 1000**0.5
    repeats = (found[:, 1:] == found[:, :-1]).mean()
    assert 0.008 < repeats < 0.012
    assert (found != drawn_blocks(100, 1000, 2)).mean() > 0.95
    assert found[0, :5].tolist() == [65, 19, 90, 35, 61]
