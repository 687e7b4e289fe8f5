"""Losses of forecasts: what they measure, in percent of the price, and what a missing candle does to them."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from trading.calibration.losses import (
    absolute_loss,
    covered_share,
    flat_path,
    pinball_loss,
    random_walk_path,
    volatility_pct,
)

PRICES = st.floats(1e-4, 1e5)
PATHS = arrays(np.float64, (4, 12), elements=PRICES)
ROWS = arrays(np.float64, 4, elements=PRICES)


@given(PATHS, PATHS, ROWS, st.floats(0.01, 0.99))
def test_a_loss_is_never_negative_and_zero_for_who_was_right(path, actual, price, level):
    """No forecast loses less than the one that said what came."""
    assert (pinball_loss(path, actual, price, level) >= 0).all()
    assert not pinball_loss(actual, actual, price, level).any()
    assert not absolute_loss(actual, actual, price).any()


@given(PATHS, PATHS, ROWS)
def test_the_pinball_loss_of_the_median_is_half_its_absolute_loss(path, actual, price):
    """At 0.5 too high and too low weigh the same."""
    np.testing.assert_allclose(pinball_loss(path, actual, price, 0.5) * 2, absolute_loss(path, actual, price))


@given(PATHS, PATHS, ROWS, st.sampled_from([0.25, 2.0, 1024.0]))
def test_a_loss_does_not_know_the_unit(path, actual, price, factor):
    """A coin of 0.1 USDT and one of 60,000 can be put together: the loss is in percent of the price."""
    np.testing.assert_array_equal(
        absolute_loss(path * factor, actual * factor, price * factor), absolute_loss(path, actual, price)
    )


def test_the_pinball_loss_is_least_at_the_quantile():
    """Of all flat paths, the 0.9 quantile of what comes has the least pinball loss at 0.9."""
    came = np.random.default_rng(1).normal(100, 1, (1, 4001))
    levels = np.quantile(came, [0.7, 0.8, 0.9, 0.95, 0.99])
    price = np.array([100.0])
    losses = [float(pinball_loss(np.full_like(came, one), came, price, 0.9)[0]) for one in levels]
    assert losses.index(min(losses)) == 2


def test_losses_by_hand():
    """Price 200: 1 too low and 3 too high are 0.5 and 1.5 %."""
    price, path, actual = np.array([200.0]), np.array([[200.0, 204.0]]), np.array([[201.0, 201.0]])
    assert absolute_loss(path, actual, price)[0] == pytest.approx(1.0)
    assert pinball_loss(path, actual, price, 0.9)[0] == pytest.approx((0.9 * 0.5 + 0.1 * 1.5) / 2)
    assert covered_share(path - 1, path + 1, actual)[0] == 0.5


@given(PATHS, PATHS, ROWS, st.integers(1, 11))
def test_a_missing_step_is_left_out(path, actual, price, missing):
    """The loss is that of the steps that are known; with none known there is no loss."""
    gone = actual.copy()
    gone[:, :missing] = np.nan
    np.testing.assert_allclose(
        absolute_loss(path, gone, price), absolute_loss(path[:, missing:], actual[:, missing:], price)
    )
    np.testing.assert_allclose(
        covered_share(path * 0.9, path * 1.1, gone),
        covered_share(path[:, missing:] * 0.9, path[:, missing:] * 1.1, actual[:, missing:]),
    )
    gone[:] = np.nan
    assert np.isnan(absolute_loss(path, gone, price)).all()
    assert np.isnan(covered_share(path, path, gone)).all()


def test_without_quantiles_there_is_no_coverage():
    """Momentum gives no outer paths: nothing is said of them, rather than that all was missed."""
    none, actual = np.full((1, 3), np.nan), np.ones((1, 3))
    assert np.isnan(covered_share(none, none, actual)).all()
    assert np.isnan(pinball_loss(none, actual, np.ones(1), 0.1)).all()


def test_a_random_walk_is_covered_by_its_own_quantiles():
    """On a true random walk, 80 % of all steps lie between the naive 0.1 and 0.9 paths, at every step."""
    rng, price = np.random.default_rng(2), np.full(20_000, 50.0)
    came = price[:, None] * np.exp(np.cumsum(rng.normal(0, 0.003, (20_000, 12)), axis=1))
    low, high = (random_walk_path(price, np.full(20_000, 0.3), 12, level) for level in (0.1, 0.9))
    assert np.abs(((low <= came) & (came <= high)).mean(axis=0) - 0.8).max() < 0.01
    np.testing.assert_array_equal(random_walk_path(price, np.full(20_000, 0.3), 12, 0.5), flat_path(price, 12))


def test_volatility_is_that_of_the_steps():
    """The root mean square of one step's return; a return over a gap is none; no returns, no volatility."""
    closes = 100 * np.exp(np.cumsum([0.0, 0.01, -0.01, 0.05, 0.01]))
    assert volatility_pct(closes, np.array([True, True, False, True])) == pytest.approx(1.0)
    assert volatility_pct(closes) == pytest.approx(100 * math.sqrt((3 * 0.01**2 + 0.05**2) / 4))
    assert volatility_pct(closes[:1]) == 0.0


def test_a_flat_path_goes_to_its_change_and_stays():
    """Momentum of 2 % means 2 % higher at every step; of nothing, the price itself."""
    price = np.array([100.0, 50.0])
    np.testing.assert_allclose(flat_path(price, 2, np.array([2.0, -2.0])), [[102, 102], [49, 49]])
    np.testing.assert_array_equal(flat_path(price, 2), [[100, 100], [50, 50]])
