"""The market context judge: the curve of fear and greed, sources that fail alone, and what stale means."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S
from trading.signals.context import context_signal, dominance_value, fear_greed_value, funding_value

percents = st.floats(0, 100)


def reading(age_h=0.5, **changes):
    stamp = (NOW - timedelta(hours=age_h)).timestamp()
    return {"timestamp": stamp, "fear_greed": 20, "funding": 0.0001, "btc_dominance": 56.0, **changes}


@pytest.mark.parametrize(
    ("index", "value"),
    [
        (0, 1.0), (10, 0.5), (11, 0.1 + 0.027 * 14), (25, 0.1), (26, 0.095), (45, 0), (50, 0), (55, 0), (56, -0.005),
        (75, -0.1), (76, -0.127), (90, -0.505), (91, -0.55), (100, -1.0),
    ],
)  # fmt: skip
def test_fear_and_greed_points(index, value):
    """The contrarian curve of the page, at its corners and beside them."""
    assert fear_greed_value(index, S) == pytest.approx(value)


@given(percents, percents)
def test_fear_and_greed_hardly_jumps_and_never_rises(a, b):
    """More greed never favours buying more; a point moves the value by 0.05, plus the page's one step of 0.005 a side.

    The step is the page's: at 10 its inner slope reaches 0.505 where its outer one begins at 0.5.
    """
    low, high = sorted((a, b))
    assert fear_greed_value(low, S) >= fear_greed_value(high, S) - 0.005 - 1e-9
    assert abs(fear_greed_value(a, S) - fear_greed_value(b, S)) <= 0.05 * abs(a - b) + 0.01 + 1e-9
    assert -1 <= fear_greed_value(a, S) <= 1


@given(st.floats(-1, 1), st.floats(-1, 1))
def test_funding_is_bounded_and_continuous(a, b):
    """Funding of 0.05 % is a full -1, and the value moves in proportion."""
    assert funding_value(0.0005, S) == pytest.approx(-1)
    assert -1 <= funding_value(a, S) <= 1
    assert abs(funding_value(a, S) - funding_value(b, S)) <= abs(a - b) / 0.0005 + 1e-9


@given(percents, percents)
def test_dominance_is_bounded_and_continuous(a, b):
    """A share of 65 % is a full -1, 50 % is nothing."""
    assert (dominance_value(65, S), dominance_value(50, S), dominance_value(35, S)) == (-1, 0, 1)
    assert -1 <= dominance_value(a, S) <= 1
    assert abs(dominance_value(a, S) - dominance_value(b, S)) <= abs(a - b) / 15 + 1e-9


def test_all_three_sources():
    """0.5 x fear and greed + 0.3 x funding + 0.2 x dominance."""
    found = context_signal(reading(), NOW, S)
    assert found.score == pytest.approx(0.5 * (0.1 + 0.027 * 5) + 0.3 * -0.2 + 0.2 * -0.4)
    assert found.sources == ("fear_greed", "funding", "btc_dominance")
    assert (found.note, found.age_s) == ("", 1800)


@pytest.mark.parametrize("lost", ["fear_greed", "funding", "btc_dominance"])
@pytest.mark.parametrize("how", [None, "n/a", float("nan"), 101.0])
def test_a_source_that_fails_is_left_out(lost, how):
    """A value that is absent, no number or impossible (a share of 101 %) is left out, named, and made up for."""
    found = context_signal(reading(**{lost: how}), NOW, S)
    values = {
        "fear_greed": (0.5, fear_greed_value(20, S)),
        "funding": (0.3, funding_value(0.0001, S)),
        "btc_dominance": (0.2, dominance_value(56, S)),
    }
    del values[lost]
    expected = sum(w * v for w, v in values.values()) / sum(w for w, _ in values.values())
    assert found.score == pytest.approx(expected)
    assert found.sources == tuple(values)
    assert found.note == f"market context without {lost}"
    assert getattr(found, lost) is None


def test_all_sources_failing_is_neutral():
    """Nothing but a time: neutral, and the note names all three."""
    found = context_signal({"timestamp": NOW.timestamp()}, NOW, S)
    assert (found.score, found.sources) == (0, ())
    assert found.note == "market context without fear_greed, funding, btc_dominance: neutral"


@pytest.mark.parametrize(
    ("given_reading", "note"),
    [
        (None, "no market context"),
        (reading(age_h=2.01), "2.0 h old, over 2 h"),
        (reading(age_h=-0.1), "no usable time"),
        (reading(timestamp="now"), "no usable time"),
    ],
)
def test_a_stale_context_is_neutral_and_its_values_are_absent(given_reading, note):
    """Older than two hours, from the future or missing: score 0, and no fear and greed that could move a threshold."""
    found = context_signal(given_reading, NOW, S)
    assert (found.score, found.fear_greed, found.btc_dominance, found.funding) == (0, None, None, None)
    assert note in found.note


def test_two_hours_are_still_fresh():
    """Exactly two hours old still counts."""
    assert context_signal(reading(age_h=2), NOW, S).fear_greed == 20


@given(percents, st.floats(-0.1, 0.1), percents)
def test_a_context_is_bounded(mood, funding, share):
    """Whatever the sources say, the score stays in [-1, 1]."""
    found = context_signal(reading(fear_greed=mood, funding=funding, btc_dominance=share), NOW, S)
    assert -1 <= found.score <= 1


def sourced(**hours_old):
    """A reading of now whose sources measured so many hours ago."""
    stamps = {"fear_greed": 1, "funding": 0, "btc_dominance": 0.2, **hours_old}
    sources = {name: {"as_of": (NOW - timedelta(hours=age)).timestamp()} for name, age in stamps.items()}
    return reading(age_h=0, sources=sources)


@pytest.mark.parametrize(
    ("source", "limit_h"), [("fear_greed", 48), ("funding", 3), ("btc_dominance", 6)]
)  # fmt: skip
def test_a_value_that_is_too_old_itself_is_left_out(source, limit_h):
    """A reading of now can hold an old value: by its source's own time it counts to the hour, and no longer."""
    assert context_signal(sourced(**{source: limit_h}), NOW, S).note == ""
    found = context_signal(sourced(**{source: limit_h + 0.1}), NOW, S)
    assert found.note == f"market context without {source} ({limit_h + 0.1:.1f} h old, over {limit_h} h)"
    assert source not in (*found.sources, *found.ages_s)
    assert getattr(found, source) is None


@pytest.mark.parametrize("source", ["fear_greed", "funding", "btc_dominance"])
def test_a_value_from_the_future_is_left_out(source):
    """Clocks differ by minutes; a value of ten minutes from now was not known then."""
    assert context_signal(sourced(**{source: -4 / 60}), NOW, S).note == ""
    found = context_signal(sourced(**{source: -10 / 60}), NOW, S)
    assert found.note == f"market context without {source} (from the future)"
    assert source not in found.sources


def test_a_value_that_names_no_time_beside_those_that_do_is_left_out():
    """Where sources are named, a value without one, or without its time, is not known to be of now."""
    row = sourced()
    del row["sources"]["funding"]
    row["sources"]["btc_dominance"] = {"as_of": "yesterday"}
    found = context_signal(row, NOW, S)
    assert found.sources == ("fear_greed",)
    assert "funding (without a time of its own), btc_dominance (without a time of its own)" in found.note


def test_each_values_own_age_is_told():
    """The signal says how old each value is, not only how old the reading is."""
    assert context_signal(sourced(fear_greed=30), NOW, S).ages_s == {
        "fear_greed": 108_000, "funding": 0, "btc_dominance": 720
    }  # fmt: skip


@given(st.dictionaries(st.text("ABCUSDT", max_size=5), st.floats(-0.1, 0.1), min_size=1, max_size=6))
def test_funding_by_symbol_counts_as_its_mean(rates):
    """Rates by symbol are worth what their mean is worth; what is no number among them is not counted."""
    mean = sum(rates.values()) / len(rates)
    found = context_signal(reading(funding={**rates, "?": "n/a", "??": None}), NOW, S)
    assert found.funding == pytest.approx(mean)
    assert found.score == pytest.approx(context_signal(reading(funding=mean), NOW, S).score)


def test_no_rate_at_all_is_no_funding():
    """A map without a number is an absent source, not a rate of 0."""
    assert context_signal(reading(funding={}), NOW, S).funding is None
    assert context_signal(reading(funding={"BTCUSDT": "x"}), NOW, S).note == "market context without funding"
