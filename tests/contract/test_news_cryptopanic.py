"""CryptoPanic's client: against the simulated provider, and against everything that can come back instead."""

from __future__ import annotations

import json
import logging
import traceback
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.news import Allowance, CryptoPanic, NoNews, open_news
from tests.contract import weather
from tests.contract.replies import served
from tests.contract.worlds import open_world
from trading.errors import Halt, Rejected, TradingError, Transient
from trading.pairs import parse_pairs
from trading.ports.news import Latest, News

PAIRS = parse_pairs(None)
AT = datetime(2026, 1, 5, 12, tzinfo=UTC)
TOKEN = "planted-token-77ab31"
NEXT = f"https://cryptopanic.com/api/growth/v2/posts/?auth_token={TOKEN}&page=2"


class Counter:
    """A quota in this process; ``log`` keeps what was asked of it."""

    def __init__(self, used=0):
        self.used, self.refused, self.log = used, 0, []

    def take(self, at, most):
        self.log.append((at, most))
        free = self.used < most
        self.used += free
        return free

    def first_refusal(self, at):
        del at
        self.refused += 1
        return self.refused == 1


def news_at(url, quota=None, most=3000, key=TOKEN, transport=None) -> CryptoPanic:
    """A client of an address, with a count of its own."""
    allowance = Allowance(quota or Counter(), most, lambda: AT)
    return CryptoPanic(f"{url}/api/growth/v2/posts/", SecretStr(key), allowance, lambda _title: 0.5, transport)


def answering(*bodies, status=200):
    """A transport that answers one body after the other, and the requests that it was sent."""
    sent, left = [], list(bodies)

    def handle(request):
        sent.append(request)
        return httpx.Response(status, content=left.pop(0) if len(left) > 1 else left[0])

    return httpx.MockTransport(handle), sent


def page(*posts):
    return json.dumps({"next": NEXT, "previous": None, "results": list(posts)}).encode()


def post(number, **changes):
    return {"id": number, "title": f"Title {number}", "published_at": "2026-01-05T11:00:00Z", **changes}


def test_the_simulated_provider_is_understood():
    """Against the simulator: articles of this day, none from the future, about our coins or the whole market."""
    with open_world(history=600) as world:
        at = datetime.fromisoformat(httpx.get(f"{world.url}/_clock").json()["now"])
        news: News = open_news(f"{world.url}/cryptopanic", "developer", SecretStr("any"), Counter(), 3000, lambda: at)
        found = news.latest(PAIRS, at)
    assert (found.missing, len(found.articles) > 20) == ("", True)
    assert all(at - timedelta(hours=49) < one.published_at <= at for one in found.articles)
    assert {code for one in found.articles for code in one.coins} <= {pair.news for pair in PAIRS}
    assert any(not one.coins for one in found.articles)
    assert len({one.title_value for one in found.articles}) > 3


def test_a_run_is_two_calls():
    """The posts of all our currencies, then those of the whole market; one in both counts once; no link is followed."""
    transport, sent = answering(page(post(1), post(2)), page(post(2), post(3)))
    quota = Counter()
    found = news_at("http://x", quota, transport=transport).latest(PAIRS, AT)
    assert sorted(one.key for one in found.articles) == ["1", "2", "3"]
    asked = [dict(request.url.params) for request in sent]
    assert asked[0].pop("currencies") == "ETH,BTC,XRP,SOL,DOGE,AVAX"
    assert asked == [{"public": "true", "regions": "en", "auth_token": TOKEN}] * 2
    assert (quota.used, found.left_out) == (2, {"sent twice": 1})


def test_each_call_is_counted_before_it_is_made():
    """A call that fails has been counted: the provider may have counted it, too; the second one is then not made."""
    quota = Counter()
    with pytest.raises(Transient):
        news_at(weather.closed_port(), quota).latest(PAIRS, AT)
    assert quota.used == 1


@pytest.mark.parametrize("used", [2999, 3000, 9000])
def test_the_month_s_calls_are_never_exceeded(used):
    """When fewer calls are left than a run needs, none is made, nothing is stored, and people are told once."""
    transport, sent = answering(page())
    news = news_at("http://x", Counter(used), transport=transport)
    first, second = news.latest(PAIRS, AT), news.latest(PAIRS, AT)
    assert "3000 news calls of 2026-01 are used up" in first.missing
    assert (first.alarm, second.alarm, sent) == (True, False, [])
    assert news_at("http://x", Counter(2998), transport=transport).latest(PAIRS, AT).missing == ""


def test_without_a_key_there_is_no_source():
    """A desk without a key has no source and says which variable gives it one; nobody is alarmed."""
    news = open_news("http://x", "growth", None, Counter(), 3000, lambda: AT)
    assert isinstance(news, NoNews)
    assert news.missing == "no news source: set TRADER_CRYPTOPANIC_API_KEY"
    assert news.latest(PAIRS, AT) == Latest(missing=news.missing)


def test_no_posts_are_no_articles():
    """An empty page is an answer: no articles, and nothing is missing."""
    transport, _ = answering(page())
    assert news_at("http://x", transport=transport).latest(PAIRS, AT) == Latest()


@pytest.mark.parametrize(
    ("status", "kind", "words"),
    [
        (401, Halt, "TRADER_CRYPTOPANIC_API_KEY"),
        (403, Halt, "plan or its limit"),
        (404, Halt, "TRADER_CRYPTOPANIC_PLAN"),
        (429, Transient, "wait"),
        (500, Transient, "try again"),
        (503, Transient, "try again"),
        (302, Rejected, "refused"),
        (400, Rejected, "refused"),
    ],
)
def test_refusals(status, kind, words):
    """Who acts on each status: a person for key and plan, a retry for limits and broken servers, else nobody."""
    with served(NEXT.encode(), status, headers={"Location": NEXT}) as here, pytest.raises(kind, match=words) as caught:
        news_at(here.url).latest(PAIRS, AT)
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [b"", b"<html>", b"[]", b"null", b"{}", b'{"results": null}', b'{"results": {}}', b'{"results": [', b"[" * 100_000,
     b'{"results": 1}', b'{"results": ["\xff"]}'],
)  # fmt: skip
def test_an_answer_that_is_no_page_is_tried_again(body):
    """HTML, half a body, another shape: nothing of it is read; the same call may be made again."""
    transport, _ = answering(body)
    with pytest.raises(Transient, match="no page of posts"):
        news_at("http://x", transport=transport).latest(PAIRS, AT)


@pytest.mark.parametrize(
    "behaviour",
    [
        weather.RESET,
        weather.EMPTY,
        weather.NONSENSE,
        weather.CUT_HEAD,
        weather.CUT_BODY,
        weather.HTML,
        weather.CUT_JSON,
    ],
)
def test_bad_weather_is_transient(behaviour):
    """Resets, cut and senseless answers: nothing happened, the same call may be made again; no token in the error."""
    with weather.weather(behaviour) as here, pytest.raises(Transient) as caught:
        news_at(here.url).latest(PAIRS, AT)
    assert TOKEN not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize("url", ["ftp://x", "http://x:port", "x"])
def test_an_address_that_is_none_needs_a_person(url):
    """A setting that is no HTTP address halts and names the variable."""
    with pytest.raises(Halt, match="TRADER_CRYPTOPANIC_URL"):
        news_at(url).latest(PAIRS, AT)


def test_the_token_is_sent_and_nowhere_else(caplog):
    """The request carries the token; no log of any library, no error, no text of an object and no article does."""
    with caplog.at_level(logging.DEBUG), served(page(post(1, title="T", url=NEXT))) as here:
        news = news_at(here.url)
        found = news.latest(PAIRS, AT)
    with caplog.at_level(logging.DEBUG), served(NEXT.encode(), 500) as broken, pytest.raises(Transient) as caught:
        news_at(broken.url).latest(PAIRS, AT)
    assert all(f"auth_token={TOKEN}".encode() in line for line in (*here.requests, *broken.requests))
    assert "HTTP Request" in caplog.text
    seen = [caplog.text, repr(news), repr(found), "".join(traceback.format_exception(caught.value))]
    assert [text for text in seen if TOKEN in text] == []


def test_a_library_s_error_is_not_dragged_along():
    """What httpx raised, with its request, is neither cause nor context of ours: whoever logs it shows no address."""
    with pytest.raises(Transient) as caught:
        news_at(weather.closed_port()).latest(PAIRS, AT)
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)


bodies = st.one_of(
    st.binary(max_size=60),
    st.builds(lambda found: json.dumps({"results": found, "next": NEXT}).encode(), st.lists(st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=9) | st.just(post(1)),
        lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from([*post(1), "votes"]), inner),
        max_leaves=4,
    ), max_size=3)),
    st.text(max_size=30).map(lambda text: text.encode("utf-8", "replace")),
)  # fmt: skip


@settings(max_examples=1000)
@given(st.sampled_from([200, 200, 200, 401, 403, 404, 429, 500, 301, 418]), bodies)
def test_whatever_comes_back(status, body):
    """Any status with any body is a valid Latest or one of our errors in one line without the token."""
    transport, _ = answering(body, status=status)
    try:
        found = news_at("http://x", transport=transport).latest(PAIRS, AT)
    except TradingError as error:
        said = str(error)
        assert TOKEN not in said
        assert "\n" not in said
        assert len(said) < 500
    else:
        assert (status, found.missing) == (200, "")
        assert TOKEN not in repr([one.title for one in found.articles])
