"""From articles to the reading of a pair, and what people see of it."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.made import NOW, S
from trading.pairs import parse_pairs
from trading.ports.news import Article, Latest
from trading.services.news import NewsCollection, notices_of, page_of, store
from trading.signals.news import reading_of, relevance, weighed
from trading.signals.sentiment import sentiment_signal

PAIRS = {pair.news: pair for pair in parse_pairs(None)}
BTC, ETH, XRP = PAIRS["BTC"], PAIRS["ETH"], PAIRS["XRP"]


def article(value=0.8, age_h=0.0, coins=("BTC",), key="1", **changes):
    plain = Article(key, f"Title {key}", value, NOW - timedelta(hours=age_h), coins=frozenset(coins))
    return replace(plain, **changes)


articles = st.lists(
    st.builds(
        article,
        value=st.floats(0, 1),
        age_h=st.floats(-5, 400),
        coins=st.sets(st.sampled_from(["BTC", "ETH", "PEPE"])),
        key=st.text("abc", min_size=1, max_size=3),
        votes=st.dictionaries(st.sampled_from(["positive", "negative", "lol"]), st.integers(0, 99)),
        panic=st.none() | st.floats(0, 100),
    ),
    max_size=8,
)


class Shelf:
    """Readings that only keep what is put."""

    def __init__(self):
        self.rows = {}

    def put_sentiment(self, pair, at, row):
        self.rows[pair.key] = {**row, "timestamp": int(at.timestamp())}


@pytest.mark.parametrize(
    ("coins", "code", "expected"),
    [
        ({"ETH"}, "ETH", 1.0),
        ({"ETH", "BTC"}, "ETH", 1.0),
        ({"BTC"}, "ETH", 0.5),
        ({"BTC", "PEPE"}, "ETH", 0.5),
        ((), "ETH", 0.3),
        ({"PEPE"}, "ETH", 0.0),
        ({"ETH"}, "BTC", 0.0),
    ],
)
def test_relevance(coins, code, expected):
    """The named currency counts 1.0, Bitcoin news for another 0.5, the market as a whole 0.3, other coins nothing."""
    assert relevance(frozenset(coins), code, S) == expected


def test_a_reading_by_hand():
    """ETH: 1.0 x 0.9 (its own, new), 0.5 x 0.5 x 0.2 (Bitcoin's, 12 h old), 0.3 x 0.5 (the market's): 0.75."""
    found = weighed(
        ETH, [article(0.9, 0, ("ETH",), "a"), article(0.2, 12, ("BTC",), "b"), article(0.5, 0, (), "c")], NOW, S
    )
    assert [(one.article.key, one.weight) for one in found] == [("a", 1.0), ("c", 0.3), ("b", 0.25)]
    row = reading_of(found)
    assert row["value"] == pytest.approx((0.9 + 0.15 + 0.05) / 1.55)
    assert row["score"] == pytest.approx(2 * row["value"] - 1)
    assert (row["article_count"], row["counts"]) == (3, {"news": 3})
    assert row["headlines"][0] == {
        "key": "a", "title": "Title a", "published_at": NOW, "value": 0.9, "weight": 1.0, "source": "",
    }  # fmt: skip


def test_articles_from_the_future_and_very_old_ones_do_not_count():
    """Nothing published after the reading's time counts (no look-ahead), nor anything older than a week."""
    there = [article(age_h=age_h, key=str(age_h)) for age_h in (-0.01, 0, 168, 168.01)]
    assert [one.article.key for one in weighed(BTC, there, NOW, S)] == ["0", "168"]


def test_no_articles_are_neutral():
    """A pair that nothing is said about reads 0.5, from no article."""
    assert reading_of([]) == {"value": 0.5, "score": 0, "article_count": 0, "counts": {}, "headlines": []}


@given(articles)
def test_a_reading_lies_between_its_articles(given_articles):
    """Whatever the articles, the value lies between the lowest and the highest that counts, heaviest first."""
    found = weighed(ETH, given_articles, NOW, S)
    row = reading_of(found)
    values = [one.value for one in found] or [0.5]
    assert min(values) - 1e-9 <= row["value"] <= max(values) + 1e-9
    assert [one.weight for one in found] == sorted((one.weight for one in found), reverse=True)
    assert (sum(row["counts"].values()), len(row["headlines"])) == (len(found), min(5, len(found)))


def test_what_is_stored_is_what_the_judge_reads():
    """The stored row goes straight into the judge: score, count and headlines arrive, and what was left out stays."""
    shelf, latest = Shelf(), Latest((article(0.9), article(0.7, key="2")), {"without a title": 3})
    stored = store(BTC, latest, NOW, shelf, S)
    signal = sentiment_signal(shelf.rows["btc_usdt"], NOW, S)
    assert (stored.value, stored.articles) == (signal.value, signal.articles) == (pytest.approx(0.8), 2)
    assert [line.title for line in signal.headlines] == ["Title 1", "Title 2"]
    assert shelf.rows["btc_usdt"]["left_out"] == {"without a title": 3}


def test_the_page_shows_headlines_and_formats_none_of_them():
    """Each pair's headlines with value and weight; a title's own table bars, links and HTML stay text."""
    title = "A | [link](http://x) <script>"
    stored = store(BTC, Latest((article(title=title, source="Desk|"),)), NOW, Shelf(), S)
    page = page_of(NewsCollection({"btc_usdt": stored}, {"from the future": 2}))
    assert "## btc_usdt: 0.80 (score +0.60) from 1 articles" in page
    assert "Posts left out: 2 from the future." in page
    row = next(line for line in page.splitlines() if "link" in line)
    assert len(re.findall(r"(?<!\\)\|", row)) == 6
    assert re.findall(r"(?<!\\)[\[<:]", row.removesuffix("|").partition("link")[2]) == []
    assert (r"\<script\>" in row, r"http\://x" in row) == (True, True)


def test_the_page_says_that_there_is_no_source():
    """Without a source the page says why, instead of a table."""
    page = page_of(NewsCollection({}, {}, "no news source: set KEY"))
    assert "no news source: set KEY" in page
    assert "|" not in page


def test_people_are_told_once():
    """Missing news are an alarm only when the source says that nobody was told yet."""
    (notice,) = notices_of(Latest(missing="used up", alarm=True), NOW)
    assert (notice.text, notice.alarm) == ("used up", True)
    assert notices_of(Latest(missing="used up"), NOW) == notices_of(Latest(), NOW) == []
