"""The forecast judge: every step of the page, bounded, continuous but for one named rule, and its honest fallback."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import S, candles
from trading.errors import BadInput, InsufficientData
from trading.signals.forecast import (
    MOMENTUM,
    expected_change_pct,
    momentum_signal,
    score_forecast,
    spread_damping,
    trend_bonus,
)

near = st.floats(81, 119)
paths = st.lists(near, min_size=1, max_size=24)


def forecast(q50, spread=0.0, price=100.0):
    return score_forecast([v - spread for v in q50], q50, [v + spread for v in q50], price, S, "m")


def test_a_flat_path_above_the_price():
    """A path 1 % above the price, without spread, is worth 1 / 3 and fully trusted."""
    found = forecast([101.0] * 12)
    assert (found.score, found.confidence, found.change_pct) == (pytest.approx(1 / 3), 1, pytest.approx(1))
    assert (found.model, found.fallback_reason, found.q50) == ("m", None, (101.0,) * 12)


def test_later_steps_weigh_more():
    """Step i of n weighs (i + 1) / n: of 100 and 103 the mean is 102."""
    assert expected_change_pct([100.0, 103.0], 100.0) == pytest.approx(2)


def test_the_trend_of_the_path_adds():
    """From six steps on, the rise of the second half over the first counts 0.3 of a full change, at most 0.15."""
    rising = [100.0, 100, 100, 101, 101, 101]
    assert trend_bonus(rising, 100.0, S) == pytest.approx(1 / 3 * 0.3)
    assert trend_bonus([100.0] * 3 + [110.0] * 3, 100.0, S) == pytest.approx(0.15)
    assert trend_bonus([100.0] * 3 + [90.0] * 3, 100.0, S) == pytest.approx(-0.15)
    assert trend_bonus(rising[:5], 100.0, S) == 0
    weighted = (4 + 5 + 6) / 21
    assert forecast(rising).score == pytest.approx(weighted / 3 + 0.1)


def test_a_step_out_of_reach_counts_as_the_price():
    """A step more than 20 % away is replaced by the price; at 20 % it still counts."""
    assert forecast([121.0, 100.0]).change_pct == pytest.approx(0)
    assert forecast([120.0, 100.0]).change_pct == pytest.approx(20 / 3)


@pytest.mark.parametrize(("cv", "factor"), [(0, 1), (1, 1), (3, 0.75), (5, 0.5), (50, 0.5)])
def test_a_wide_forecast_is_damped(cv, factor):
    """Full weight up to a spread of 1 % of the price, half from 5 % on, linear between."""
    assert spread_damping(cv, S) == pytest.approx(factor)


def test_damping_and_confidence_of_a_spread():
    """With std = |q90 - q10| / 2.56; 3 % of price and median damps by 0.75 and gives a confidence of 1 / 1.3."""
    found = forecast([100.0] * 11 + [103.0], spread=3 * 2.56 / 2)
    plain = forecast([100.0] * 11 + [103.0])
    assert found.score == pytest.approx(plain.score * 0.75)
    assert forecast([100.0] * 12, spread=3 * 2.56 / 2).confidence == pytest.approx(1 / 1.3)


def test_crossed_quantiles_count_by_their_distance():
    """q10 above q90 is as wide as the other way round."""
    straight = score_forecast([97.0], [100.0], [103.0], 100.0, S, "m")
    crossed = score_forecast([103.0], [100.0], [97.0], 100.0, S, "m")
    assert crossed.confidence == straight.confidence


@given(paths, st.floats(0, 30))
def test_a_forecast_is_bounded(path, spread):
    """Score in [-1, 1], confidence in [0, 1], whatever the path and its spread."""
    found = forecast(path, spread)
    assert -1 <= found.score <= 1
    assert 0 <= found.confidence <= 1


@given(paths, st.data())
def test_a_forecast_is_continuous_within_reach(path, data):
    """Within 20 % of the price, moving one step by 0.001 moves the score by 0.001 at most."""
    index = data.draw(st.integers(0, len(path) - 1))
    moved = [value + (0.001 if i == index else 0.0) for i, value in enumerate(path)]
    assert abs(forecast(moved, 2.0).score - forecast(path, 2.0).score) <= 0.001


@given(st.lists(st.floats(95, 105), min_size=1, max_size=24), st.floats(99, 101))
def test_a_forecast_is_continuous_in_the_price(path, price):
    """Moving the price by 0.001 of 100 moves the score by 0.001 at most."""
    assert abs(forecast(path, 2.0, price + 0.001).score - forecast(path, 2.0, price).score) <= 0.001


@pytest.mark.parametrize(
    ("q10", "q50", "q90", "price"),
    [
        ([], [], [], 100.0),
        ([1.0], [1.0, 2.0], [1.0], 100.0),
        ([99.0], [math.nan], [101.0], 100.0),
        ([99.0], [math.inf], [101.0], 100.0),
        ([99.0], [0.0], [101.0], 100.0),
        ([-1.0], [100.0], [101.0], 100.0),
        ([99.0], [100.0], [101.0], 0.0),
        ([99.0], [100.0], [101.0], math.nan),
    ],
)
def test_what_is_no_forecast_is_refused(q10, q50, q90, price):
    """Empty, unequal, not finite or not positive: bad input, so that the caller falls back and says so."""
    with pytest.raises(BadInput):
        score_forecast(q10, q50, q90, price, S, "m")


def test_momentum_is_marked_and_hardly_trusted():
    """The fallback is 0.6 x the 5-bar and 0.4 x the 10-bar change over 2 %, with confidence 0.1 and the reason."""
    closes = [100.0] * 5 + [101.0] * 5 + [102.0]
    found = momentum_signal(candles(closes), S, "endpoint throttled")
    momentum = 0.6 * (102 / 101 - 1) * 100 + 0.4 * 2.0
    assert (found.score, found.confidence) == (pytest.approx(momentum / 2), 0.1)
    assert (found.model, found.fallback_reason) == (MOMENTUM, "endpoint throttled")
    assert found.model == "momentum-fallback"
    assert (found.q10, found.q50, found.q90) == ((), (), ())


@given(st.lists(st.floats(1, 1000), min_size=11, max_size=20))
def test_momentum_is_bounded(closes):
    """Whatever the closes, the fallback's score stays in [-1, 1]."""
    assert -1 <= momentum_signal(candles(closes), S, "x").score <= 1


def test_momentum_needs_eleven_candles():
    """Ten candles have no 10-bar change: insufficient data, not a made-up number."""
    with pytest.raises(InsufficientData, match="momentum needs 11"):
        momentum_signal(candles([100.0] * 10), S, "x")
