"""The weight that a model earns by its past, and the table beside it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made_forecasts import PAIRS, START, closer, forecasts
from trading.calibration.losses import absolute_loss, flat_path
from trading.calibration.past import first_of_hours, past_losses
from trading.calibration.records import NO_OUTCOME, arrays_of
from trading.calibration.table import calibration_rows
from trading.calibration.weight import earned_weight
from trading.errors import BadInput
from trading.strategy import Strategy, strategy_from

FEW = {"forecast_skill_min": 60, "forecast_skill_min_blocks": 3, "forecast_skill_draws": 100}
STRATEGY = Strategy(**FEW)
MODEL = "made"
KNOWS = st.floats(-1.0, 1.0)
COUNT = 90  # 30 hours of 3 pairs: 5 blocks


def earned(made, strategy=STRATEGY):
    return earned_weight(past_losses(made), MODEL, strategy)


def weight(made, strategy=STRATEGY):
    return earned(made, strategy).weight


@given(KNOWS, st.floats(0, 1), st.integers(0, 50))
def test_a_weight_lies_between_nothing_and_the_configured_one(knows, configured, seed):
    """Whatever the forecasts were and whatever the strategy gives the forecast."""
    rest = {"weight_technical": 1 - configured, "weight_sentiment": 0.0, "weight_context": 0.0}
    strategy = Strategy(weight_forecast=configured, **rest, **FEW)
    found = earned(forecasts(COUNT, knows, seed), strategy)
    assert 0 <= found.weight <= configured == found.configured


@given(KNOWS, st.lists(st.floats(0, 1), min_size=COUNT, max_size=COUNT), st.integers(0, 50))
def test_better_forecasts_never_earn_less(knows, shares, seed):
    """Each median moved by any part towards what came: the skill, its lower end and the weight do not fall."""
    made = forecasts(COUNT, knows, seed)
    before = earned(made)
    after = earned([closer(one, share) for one, share in zip(made, shares, strict=True)])
    assert after.skill.value >= before.skill.value - 1e-12
    assert after.skill.low >= before.skill.low - 1e-12
    assert after.weight >= before.weight - 1e-9


@given(KNOWS, st.permutations(PAIRS), st.randoms(use_true_random=False))
def test_pairs_and_order_do_not_matter(knows, others, random):
    """Forecasts in another order, and pairs that swap their names, earn the same."""
    made = forecasts(COUNT, knows)
    named = dict(zip(PAIRS, others, strict=True))
    swapped = [replace(one, pair=named[one.pair]) for one in made]
    random.shuffle(swapped)
    assert weight(swapped) == pytest.approx(weight(made), abs=1e-9)


def test_the_naive_forecast_earns_nothing_and_one_that_knows_earns_everything():
    """Skill 0 is weight 0; to know a tenth of what comes is more than enough."""
    assert weight(forecasts(COUNT, 0.0)) == weight(forecasts(COUNT, -0.1)) == 0
    assert weight(forecasts(COUNT, 0.1)) == STRATEGY.weight_forecast


def test_luck_is_not_skill():
    """Better than naive on the whole, but by some spells of time only: the lower end is below 0 and earns nothing."""
    spells = [(0.6, 0), (-0.5, 1), (0.6, 2), (-0.5, 3), (0.6, 4)]
    made = [one for knows, spell in spells for one in forecasts(18, knows, start=START + spell * timedelta(hours=6))]
    found = earned(made)
    assert found.skill.low < 0 < found.skill.value
    assert found.weight == 0


def test_the_weight_grows_in_a_line_with_the_lower_end():
    """Half of the skill that earns everything earns half."""
    made = forecasts(COUNT, 0.01)
    low = earned(made).skill.low
    assert low > 0
    for part in (0.25, 0.5, 1.0):
        strategy = Strategy(**FEW, forecast_skill_full=low / part)
        assert weight(made, strategy) == pytest.approx(part * strategy.weight_forecast)


def test_too_few_forecasts_earn_nothing():
    """However good they were: fewer than the fewest, or all of them within a few blocks of time."""
    assert weight(forecasts(59, 0.9)) == 0
    assert weight(forecasts(60, 0.9)) > 0
    crowded = forecasts(COUNT, 0.9, every=timedelta(minutes=5))
    found = earned(crowded, Strategy(**{**FEW, "forecast_skill_min": 9}))
    assert (found.weight, found.skill.forecasts, found.skill.blocks) == (0, 9, 1)
    assert found.why.endswith("against naive; they fall into 1 blocks of 6 h, 3 are needed")


@given(KNOWS, st.lists(st.integers(1, 59), min_size=COUNT, max_size=COUNT), st.integers(0, 50))
def test_looking_more_often_is_no_evidence(knows, minutes, seed):
    """More forecasts in the same hours, be they as good as can be, earn what the first of each hour earned."""
    made = forecasts(COUNT, knows, seed)
    more = [
        replace(closer(one, 1.0), at=one.at + timedelta(minutes=late)) for one, late in zip(made, minutes, strict=True)
    ]
    assert earned([*more, *made]) == earned(made)


def test_the_first_of_an_hour_counts():
    """Of each pair and each model, in the hour of the clock in which it was made, in any order."""
    made = forecasts(24, 0.5, every=timedelta(minutes=25))
    losses = past_losses([*made, *(replace(one, model="other") for one in made)])
    first = first_of_hours(losses[::-1])
    assert {(one.pair, one.model) for one in first} == {(pair, model) for pair in PAIRS for model in (MODEL, "other")}
    assert {one.at - START for one in first} == {timedelta(minutes=minutes) for minutes in (0, 75, 125)}
    assert first == first_of_hours(first)


def test_only_the_newest_forecasts_of_the_model_with_an_outcome_count():
    """Another model's, those still open, those without candles and those before the window change nothing."""
    strategy = Strategy(**FEW, forecast_skill_window=COUNT)
    good = forecasts(COUNT, 0.9)
    older = forecasts(COUNT, -1.0, start=good[0].at - timedelta(days=30))
    other = forecasts(COUNT, -1.0, model="other")
    waiting = [replace(one, outcome=None) for one in forecasts(COUNT, -1.0, seed=2)]
    lost = [replace(one, outcome=NO_OUTCOME) for one in forecasts(COUNT, -1.0, seed=3)]
    assert earned([*older, *other, *waiting, *lost, *good], strategy) == earned(good, strategy)
    assert weight([*older, *good], Strategy(**FEW)) == 0


@given(KNOWS, st.lists(st.sets(st.integers(0, 11), max_size=12), min_size=9, max_size=9))
def test_losses_are_those_of_the_paths(knows, missing):
    """Taken one at a time or all at once: the errors of median and last close over the steps that are known."""
    whole = forecasts(9, knows)
    made = [
        replace(one, outcome=tuple(None if step in gone else price for step, price in enumerate(one.outcome)))
        for one, gone in zip(whole, missing, strict=True)
    ]
    alone = [loss for one in made for loss in past_losses([one])]
    assert alone == past_losses(made[::-1])
    data = arrays_of([one for one, gone in zip(made, missing, strict=True) if len(gone) < 12])
    naive = absolute_loss(flat_path(data.price, 12), data.actual, data.price)
    assert [one.error_pct for one in alone] == list(absolute_loss(data.q50, data.actual, data.price))
    assert [one.naive_error_pct for one in alone] == list(naive)
    assert [(one.at.timestamp(), one.model) for one in alone] == [(epoch, MODEL) for epoch in data.epochs]


def test_a_fixed_weight_asks_for_no_past():
    """The whole configured weight, and the words say that it is fixed."""
    found = earned([], Strategy(forecast_weight_mode="fixed"))
    assert (found.weight, found.skill, found.why) == (0.25, None, "0.25: the weight of the forecast is fixed")


def test_the_words_say_why():
    """How much of what, from how many forecasts, with which skill."""
    assert earned([]).why == "0 of 0.25: no forecast of made has an outcome yet"
    short = earned(forecasts(30, 0.5)).why
    assert short == "0 of 0.25: 30 hourly forecasts of made, skill +50.0 % [+50.0, +50.0] against naive; 60 are needed"
    assert earned(forecasts(COUNT, 1.0)).why.startswith("0.25 of 0.25: 90 hourly forecasts of made,")


def test_earned_is_what_a_strategy_starts_with():
    """By default the forecast earns its weight; another mode than the two is refused by its name."""
    assert Strategy().forecast_weight_mode == "earned"
    with pytest.raises(BadInput, match=r"^here: forecast_weight_mode: "):
        strategy_from({"forecast_weight_mode": "free"}, "here")
    with pytest.raises(BadInput, match="forecast_skill_min < forecast_skill_window must hold"):
        strategy_from({"forecast_skill_window": 1000}, "here")


# ------------------------------------------------------------------------------------------------------------- table


def test_the_table_has_a_row_a_pair_and_one_of_all():
    """Per model its pairs and all together, with what they say of it; a model of one pair needs no row of all."""
    made = [*forecasts(COUNT, 0.5), *forecasts(20, 0.0, model="another", pairs=("btc_usdt",))]
    rows = calibration_rows(made, STRATEGY)
    named = [(row.model, row.pair, row.forecasts) for row in rows]
    assert named == [("another", "btc_usdt", 20), *((MODEL, pair, 30) for pair in PAIRS), (MODEL, "all", 90)]
    whole = rows[-1]
    assert whole.error_pct == pytest.approx(whole.naive_error_pct / 2)
    assert whole.skill_naive.value == pytest.approx(0.5)
    assert whole.momentum_error_pct > 1.02 * whole.naive_error_pct
    assert whole.skill_momentum.value == pytest.approx(1 - whole.error_pct / whole.momentum_error_pct)
    assert 0.7 < whole.naive_covered_share < 0.9
    assert whole.skill_naive == earned(made).skill


def test_a_model_without_quantiles_has_no_coverage():
    """Momentum gives a path alone: what cannot be said of it is None, in its row and beside others."""
    bare = [replace(one, q10=(), q90=(), model="bare") for one in forecasts(30, 0.5)]
    row = calibration_rows([*bare, *forecasts(30, 0.5)], STRATEGY)[3]
    assert (row.model, row.covered_share, row.pinball_pct, row.skill_pinball) == ("bare", None, None, None)
    assert row.skill_naive.value == pytest.approx(0.5)


def test_a_forecast_fits_its_steps():
    """Paths of unequal length, none at all, and an outcome of other steps are refused."""
    (one,) = forecasts(1, 0.5)
    for wrong in ({"q10": (1.0,)}, {"q50": ()}, {"outcome": (1.0, None)}):
        with pytest.raises(BadInput, match="steps"):
            replace(one, **wrong)
