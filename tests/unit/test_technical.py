"""The technical judge: the worked example of the page, the shape of every curve, and candles that stand still."""

import math
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.unit.made import S, candles, walk, waves
from trading.errors import BadInput, InsufficientData
from trading.signals.technical import (
    _score,
    bollinger_value,
    macd_slope_value,
    macd_value,
    regime,
    regime_weights,
    rsi_value,
    sma_value,
    technical_signal,
    volume_multiplier,
)

CONTRACT = {
    "rsi", "macd", "macd_signal", "macd_histogram", "macd_histogram_slope", "sma_20", "sma_200", "bb_upper",
    "bb_lower", "bb_width", "adx", "atr", "atr_percent", "volume_multiplier",
}  # fmt: skip
percents = st.floats(0, 100)


def test_the_worked_example_of_the_page():
    """Ranging: RSI 67.6 counts -0.0798, SMA20 0.3 % under SMA200 -0.0225, band position 0.85 -0.1715."""
    weights = regime_weights(15.0, S)
    assert weights.rsi * rsi_value(67.6, S) == pytest.approx(-0.0798)
    assert weights.sma * sma_value(100.0, 99.7, 100.0, S) == pytest.approx(-0.0225)
    assert weights.bollinger * bollinger_value(0.85, 0.0, 1.0, S) == pytest.approx(-0.1715)


@pytest.mark.parametrize(
    ("rsi", "value"),
    [(0, 1), (20, 1), (25, 0.65), (30, 0.3), (35, 0.15), (40, 0), (50, 0), (60, 0), (70, -0.3), (75, -0.65), (90, -1)],
)
def test_rsi_points(rsi, value):
    """The RSI's value runs straight through the points of the page, is 0 in the dead band and flat outside."""
    assert rsi_value(rsi, S) == pytest.approx(value)


@given(percents, percents)
def test_rsi_never_jumps_and_never_rises(a, b):
    """A higher RSI never favours buying more, and a point of RSI moves the value by 0.07 at most."""
    low, high = sorted((a, b))
    assert rsi_value(low, S) >= rsi_value(high, S)
    assert abs(rsi_value(a, S) - rsi_value(b, S)) <= 0.07 * abs(a - b) + 1e-12


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6), st.floats(0.01, 1e5))
def test_macd_is_bounded_and_continuous(a, b, close):
    """The MACD's value and slope stay in [-1, 1] and move in proportion to the histogram."""
    per_unit = 100 / close / 0.1
    assert -1 <= macd_value(a, close, S) <= 1
    assert -1 <= macd_slope_value(a, close, S) <= 1
    assert abs(macd_value(a, close, S) - macd_value(b, close, S)) <= per_unit * abs(a - b) + 1e-9


def test_macd_is_full_at_a_tenth_of_a_percent():
    """A histogram of 0.1 % of the close is worth 1, and its slope is worth 1 at 0.05 % a bar."""
    assert macd_value(0.05, 100.0, S) == pytest.approx(0.5)
    assert macd_value(-5.0, 100.0, S) == -1
    assert macd_slope_value(-0.025, 100.0, S) == pytest.approx(-0.5)


def test_sma_without_a_long_average():
    """Without SMA200 the close against SMA20 counts, times 0.6, and never more than 0.6."""
    assert sma_value(101.0, 100.0, None, S) == pytest.approx(0.6 * 0.5)
    assert sma_value(150.0, 100.0, None, S) == pytest.approx(0.6)
    assert sma_value(150.0, 100.0, 100.0, S) == 0


@given(st.floats(50, 150), st.floats(50, 150))
def test_sma_is_bounded_and_continuous(a, b):
    """One percent of difference between the averages moves the value by half a point at most."""
    assert -1 <= sma_value(100.0, a, 100.0, S) <= 1
    assert abs(sma_value(100.0, a, 100.0, S) - sma_value(100.0, b, 100.0, S)) <= abs(a - b) * 0.5 + 1e-9


@pytest.mark.parametrize(
    ("p", "value"), [(0, 1), (0.5, 0), (1, -1), (0.75, -0.25), (1.04, -1.1664), (1.2, -1.2), (-3, 1.2)]
)
def test_bollinger_points(p, value):
    """The value is the square of the distance from the middle, against it, and up to 1.2 outside the band."""
    assert bollinger_value(90 + 20 * p, 90.0, 110.0, S) == pytest.approx(value)


@given(st.floats(1, 1000), st.floats(1, 1000), st.floats(100, 200), st.floats(0.5, 50))
def test_bollinger_is_bounded_and_continuous(a, b, lower, width):
    """In a given band the value never exceeds 1.2 and moves at most 4.4 times the part of the band crossed."""
    values = [bollinger_value(close, lower, lower + width, S) for close in (a, b)]
    assert all(-1.2 <= value <= 1.2 for value in values)
    assert abs(values[0] - values[1]) <= 4.4 * abs(a - b) / width + 1e-9


@given(st.floats(1e-6, 1e6), st.floats(0, 1e-14))
def test_a_band_without_width_is_worth_nothing(close, noise):
    """A band as thin as a float's last digits says nothing about the close."""
    assert bollinger_value(close, close * (1 - noise), close * (1 + noise), S) == 0


@given(percents, percents)
def test_weights_sum_to_one_and_never_jump(a, b):
    """Whatever the ADX, the four weights sum to 1, and one point of it moves none by more than 0.04."""
    one, two = regime_weights(a, S), regime_weights(b, S)
    assert one.rsi + one.macd + one.sma + one.bollinger == pytest.approx(1)
    for name in ("rsi", "macd", "sma", "bollinger"):
        assert abs(getattr(one, name) - getattr(two, name)) <= 0.04 * abs(a - b) + 1e-12


@pytest.mark.parametrize(
    ("adx", "name", "rsi", "macd"),
    [
        (20, "ranging", 0.35, 0.15),
        (22.5, "neutral", 0.25, 0.25),
        (25, "trending", 0.15, 0.35),
        (60, "trending", 0.15, 0.35),
    ],
)
def test_regimes(adx, name, rsi, macd):
    """Up to 20 is ranging, from 25 trending, half-way all four weigh 0.25."""
    weights = regime_weights(adx, S)
    assert regime(adx, S) == name
    assert (weights.rsi, weights.bollinger) == (pytest.approx(rsi), pytest.approx(rsi))
    assert (weights.macd, weights.sma) == (pytest.approx(macd), pytest.approx(macd))


@pytest.mark.parametrize(("ratio", "value"), [(0, 1), (1.5, 1), (2, 1.15), (2.5, 1.3), (100, 1.3), (None, 1)])
def test_volume_multiplier_points(ratio, value):
    """Volume adds nothing up to 1.5 times its mean, 0.3 from 2.5 times on; no mean, nothing added."""
    assert volume_multiplier(ratio, S) == pytest.approx(value)


def test_volume_is_held_against_the_twenty_bars_before():
    """The last bar is not part of the mean it is held against."""
    volumes = np.full(100, 10.0)
    volumes[-1] = 20.0
    assert technical_signal(candles(np.linspace(100, 101, 100), volumes), S).indicators["volume_multiplier"] == (
        pytest.approx(1.15)
    )


def test_a_score_never_leaves_its_range():
    """All four components at their utmost, one way, would make 1.07, and 1.39 on high volume: it is 1."""
    utmost = {"adx": 10.0, "rsi": 5.0, "macd_histogram": 9.0, "sma_20": 130.0, "sma_200": 100.0}
    bands = {"bb_lower": 105.0, "bb_upper": 155.0}
    assert _score({**utmost, **bands}, 100.0, 1.0, S) == 1
    assert _score({**utmost, **bands}, 100.0, 1.3, S) == 1


def test_the_keys_of_the_contract():
    """The indicators are exactly those that are promised outside."""
    assert set(technical_signal(waves(), S).indicators) == CONTRACT


def test_too_few_candles():
    """With 49 candles the pair is insufficient data; with 50 it is judged, without an SMA200."""
    with pytest.raises(InsufficientData, match="49 closed candles, at least 50"):
        technical_signal(waves(49), S)
    assert technical_signal(waves(50), S).indicators["sma_200"] is None


@given(st.integers(0, 10_000), st.integers(50, 120), st.floats(1e-5, 0.2))
def test_a_score_is_bounded_and_finite(seed, count, volatility):
    """On any walk, calm or wild, score and slope stay in [-1, 1] and every indicator is a finite number."""
    found = technical_signal(walk(seed, count, volatility), S)
    assert -1 <= found.score <= 1
    assert -1 <= found.indicators["macd_histogram_slope"] <= 1
    assert all(value is None or math.isfinite(value) for value in found.indicators.values())


@given(st.integers(0, 10_000), st.integers(0, 119), st.sampled_from(["close", "high", "low", "volume"]))
def test_a_score_is_continuous_in_every_candle(seed, row, column):
    """Changing one value of one candle by a ten-millionth moves the score by less than a thousandth."""
    frame = walk(seed)
    moved = frame.copy()
    moved.loc[row, column] *= 1 + 1e-7
    assume(moved.loc[row, "low"] <= moved.loc[row, ["open", "close"]].min())
    assume(moved.loc[row, "high"] >= moved.loc[row, ["open", "close"]].max())
    assert abs(technical_signal(moved, S).score - technical_signal(frame, S).score) < 1e-3


@given(st.integers(0, 1000), st.integers(2, 5))
def test_a_score_does_not_depend_on_the_currency(seed, zeros):
    """The same market in other units has the same score: everything is relative to the price."""
    frame = walk(seed)
    scaled = frame.copy()
    scaled[["open", "high", "low", "close"]] *= 10.0**zeros
    assert technical_signal(scaled, S).score == pytest.approx(technical_signal(frame, S).score, abs=1e-9)


@pytest.mark.parametrize("count", [50, 336])
@pytest.mark.parametrize("volume", [0.0, 10.0])
def test_candles_that_stand_still_are_neutral(count, volume):
    """One price for hours (a halted market): score 0, RSI 50, ADX 0, no width, no NaN."""
    found = technical_signal(candles(np.full(count, 7.0), np.full(count, volume), spread=0), S)
    assert (found.score, found.regime) == (0, "ranging")
    shown = found.indicators
    assert (shown["rsi"], shown["adx"], shown["atr"], shown["bb_width"]) == (50, 0, 0, 0)
    assert (shown["macd_histogram_slope"], shown["volume_multiplier"]) == (0, 1)


def test_a_halt_after_trading_is_finite():
    """Thirty flat candles without volume after a lively market: every indicator is finite and the band is worth 0."""
    moving = np.asarray(waves(200)["close"])
    closes = np.concatenate([moving, np.full(30, moving[-1])])
    found = technical_signal(candles(closes, np.concatenate([np.full(200, 5.0), np.zeros(30)]), spread=0), S)
    assert all(value is not None and math.isfinite(value) for value in found.indicators.values())
    assert abs(found.score) < 1


def test_only_rising_candles():
    """A market that never falls has RSI 100 and a trend, and no number is undefined."""
    found = technical_signal(candles(np.linspace(100, 130, 300)), S)
    assert found.indicators["rsi"] == pytest.approx(100)
    assert found.regime == "trending"


def test_values_that_are_not_numbers_are_refused():
    """A NaN in the candles is bad input, never a score."""
    frame = waves()
    frame.loc[335, "close"] = math.nan
    with pytest.raises(BadInput, match="no finite"):
        technical_signal(frame, S)


def test_knowing_a_signal_is_light():
    """Importing the sentiment judge loads neither pandas nor pandas-ta, which takes seconds."""
    code = "import sys, trading.signals.sentiment, trading.scoring; print({'pandas', 'pandas_ta'} & set(sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "set()"
