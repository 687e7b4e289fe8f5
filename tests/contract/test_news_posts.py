"""CryptoPanic's posts: recorded pages, and everything else that a provider may send."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.dynamodb.wire import from_analysis, item_to_wire
from adapters.news import TitleLexicon
from adapters.news.posts import FUTURE, KINDS, NO_TIME, NO_TITLE, RETOLD, TWICE, VOTES, articles_of, text_of, time_of
from trading.pairs import parse_pairs
from trading.signals.news import reading_of, weighed
from trading.strategy import Strategy

PAIRS = parse_pairs(None)
AT = datetime(2023, 5, 20, 13, 0, tzinfo=UTC)
VALUE = TitleLexicon().value
STRATEGY = Strategy()


def post(**changes: Any) -> dict[str, Any]:
    """A post as API v2 sends it."""
    plain = {
        "id": 1,
        "title": "Bitcoin rallies",
        "published_at": "2023-05-20T12:00:00Z",
        "kind": "news",
        "source": {"title": "Desk", "domain": "desk.example"},
        "instruments": [{"code": "BTC"}],
        "votes": {"positive": 3, "negative": 0},
        "panic_score": None,
    }
    return {**plain, **changes}


def one(**changes: Any) -> Any:
    """The article of a post, which must be one."""
    ((article,), left_out) = articles_of([post(**changes)], PAIRS, AT, VALUE)
    assert left_out == {}
    return article


def reason(**changes: Any) -> str:
    """Why a post is left out, which it must be."""
    articles, ((why, count),) = (found := articles_of([post(**changes)], PAIRS, AT, VALUE))[0], found[1].items()
    assert (articles, count) == ((), 1)
    return why


def test_a_post():
    """Every field of a post arrives; votes of zero are none."""
    found = one(panic_score=63)
    assert (found.key, found.title, found.kind, found.source) == ("1", "Bitcoin rallies", "news", "Desk")
    assert (found.coins, found.votes, found.panic) == ({"BTC"}, {"positive": 3}, 63.0)
    assert found.published_at == datetime(2023, 5, 20, 12, 0, tzinfo=UTC)
    assert found.title_value > 0.6


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"title": None}, NO_TITLE),
        ({"title": ["x"]}, NO_TITLE),
        ({"title": " <b></b>\u200b\ud800 "}, NO_TITLE),
        ({"published_at": None}, NO_TIME),
        ({"published_at": 1684584000}, NO_TIME),
        ({"published_at": "yesterday"}, NO_TIME),
        ({"published_at": "0001-01-01T00:00:00+23:59"}, NO_TIME),
        ({"published_at": "1970-01-01T00:00:00Z"}, NO_TIME),
        ({"published_at": "2023-05-20T13:00:01Z"}, FUTURE),
        ({"published_at": "9999-12-31T23:59:59Z"}, FUTURE),
    ],
)
def test_a_post_without_title_or_time_is_left_out_and_counted(changes, why):
    """No title, no usable time or a time to come: the post is left out, and it is said why."""
    assert reason(**changes) == why


def test_times_without_a_zone_are_utc_and_creation_stands_in():
    """The provider's times are UTC; a post without a time of publication counts from its creation."""
    assert one(published_at="2023-05-20T12:00:00").published_at == datetime(2023, 5, 20, 12, tzinfo=UTC)
    assert one(published_at="2023-05-20T14:00:00+09:00").published_at == datetime(2023, 5, 20, 5, tzinfo=UTC)
    assert one(published_at=None, created_at="2023-05-20T11:00:00Z").published_at.hour == 11


@pytest.mark.parametrize("votes", [None, [], "9", {}, {"positive": -1, "negative": "3", "liked": True, "lol": 10**400}])
def test_votes_that_are_no_counts_are_none(votes):
    """Missing, null, negative, absurd or textual votes count as no votes; the post stays."""
    assert one(votes=votes).votes == {}


@pytest.mark.parametrize("panic", [None, "50", True, -1, 101, float("nan"), float("inf"), 10**400, {}])
def test_a_panic_score_that_is_none_is_none(panic):
    """Null, text, truth values and numbers outside 0 to 100 are no panic score."""
    assert one(panic_score=panic).panic is None


def test_what_a_post_is_about():
    """Instruments (v2) or currencies (v1) say it, an empty list means the market; without a list the title says it."""
    title = "Will ETHEREUM follow XRP? Solanas and Dogecoiners, no doge"
    assert one(instruments=[{"code": " eth "}, {"code": None}, "SOL", {}]).coins == {"ETH"}
    assert one(instruments=[]).coins == frozenset()
    v1 = {key: value for key, value in post(title=title).items() if key != "instruments"}
    assert articles_of([{**v1, "currencies": [{"code": "NEO"}]}], PAIRS, AT, VALUE)[0][0].coins == {"NEO"}
    assert articles_of([v1], PAIRS, AT, VALUE)[0][0].coins == {"ETH", "XRP"}
    assert one(instruments=None, title="Markets rest").coins == frozenset()


def test_of_posts_with_one_id_the_newest_counts():
    """A post in both calls counts once; an edited title counts as it was published or read last."""
    edited = [
        post(title="Bitcoin crashes"),
        post(title="Bitcoin rallies"),
        post(title="Old", published_at="2023-05-20"),
    ]
    articles, left_out = articles_of(edited, PAIRS, AT, VALUE)
    assert ([found.title for found in articles], left_out) == (["Bitcoin rallies"], {TWICE: 2})


def test_a_story_that_is_told_again_is_one_story():
    """The same title under other ids and from other sources counts once, as it was told last."""
    again = [
        post(id=number, source={"title": f"desk {number}"}, title=title, published_at=f"2023-05-20T0{number}:00:00Z")
        for number, title in enumerate(["Bitcoin rallies", "BITCOIN  rallies", "Bitcoin falls"])
    ]
    articles, left_out = articles_of(again, PAIRS, AT, VALUE)
    assert [found.title for found in articles] == ["Bitcoin falls", "BITCOIN rallies"]
    assert left_out == {RETOLD: 1}

    without = [post(id=None, slug=None, title="A"), post(id=None, slug=None, title="B"), post(id=None, slug="s")]
    assert len(articles_of(without, PAIRS, AT, VALUE)[0]) == 3


def test_titles_are_plain_text():
    """HTML, entities, control characters and novels in titles become one plain line."""
    assert (
        text_of('NEO up <span class="color-green">20.99%</span>\n&amp; &lt;b&gt;more\x00', 300)
        == "NEO up 20.99% & more"
    )
    assert text_of("x" * 10_000, 300) == "x" * 300


@pytest.mark.parametrize(
    ("name", "count", "coins"),
    [("2018-01-generic", 40, "NEO"), ("2018-01-neo", 20, "NEO"), ("2023-05-results", 200, "ADA")],
)
def test_recorded_pages(market_data, name, count, coins):
    """Every post of the recorded pages is read, none is left out, none keeps HTML, and none shows a token."""
    file = market_data / "payloads" / "cryptopanic" / f"posts-v1-{name}.json"
    if not file.is_file():
        pytest.skip(f"no recorded page {file}: set TRADER_MARKET_DATA to run this test")
    body = json.loads(file.read_text())
    posts = body["results"] if isinstance(body, dict) else body
    articles, left_out = articles_of(posts, PAIRS, AT, VALUE)
    assert (len(articles), left_out) == (count, {})
    assert any(coins in found.coins for found in articles)
    assert not any("<" in found.title or "auth_token" in repr(found) for found in articles)
    assert [found.published_at for found in articles] == sorted((a.published_at for a in articles), reverse=True)


anything: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["2023-05-20T12:00:00Z", "2023-05-20", "0001-01-01T00:00:00+14:00", 10**400, "\ud800"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["code", "title", "x"]), inner),
    max_leaves=6,
)
fields = st.sampled_from([*post(), "currencies", "created_at", "slug", "url"])
spoilt = st.builds(lambda changes: post(**changes), st.dictionaries(fields, anything, max_size=4))
times = st.datetimes(timezones=st.none() | st.timezones()).map(datetime.isoformat)
dated = st.builds(lambda at, text: post(published_at=at, title=text, id=text), times, st.text(max_size=80))


@settings(max_examples=400)
@given(st.lists(spoilt | dated | anything, max_size=5))
def test_whatever_the_provider_sends(posts):
    """Any posts at all become valid articles or counts, never an error; every pair's reading can be stored."""
    articles, left_out = articles_of(posts, PAIRS, AT, VALUE)
    assert len(articles) + sum(left_out.values()) == len(posts)
    for found in articles:
        assert found.title
        assert found.title.isprintable()
        assert 0 <= found.title_value <= 1
        assert found.published_at <= AT
        assert found.published_at.utcoffset() == timedelta(0)
        assert found.kind in {*KINDS, "other"}
        assert set(found.votes) <= set(VOTES)
        assert found.panic is None or 0 <= found.panic <= 100
    for pair in PAIRS[:2]:
        row = reading_of(weighed(pair, articles, AT, STRATEGY))
        assert 0 <= row["value"] <= 1
        json.dumps(item_to_wire({"row": from_analysis(row)})).encode()


@given(st.text() | st.integers() | st.none())
def test_a_time_is_utc_or_none(found):
    """Whatever stands where a time should: an aware UTC time, or nothing."""
    at = time_of(found)
    assert at is None or (at.utcoffset() == timedelta(0) and math.isfinite(at.timestamp()))
