"""Weights and scores: they add up, stay in bounds, and move no further than they should."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import S
from trading.errors import BadInput
from trading.strategy import strategy_from
from trading.weighing import (
    ContextInputs,
    PairInputs,
    base_weights,
    confidence_damping,
    confidence_shifted,
    dominance_adjustment,
    ranked,
)

scores = st.floats(-1, 1)
shares = st.floats(0, 1)
inputs = st.builds(
    PairInputs, scores, scores, shares, scores, bb_width=st.floats(0, 1), macd_histogram=st.floats(-9, 9),
    macd_histogram_slope=scores,
)  # fmt: skip
contexts = st.none() | st.builds(
    ContextInputs, scores, st.none() | st.floats(0, 100), st.none() | st.floats(0, 100), st.floats(0, 7200)
)
earned = st.none() | shares
pairs = st.sampled_from(["btc_usdt", "eth_usdt", "xrp_usdt"])


def plain(**changes):
    found = {
        "technical_score": 0.4,
        "forecast_score": 0.6,
        "forecast_confidence": 0.5,
        "sentiment_score": -0.2,
        "bb_width": 0.03,
        "macd_histogram": 0.0,
        "macd_histogram_slope": 0.0,
    }
    return PairInputs(**{**found, **changes})


def score(found, context=None, pair="eth_usdt", forecast_weight=None, s=S):
    return ranked(pair, found, context, base_weights(s, forecast_weight), s)


def test_a_plain_score():
    """At neutral confidence the score is 0.45 x technical + 0.25 x forecast + 0.15 x sentiment + 0.15 x context."""
    found = score(plain(), ContextInputs(0.1, 50.0, 50.0, 0.0))
    assert found.score == pytest.approx(0.45 * 0.4 + 0.25 * 0.6 + 0.15 * -0.2 + 0.15 * 0.1)


@given(pairs, inputs, contexts, earned)
def test_a_score_is_its_parts(pair, found, context, weight):
    """The score is always clip(sum of weights x components + adjustments), within [-1, 1], of four named parts."""
    one = score(found, context, pair, weight)
    names = {"technical", "forecast", "sentiment", "context"}
    assert (set(one.weights), set(one.components), set(one.adjustments)) == (names, names, {"dominance"})
    total = sum(one.weights[name] * one.components[name] for name in names) + one.adjustments["dominance"]
    assert one.score == pytest.approx(max(-1, min(1, total)), abs=1e-12)
    assert -1 <= one.score <= 1


@pytest.mark.parametrize(("sign", "share"), [(1.0, 30.0), (-1.0, 70.0)])
def test_a_score_never_leaves_its_range(sign, share):
    """All judges at their utmost and Bitcoin's share on top: still 1 or -1."""
    most = plain(technical_score=sign, forecast_score=sign, sentiment_score=sign)
    assert score(most, ContextInputs(sign, 50.0, share, 0.0)).score == sign


@given(inputs, earned, shares, shares)
def test_weights_sum_to_one_and_are_never_negative(found, weight, technical, forecast):
    """Whatever the strategy's weights, the earned weight and the confidence: no weight below 0, their sum 1."""
    rest = (1 - technical) * (1 - forecast)
    s = strategy_from(
        {
            "weight_technical": technical,
            "weight_forecast": (1 - technical) * forecast,
            "weight_sentiment": rest / 2,
            "weight_context": rest / 2,
        },
        "here",
    )
    one = score(found, None, "eth_usdt", weight, s)
    assert sum(one.weights.values()) == pytest.approx(1)
    assert min(one.weights.values()) >= -1e-12


@pytest.mark.parametrize(("confidence", "shift"), [(0.5, 0), (0.75, 0.04), (1, 0.08), (0.25, -0.04), (0, -0.08)])
def test_confidence_shifts_weight_to_the_forecast(confidence, shift):
    """Confidence moves up to 0.08 between technical and forecast, nothing at 0.5."""
    weights = confidence_shifted(base_weights(S, None), confidence, S)
    assert weights["forecast"] == pytest.approx(0.25 + shift)
    assert weights["technical"] == pytest.approx(0.45 - shift)


@pytest.mark.parametrize("confidence", [0.0, 0.5, 1.0])
def test_a_forecast_without_weight_gets_none(confidence):
    """With an earned weight of 0 nothing is shifted: technical 0.6, sentiment 0.2, context 0.2, forecast 0."""
    one = score(plain(forecast_confidence=confidence), forecast_weight=0.0)
    assert one.weights == pytest.approx({"technical": 0.6, "forecast": 0, "sentiment": 0.2, "context": 0.2})


@given(shares, st.floats(0, 0.25), st.floats(0, 0.25))
def test_weights_are_continuous_in_what_is_earned(confidence, one, other):
    """No weight jumps, not even where the earned weight leaves 0: it moves by less than twice what is earned more."""
    before, after = (confidence_shifted(base_weights(S, weight), confidence, S) for weight in (one, other))
    assert max(abs(after[name] - before[name]) for name in before) <= 2 * abs(one - other) + 1e-12


@given(shares)
def test_a_whole_weight_is_shifted_in_full(confidence):
    """Earned in full, fixed, or more than configured: the shift is that of the strategy."""
    whole = confidence_shifted(base_weights(S, None), confidence, S)
    assert confidence_shifted(base_weights(S, S.weight_forecast), confidence, S) == pytest.approx(whole)
    more = confidence_shifted(base_weights(S, 0.3), confidence, S)
    assert more["forecast"] - 0.3 == pytest.approx(whole["forecast"] - S.weight_forecast)


@given(shares, earned)
def test_a_strategy_without_a_forecast_shifts_nothing(confidence, weight):
    """Configured with weight 0, a confident forecast takes nothing from the technical score."""
    s = strategy_from({"weight_technical": 0.7, "weight_forecast": 0.0}, "here")
    assert confidence_shifted(base_weights(s, weight), confidence, s) == base_weights(s, weight)


def test_an_earned_weight_releases_in_proportion():
    """An earned weight of 0.1 leaves 0.9 to the others, still 3 : 1 : 1."""
    assert base_weights(S, 0.1) == pytest.approx(
        {"technical": 0.54, "forecast": 0.1, "sentiment": 0.18, "context": 0.18}
    )
    assert base_weights(S, 0.25) == pytest.approx(base_weights(S, None))


def test_an_earned_weight_of_a_strategy_that_is_all_forecast():
    """With no other weight to grow in proportion, what is released goes to the technical score."""
    s = strategy_from(
        {"weight_technical": 0.0, "weight_forecast": 1.0, "weight_sentiment": 0.0, "weight_context": 0.0}, "here"
    )
    assert base_weights(s, 0.4) == {"technical": 0.6, "forecast": 0.4, "sentiment": 0, "context": 0}


def test_little_confidence_damps_the_forecast():
    """Below 0.3 the forecast's component is its score x confidence / 0.3; above, the score itself."""
    assert confidence_damping(0.15, S) == pytest.approx(0.5)
    assert confidence_damping(0.3, S) == 1
    assert score(plain(forecast_confidence=0.1)).components["forecast"] == pytest.approx(0.2)


@pytest.mark.parametrize(
    ("pair", "share", "shift"),
    [
        ("eth_usdt", 60.1, -0.05), ("eth_usdt", 60, 0), ("eth_usdt", 40, 0), ("eth_usdt", 39.9, 0.05),
        ("btc_usdt", 70, 0), ("btc_usdt", 30, 0), ("eth_usdt", None, 0),
    ],
)  # fmt: skip
def test_dominance(pair, share, shift):
    """Every pair but Bitcoin loses 0.05 above a share of 60 % and gains 0.05 below 40 %; unknown moves nothing."""
    assert dominance_adjustment(pair, share, S) == shift


@given(inputs, contexts, st.sampled_from(["technical_score", "forecast_score", "sentiment_score"]), scores)
def test_a_score_is_continuous_in_every_judge(found, context, name, other):
    """A judge's score moves the total by no more than its weight times the change."""
    moved = PairInputs(**{**{key: getattr(found, key) for key in PairInputs.__dataclass_fields__}, name: other})
    before, after = score(found, context), score(moved, context)
    weight = before.weights[name.removesuffix("_score")]
    assert abs(after.score - before.score) <= weight * abs(other - getattr(found, name)) + 1e-12


@given(inputs, contexts, shares)
def test_a_score_is_continuous_in_confidence(found, context, other):
    """A point of confidence moves the score by less than 2: by the shift of weight, and by the damping below 0.3."""
    moved = PairInputs(
        **{**{key: getattr(found, key) for key in PairInputs.__dataclass_fields__}, "forecast_confidence": other}
    )
    change = abs(score(moved, context).score - score(found, context).score)
    assert change <= 2 * abs(other - found.forecast_confidence) + 1e-12


@given(inputs, scores, scores)
def test_a_score_is_continuous_in_the_context(found, a, b):
    """The market context moves the total by 0.15 times its change."""
    one, two = (score(found, ContextInputs(value, 50.0, 50.0, 0.0)) for value in (a, b))
    assert abs(one.score - two.score) <= 0.15 * abs(a - b) + 1e-12


@pytest.mark.parametrize("name", PairInputs.__dataclass_fields__)
@pytest.mark.parametrize("wrong", [math.nan, math.inf, -math.inf])
def test_inputs_are_finite(name, wrong):
    """NaN and infinity are bad input for every number of a pair, by name."""
    with pytest.raises(BadInput, match=name):
        plain(**{name: wrong})


@pytest.mark.parametrize(
    ("name", "wrong"),
    [("technical_score", 1.01), ("forecast_score", -1.01), ("sentiment_score", 2), ("forecast_confidence", -0.1),
     ("forecast_confidence", 1.1), ("bb_width", -0.01), ("macd_histogram_slope", 1.5)],
)  # fmt: skip
def test_inputs_are_in_range(name, wrong):
    """A score outside [-1, 1], a confidence outside [0, 1] or a negative width is bad input, by name."""
    with pytest.raises(BadInput, match=name):
        plain(**{name: wrong})


@pytest.mark.parametrize(
    "wrong", [(1.5, 50, 50, 0), (0, 101, 50, 0), (0, 50, -1, 0), (math.nan, 50, 50, 0), (0, 50, 50, math.nan)]
)
def test_the_context_is_in_range(wrong):
    """An impossible context is bad input, not a neutral one."""
    with pytest.raises(BadInput):
        ContextInputs(*wrong)
