"""Futures, indices, news and chat: plausible, seeded, and blind to the future."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from simulator.times import HOUR_MS, to_ms
from tests.simulator.visitor import Visitor, Worlds

START = datetime(2026, 1, 5, 12, 0, 30, tzinfo=UTC)
POSTS = "/cryptopanic/api/growth/v2/posts/"
QUESTIONS = (
    "/fapi/fapi/v1/premiumIndex",
    "/fapi/fapi/v1/fundingRate?symbol=BTCUSDT",
    "/alternative/fng/?limit=10",
    "/coingecko/api/v3/global",
    "/coingecko/api/v3/simple/price?ids=tether&vs_currencies=usd",
    f"{POSTS}?auth_token=t",
    "/coincheck/api/order_books?pair=xrp_jpy",
    "/coincheck/api/trades?pair=xrp_jpy",
)


@pytest.mark.parametrize("path", QUESTIONS)
def test_answers_depend_on_seed_and_clock_only(world: Worlds, path: str) -> None:
    """Two worlds of one seed say the same at the same time, whatever was asked before; another seed does not."""
    first, second, other = world(start=START), world(start=START), world(start=START, seed=2)
    second.get(path)
    for visitor in (first, second, other):
        visitor.advance(7200)
    assert clean(first.get(path)) == clean(second.get(path)) != clean(other.get(path))


def clean(body: object) -> str:
    """A body without the port of its world."""
    return re.sub(r"127\.0\.0\.1:\d+", "HOST", str(body))


def test_funding_is_paid_every_eight_hours(world: Worlds) -> None:
    """Rates come at 0, 8 and 16 o'clock, none later than now; the index names the last one and the next time."""
    visitor = world(start=START, history=500)
    rows = visitor.get("/fapi/fapi/v1/fundingRate", symbol="BTCUSDT", limit=8)
    hours = [round(row["fundingTime"] / HOUR_MS) % 24 for row in rows]
    assert set(hours) == {0, 8, 16}
    assert rows[-1]["fundingTime"] <= to_ms(START) < rows[-1]["fundingTime"] + 8 * HOUR_MS
    premium = visitor.get("/fapi/fapi/v1/premiumIndex", symbol="BTCUSDT")
    assert premium["lastFundingRate"] == rows[-1]["fundingRate"]
    assert premium["nextFundingTime"] > premium["time"] == to_ms(START)
    # Before the market began there is no price to mark with: the field is empty, as in the real first rows.
    assert rows[0]["markPrice"] == "" != rows[-1]["markPrice"]
    assert abs(float(premium["markPrice"]) / float(premium["indexPrice"]) - 1) < 0.001


def test_fear_and_greed_is_daily_and_can_be_fixed(world: Worlds) -> None:
    """One value a day from midnight on, newest first; an option pins it."""
    visitor = world(start=START)
    rows = visitor.get("/alternative/fng/", limit=30)["data"]
    stamps = [int(row["timestamp"]) for row in rows]
    assert stamps == [1767571200 - 86400 * n for n in range(30)]
    assert all(5 <= int(row["value"]) <= 95 for row in rows)
    assert rows[0]["time_until_update"] == str(12 * 3600 - 30)
    pinned = world(fear_greed=12).get("/alternative/fng/")["data"][0]
    assert (pinned["value"], pinned["value_classification"]) == ("12", "Extreme Fear")


def test_dominance_is_of_the_last_ten_minutes(world: Worlds) -> None:
    """The figures are cached for ten minutes and stay in a believable range."""
    visitor = world(start=START)
    figures = visitor.get("/coingecko/api/v3/global")["data"]
    assert figures["updated_at"] == to_ms(START) // 1000 - 30
    assert 40 < figures["market_cap_percentage"]["btc"] < 65
    assert sum(figures["market_cap_percentage"].values()) < 100


def test_a_tether_costs_about_a_dollar_as_of_the_last_minute(world: Worlds) -> None:
    """In each known currency that is asked for, with the time when that is asked for; unknown coins are left out."""
    visitor = world(start=START, usdjpy="150")
    path = "/coingecko/api/v3/simple/price"
    body = visitor.get(path, ids="tether,nothing", vs_currencies="jpy,usd,xyz", include_last_updated_at="true")
    assert list(body) == ["tether"]
    assert set(body["tether"]) == {"jpy", "usd", "last_updated_at"}
    assert abs(body["tether"]["jpy"] / 150 - 1) < 0.001
    assert body["tether"]["last_updated_at"] == to_ms(START) // 1000 - 30
    assert set(visitor.get(path, ids="tether", vs_currencies="jpy")["tether"]) == {"jpy"}
    assert visitor.get(path, ids="nothing", vs_currencies="jpy") == {}
    assert visitor.get(path, ids="tether") == {"error": "Missing parameter vs_currencies"}


def test_news_is_paged_newest_first_and_never_from_the_future(world: Worlds) -> None:
    """Following ``next`` shows every post once, newest first, none later than now; links carry the token."""
    visitor = world(start=START)
    page = visitor.get(POSTS, auth_token="planted-token")
    times, ids = [], []
    while True:
        times += [post["published_at"] for post in page["results"]]
        ids += [post["id"] for post in page["results"]]
        if page["next"] is None:
            break
        assert "auth_token=planted-token" in page["next"]
        page = visitor.http.get(page["next"]).json()
    assert len(ids) == len(set(ids)) > 40
    assert times == sorted(times, reverse=True)
    assert times[0] <= "2026-01-05T12:00:30Z"
    visitor.advance(3600)
    # An hour on, only the oldest can have dropped out.
    assert set(ids[:-20]) <= set(every_id(visitor))


def every_id(visitor: Visitor) -> list[int]:
    """Ids of all posts of the last two days."""
    ids, url = [], f"{visitor.url}{POSTS}?auth_token=t"
    while url:
        page = visitor.http.get(url).json()
        ids += [post["id"] for post in page["results"]]
        url = page["next"]
    return ids


def test_news_appears_when_it_is_published(world: Worlds) -> None:
    """Step by step no post is ahead of the clock, and no post comes up that is older than the last look."""
    visitor = world(start=START)
    known = {post["id"] for post in visitor.get(POSTS, auth_token="t")["results"]}
    before = "2026-01-05T12:00:30Z"
    fresh = 0
    for _ in range(20):
        visitor.advance(180)
        now = visitor.get("/_clock")["now"]
        for post in visitor.get(POSTS, auth_token="t")["results"]:
            if post["id"] not in known:
                assert before < post["published_at"] <= now
                fresh += 1
            known.add(post["id"])
        before = now
    assert fresh > 2


def test_news_can_lack_votes_and_scores(world: Worlds) -> None:
    """Some posts have no votes, some no panic score, some no coin: a reader must be ready for each."""
    posts = world(start=START).get(POSTS, auth_token="t")["results"]
    posts += world(start=START, seed=2).get(POSTS, auth_token="t")["results"]
    assert {"votes" in post for post in posts} == {True, False}
    assert {post["panic_score"] is None for post in posts} == {True, False}
    assert {bool(post["instruments"]) for post in posts} == {True, False}


def test_news_is_filtered_by_currency(world: Worlds) -> None:
    """Only posts about the named coins are given; an unknown coin has none."""
    visitor = world(start=START)
    posts = visitor.get(POSTS, auth_token="t", currencies="BTC,ETH")["results"]
    assert {row["code"] for post in posts for row in post["instruments"]} == {"BTC", "ETH"}
    assert visitor.get(POSTS, auth_token="t", currencies="NOPE") == {"next": None, "previous": None, "results": []}


def test_news_needs_a_token(world: Worlds) -> None:
    """Without auth_token the answer is 401."""
    visitor = world()
    assert visitor.http.get(visitor.url + POSTS).status_code == 401


def test_slack_keeps_what_it_accepts(world: Worlds) -> None:
    """A message is answered with ok and can be read; an empty or oversized one is refused in Slack's words."""
    visitor = world()
    hook = f"{visitor.url}/slack/services/T/B/X"
    assert visitor.http.post(hook, json={"text": "bought"}).text == "ok"
    assert visitor.http.post(hook, data={"payload": '{"text": "sold"}'}).text == "ok"
    too_long = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}
    for body, word in (
        ({"text": ""}, "no_text"),
        ({"blocks": [{"type": "divider"}] * 51}, "invalid_blocks"),
        ({"blocks": [too_long]}, "invalid_blocks"),
        ([], "invalid_payload"),
    ):
        reply = visitor.http.post(hook, json=body)
        assert (reply.status_code, reply.text) == (400, word)
    assert [row["message"]["text"] for row in visitor.get("/_slack")] == ["bought", "sold"]
