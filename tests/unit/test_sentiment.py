"""The sentiment judge and what an article is worth."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S
from trading.signals.articles import article_value, article_weight, pair_value, vote_ratio
from trading.signals.sentiment import Headline, sentiment_signal

KINDS = ("positive", "important", "liked", "negative", "toxic", "disliked")
votes = st.fixed_dictionaries({kind: st.integers(0, 50) for kind in KINDS})
shares = st.floats(0, 1)


def reading(value=0.8, age_h=1.0, **changes):
    stamp = int((NOW - timedelta(hours=age_h)).timestamp())
    return {"pair": "btc_usdt", "timestamp": stamp, "value": value, "article_count": 4, **changes}


def test_a_fresh_reading():
    """Value 0.8 from four articles an hour ago is a score of 0.6."""
    found = sentiment_signal(reading(), NOW, S)
    assert (found.score, found.value, found.articles, found.age_s, found.note) == (pytest.approx(0.6), 0.8, 4, 3600, "")


def test_a_reading_from_the_books_holds_decimals():
    """What the store gives back as Decimal is judged like the float it was."""
    stored = {"timestamp": Decimal(int(NOW.timestamp())), "value": Decimal("0.25"), "article_count": Decimal(2)}
    found = sentiment_signal(stored, NOW, S)
    assert (found.score, found.articles) == (pytest.approx(-0.5), 2)


@pytest.mark.parametrize(
    ("given_reading", "note"),
    [
        (None, "no news reading"),
        (reading(age_h=6.01), "6.0 h old, over 6 h"),
        (reading(age_h=-1), "from the future"),
        (reading(value=None), "no usable value"),
        (reading(value="0.9"), "no usable value"),
        (reading(value=1.5), "no usable value"),
        (reading(value=float("nan")), "no usable value"),
        (reading(timestamp=None), "no usable value"),
    ],
)
def test_missing_stale_and_broken_readings_are_neutral_and_say_so(given_reading, note):
    """No reading, an old one, one from the future or without a number: score 0, value 0.5, and a note in words."""
    found = sentiment_signal(given_reading, NOW, S)
    assert (found.score, found.value) == (0, 0.5)
    assert note in found.note
    assert "neutral" in found.note


@pytest.mark.parametrize("given_reading", [None, reading(age_h=9), reading(value=None)])
def test_a_desk_without_news_says_why(given_reading):
    """Where there is no source of news, the note begins with that, whatever is left of old readings."""
    found = sentiment_signal(given_reading, NOW, S, missing="no news source: set KEY")
    assert (found.score, found.value) == (0, 0.5)
    assert found.note.startswith("no news source: set KEY")


def test_no_articles_are_said_to_be_none():
    """A reading from no article is neutral and says so; one that is neutral by its articles does not."""
    assert sentiment_signal(reading(value=0.5, article_count=0), NOW, S).note == "no news about it: neutral"
    assert sentiment_signal(reading(value=0.5), NOW, S).note == ""


def test_a_signal_carries_the_heaviest_headlines():
    """The first three headlines that can be read come along with their time and value; broken ones are left out."""
    rows = [{"title": f"T{i}", "published_at": NOW.isoformat(), "value": Decimal("0.7")} for i in range(4)]
    broken = ["text", {"title": 5, "published_at": NOW, "value": 1}, {**rows[0], "published_at": "yesterday"}]
    broken += [{**rows[0], "published_at": "2024-03-05T12:00:00"}, {**rows[0], "value": "high"}, {"title": "T"}]
    found = sentiment_signal(reading(headlines=[*broken, *rows]), NOW, S)
    assert found.headlines == tuple(Headline(f"T{i}", NOW, 0.7) for i in range(3))
    assert sentiment_signal(reading(headlines="none"), NOW, S).headlines == ()


def test_a_stale_reading_shows_no_headlines():
    """Headlines that moved nothing are not shown with a decision."""
    rows = [{"title": "T", "published_at": NOW.isoformat(), "value": 0.7}]
    assert sentiment_signal(reading(age_h=7, headlines=rows), NOW, S).headlines == ()


def test_six_hours_are_still_fresh():
    """Exactly six hours old still counts."""
    assert sentiment_signal(reading(age_h=6), NOW, S).score == pytest.approx(0.6)


@given(shares, shares)
def test_sentiment_is_bounded_and_continuous(a, b):
    """The score stays in [-1, 1] and moves twice as far as the value."""
    one, two = (sentiment_signal(reading(value=value), NOW, S).score for value in (a, b))
    assert -1 <= one <= 1
    assert abs(one - two) <= 2 * abs(a - b) + 1e-12


@pytest.mark.parametrize(("age_h", "weight"), [(0, 1), (12, 0.5), (21.6, 0.1), (24, 0.1), (500, 0.1)])
def test_articles_fade(age_h, weight):
    """An article loses its weight within a day, down to a tenth; relevance multiplies."""
    assert article_weight(1.0, age_h, S) == pytest.approx(weight)
    assert article_weight(0.3, age_h, S) == pytest.approx(0.3 * weight)


def test_a_vote_ratio():
    """Important and toxic votes count 1.5, the others once; without votes it is neutral."""
    assert vote_ratio({"positive": 2, "important": 2, "negative": 1, "toxic": 2, "disliked": 1}, S) == pytest.approx(
        0.5
    )
    assert vote_ratio({}, S) == 0.5


def test_votes_count_as_they_become_trustworthy():
    """Up to five votes only the title counts, from twenty on only the votes."""
    assert article_value(0.2, {"positive": 5}, None, S) == pytest.approx(0.2)
    assert article_value(0.2, {"positive": 20}, None, S) == pytest.approx(1.0)
    assert article_value(0.2, {"liked": 10, "lol": 90}, None, S) == pytest.approx(0.2 * 2 / 3 + 1 / 3)


def test_panic_shifts_a_value():
    """A panic score of 100 shifts by 0.1, of 0 by -0.1; without one nothing shifts."""
    assert article_value(0.5, {}, 100.0, S) == pytest.approx(0.6)
    assert article_value(0.5, {}, 0.0, S) == pytest.approx(0.4)
    assert article_value(0.5, {}, None, S) == pytest.approx(0.5)
    assert (article_value(1.0, {}, 100.0, S), article_value(0.0, {}, 0.0, S)) == (1, 0)


@given(shares, votes, st.none() | st.floats(0, 100))
def test_an_article_is_bounded(title, counted, panic):
    """Whatever its title, votes and panic score, an article's value stays in [0, 1]."""
    assert 0 <= article_value(title, counted, panic, S) <= 1


@given(st.lists(st.tuples(shares, st.floats(0.01, 1)), max_size=9))
def test_a_pair_lies_between_its_articles(articles):
    """The weighted mean lies between the lowest and the highest article; without articles it is 0.5."""
    values = [value for value, _ in articles] or [0.5]
    assert min(values) - 1e-9 <= pair_value(articles) <= max(values) + 1e-9
