"""What a model is given and what it may answer: the grid, the padding, a check that lets no wrong number through."""

from __future__ import annotations

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import S
from trading.candles import frame
from trading.errors import BadInput, InsufficientData
from trading.signals.outlook import Quantiles, checked, judged, series_of

START = datetime(2026, 1, 5, tzinfo=UTC)
WINDOW, LEAST = S.candles_window, S.candles_min
slots = st.sets(st.integers(0, WINDOW + 60), min_size=LEAST, max_size=WINDOW)
positive = st.floats(1e-3, 1e6)


def at_slots(numbers):
    """Candles at these slots, the typical price of each being 1000 + its number."""
    return frame([
        (START + timedelta(minutes=5 * n), 1000.0 + n, 1002.0 + n, 998.0 + n, 1000.0 + n, 1.0) for n in sorted(numbers)
    ])  # fmt: skip


@given(slots)
def test_every_candle_stands_in_its_slot_and_nothing_else_does(numbers):
    """The series ends at the newest candle; a slot holds the typical price of its own candle, or NaN without one."""
    newest, inside = max(numbers), {n for n in numbers if n > max(numbers) - WINDOW}
    if len(inside) < LEAST:
        with pytest.raises(InsufficientData, match=r"^eth_usdt: "):
            series_of("eth_usdt", at_slots(numbers), S)
        return
    series = series_of("eth_usdt", at_slots(numbers), S)
    assert len(series.values) == WINDOW
    found = {newest - WINDOW + 1 + at: value for at, value in enumerate(series.values) if not math.isnan(value)}
    assert found == {n: pytest.approx(1000 + n) for n in inside}
    assert series.starts_at == START + timedelta(minutes=5 * (newest - WINDOW + 1))
    assert series.price == 1000 + newest


@pytest.mark.parametrize("count", [0, 1, LEAST - 1])
def test_too_few_candles_are_no_series(count):
    """A pair with fewer candles than any judge accepts sits out; it is not forecast from padding (I18)."""
    with pytest.raises(InsufficientData, match=rf"^eth_usdt: {count} candles in {WINDOW} slots"):
        series_of("eth_usdt", at_slots(range(count)), S)


@given(st.lists(st.tuples(positive, positive, positive), min_size=1, max_size=24))
def test_quantiles_that_cross_are_sorted(steps):
    """Whatever order the model gave them in, q10 <= q50 <= q90 holds at every step, and no value is made up."""
    found = checked(list(zip(*steps, strict=True)), len(steps))
    for step, own in zip(steps, zip(found.q10, found.q50, found.q90, strict=True), strict=True):
        assert own == tuple(sorted(step))


@pytest.mark.parametrize(
    "wrong",
    [math.nan, math.inf, -math.inf, 0.0, -0.0, -5, None, True, "7", [7.0], {}, 10**400],
    ids=lambda value: str(value)[:12],
)
def test_what_is_no_price_is_no_forecast(wrong):
    """One value that is not a finite number above zero spoils the whole answer; none is replaced or left out."""
    with pytest.raises(BadInput, match=r"^the forecast holds "):
        checked([[1.0, 1.0], [1.0, wrong], [1.0, 1.0]], 2)


@pytest.mark.parametrize(("levels", "steps"), [(2, 12), (4, 12), (3, 11), (3, 13), (0, 12), (3, 0)])
def test_another_shape_is_no_forecast(levels, steps):
    """Fewer or more levels or steps than asked for are refused, never cut or padded."""
    with pytest.raises(BadInput, match="steps, not 12 for each of 3 levels"):
        checked([[1.0] * steps] * levels, 12)


def flat(q10, q90, q50=100.0):
    return Quantiles((q10,) * 12, (q50,) * 12, (q90,) * 12)


@pytest.mark.parametrize(("q10", "q90"), [(49.0, 100.0), (100.0, 201.0), (5e-324, 100.0), (100.0, 1e308)])
def test_an_answer_out_of_all_reason_is_refused(q10, q90):
    """A quantile more than twice the price, or under half of it, is another series' or no price: nothing is scored."""
    with pytest.raises(BadInput, match="out of all reason"):
        judged(flat(q10, q90), 100.0, S, "m")
    assert judged(flat(50.0, 200.0), 100.0, S, "m").model == "m"


@given(st.lists(st.floats(51, 199), min_size=1, max_size=24))
def test_a_median_that_mostly_leaves_the_price_is_no_forecast(q50):
    """Over the outlier limit at more than half of its steps it is refused, never scored as "no change"; else scored."""
    far = [step for step in q50 if abs(step - 100.0) > S.forecast_outlier_pct]
    found = Quantiles(tuple(q50), tuple(q50), tuple(q50))
    if len(far) > len(q50) / 2:
        with pytest.raises(BadInput, match=f"over 20 % off the price at {len(far)} of {len(q50)} steps"):
            judged(found, 100.0, S, "m")
    else:
        assert judged(found, 100.0, S, "m").q50 == tuple(q50)


@pytest.mark.parametrize("factor", [1.5, 0.6, 1.21])
def test_the_same_wrong_price_at_every_step_is_no_calm_market(factor):
    """A narrow band far off the price would count as sure of "no change" to a hundredth: it is a fault instead."""
    with pytest.raises(BadInput, match="at 12 of 12 steps"):
        judged(flat(99.9 * factor, 100.1 * factor, 100 * factor), 100.0, S, "m")


def test_a_constant_series_is_forecast_like_any_other():
    """A price that does not move makes a series without NaN, and quantiles that are all equal make a score of 0."""
    still = frame([(START + timedelta(minutes=5 * n), *([7.0] * 4), 0.0) for n in range(WINDOW)])
    series = series_of("eth_usdt", still, S)
    assert set(series.values) == {7.0}
    assert judged(checked([[7.0] * 12] * 3, 12), series.price, S, "m").score == 0
