"""The hot tier on a real Redis."""

from __future__ import annotations

import json
import traceback
from datetime import timedelta

import pytest
from pydantic import SecretStr

from adapters.hot import HotCandles, Server
from adapters.hot.candles import PUT_S
from adapters.hot.server import PAUSE_S
from tests.contract.redis_server import PASSWORD, redis_server
from tests.contract.tiering import BTC, ETH, START, STEP, candles_of
from trading.errors import BadInput, Transient

KEY = "trader:ohlcv:btc_usdt:5m"
CANDLES = candles_of(60)
NEWEST = START + 59 * STEP


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis(server):
    server.start()
    server.client.flushall()
    return server


@pytest.fixture
def hot(redis):
    return settled(HotCandles(Server(redis.url), "trader"), redis)


def brought(hot, candles=CANDLES, pair=BTC):
    """What a put does, with a warm tier that takes everything."""
    return hot.bring(pair, candles, hot.withdraw(pair, candles), after_put=True)


def settled(hot, redis):
    """The server has run for longer than a put takes."""
    hot.window(BTC, NEWEST, 1)
    redis.forget_puts()
    return hot


def same(found, wanted):
    assert found is not None
    assert found.equals(wanted.reset_index(drop=True))
    assert (found.dtypes == wanted.dtypes).all()


def test_candles_come_back_bit_by_bit(hot, redis):
    """data.md: a sorted set by open time that goes 24 hours after the last write; a member says what it is."""
    assert brought(hot)
    same(hot.window(BTC, NEWEST, 50).candles, CANDLES[10:])
    assert hot.window(ETH, NEWEST, 50).candles is None
    (member, score), *_ = redis.client.zrange(KEY, 0, 0, withscores=True)
    assert score == START.timestamp()
    assert json.loads(member)["open_time"] == "2026-03-05T00:00:00+00:00"
    assert 86_000 < redis.client.ttl(KEY) <= 86_400
    assert 86_000 < redis.client.ttl(f"{KEY}:seal") <= 86_400


def test_only_a_whole_window_is_answered(hot, redis):
    """A missing, doubled or unreadable member, a later end or an earlier beginning: nothing, until it is brought."""
    brought(hot)
    assert hot.window(BTC, NEWEST + STEP, 5).candles is None
    assert hot.window(BTC, NEWEST, 61).candles is None
    member = redis.client.zrange(KEY, 30, 30)[0]
    slot = START.timestamp() + 30 * 300
    for damage in ("{}", "[]", "no json", member.replace("2026", "2025")):
        redis.client.zrem(KEY, member)
        redis.client.zadd(KEY, {damage: slot})
        assert hot.window(BTC, NEWEST, 50).candles is None
        redis.client.zadd(KEY, {member: slot})
        assert hot.window(BTC, NEWEST, 50).candles is None  # two of one time
        redis.client.zrem(KEY, damage)
    same(hot.window(BTC, NEWEST, 50).candles, CANDLES[10:])
    redis.client.zrem(KEY, member)
    assert hot.window(BTC, NEWEST, 50).candles is None
    same(hot.window(BTC, NEWEST, 29).candles, CANDLES[31:])
    redis.client.zadd(KEY, {"{}": slot})
    assert hot.bring(BTC, CANDLES, hot.window(BTC, NEWEST, 60).ticket, after_put=False)
    same(hot.window(BTC, NEWEST, 60).candles, CANDLES)


def test_a_later_version_takes_the_place_of_the_first(hot, redis):
    """One member a time, whatever was there; meanwhile the slot is empty."""
    brought(hot)
    changed = CANDLES.assign(close=CANDLES["low"])[20:40]
    ticket = hot.withdraw(BTC, changed)
    assert hot.window(BTC, NEWEST, 60).candles is None
    assert hot.bring(BTC, changed, ticket, after_put=True)
    wanted = CANDLES.assign(close=CANDLES["close"].where(~CANDLES.index.isin(changed.index), CANDLES["low"]))
    same(hot.window(BTC, NEWEST, 60).candles, wanted)
    assert redis.client.zcard(KEY) == 60


def test_a_reader_brings_only_what_is_still_so(hot):
    """It looked before, or during, somebody's put: what it read may be old, and is not kept."""
    before = hot.window(BTC, NEWEST, 60).ticket
    ticket = hot.withdraw(BTC, CANDLES)
    assert hot.window(BTC, NEWEST, 60).ticket == ""
    assert not hot.bring(BTC, CANDLES, before, after_put=False)
    assert hot.bring(BTC, CANDLES[:30], ticket, after_put=True)
    assert not hot.bring(BTC, CANDLES, before, after_put=False)
    after = hot.window(BTC, NEWEST, 60).ticket
    assert hot.bring(BTC, CANDLES, after, after_put=False)
    same(hot.window(BTC, NEWEST, 60).candles, CANDLES)


def test_of_two_puts_at_once_neither_is_believed(hot):
    """Which of them the warm tier took last is not known here: the slots stay empty for the next reader."""
    first, second = hot.withdraw(BTC, CANDLES), hot.withdraw(BTC, CANDLES)
    assert not hot.bring(BTC, CANDLES, second, after_put=True)
    assert not hot.bring(BTC, CANDLES, first, after_put=True)
    found = hot.window(BTC, NEWEST, 60)
    assert found.candles is None
    assert hot.bring(BTC, CANDLES, found.ticket, after_put=False)


def test_a_server_that_came_back_is_not_believed(hot, redis):
    """Neither from a snapshot, which may have the version before, nor a ticket from its last life."""
    brought(hot)
    redis.snapshot()
    ticket = hot.window(BTC, NEWEST, 60).ticket
    redis.kill()
    with pytest.raises(Transient, match="see that Redis runs at TRADER_REDIS_URL"):
        hot.window(BTC, NEWEST, 60)
    redis.start()
    assert redis.client.zcard(KEY) == 60
    fresh = HotCandles(Server(redis.url), "trader")
    assert not fresh.bring(BTC, CANDLES[:5], ticket, after_put=False)
    assert fresh.window(BTC, NEWEST, 60).candles is None
    assert redis.client.zcard(KEY) == 0
    assert brought(settled(fresh, redis))
    same(fresh.window(BTC, NEWEST, 60).candles, CANDLES)


def test_what_a_lost_seal_forgot_may_still_happen(hot, redis):
    """After it nobody brings candles for as long as a put takes; one that ends later empties its slots."""
    brought(hot)
    ticket = hot.withdraw(BTC, CANDLES[20:40])
    redis.client.delete(KEY, f"{KEY}:seal")
    assert hot.window(BTC, NEWEST, 60).ticket == ""
    redis.forget_puts(PUT_S - 5)
    assert not brought(hot)
    assert hot.window(BTC, NEWEST, 60).ticket == ""
    redis.forget_puts()
    assert hot.bring(BTC, CANDLES, hot.window(BTC, NEWEST, 60).ticket, after_put=False)
    assert not hot.bring(BTC, CANDLES[20:40], ticket, after_put=True)
    assert redis.client.zcard(KEY) == 40


def test_a_put_without_an_end_is_waited_for_and_then_given_up(hot, redis):
    """Its process died, or nobody knows whether it happened: its slots stay empty for as long as a put takes."""
    brought(hot)
    hot.withdraw(BTC, CANDLES[20:40])
    redis.forget_puts(PUT_S - 5)
    assert hot.window(BTC, NEWEST, 60).ticket == ""
    redis.forget_puts()
    assert hot.bring(BTC, CANDLES, hot.window(BTC, NEWEST, 60).ticket, after_put=False)


@pytest.mark.parametrize("happened", [True, False])
def test_an_end_that_could_not_be_told_is_told_later(redis, happened):
    """A put took longer than one may, somebody brought what was, its end was not heard: the slots are emptied first."""
    now_s = [0.0]
    slow = settled(HotCandles(Server(redis.url, since_start_s=lambda: now_s[0]), "trader"), redis)
    other = HotCandles(Server(redis.url), "trader")
    ticket = slow.withdraw(BTC, CANDLES[20:30])
    redis.forget_puts()
    before = other.window(BTC, NEWEST, 60).ticket
    assert other.bring(BTC, CANDLES, before, after_put=False)
    slow._server._quiet_until_s = PAUSE_S
    for candles in (CANDLES[20:30], CANDLES[25:40]):
        with pytest.raises(Transient, match="left alone"):
            slow.bring(BTC, candles, ticket, after_put=True) if happened else slow.give_up(BTC, candles, ticket)
    now_s[0] = PAUSE_S
    assert slow.window(BTC, NEWEST, 60).candles is None
    assert redis.client.zcard(KEY) == 40
    assert not other.bring(BTC, CANDLES, before, after_put=False)
    assert other.bring(BTC, CANDLES, slow.window(BTC, NEWEST, 60).ticket, after_put=False)
    same(slow.window(BTC, NEWEST, 60).candles, CANDLES)


def test_only_recent_candles_are_kept(hot, redis):
    """Two days back from the newest: a window of 28 hours with some room; older ones that are brought go at once."""
    brought(hot, candles_of(600))
    assert redis.client.zcard(KEY) == 576
    old = candles_of(60, START - timedelta(days=5))
    assert hot.bring(BTC, old, hot.window(BTC, START, 5).ticket, after_put=False)
    assert redis.client.zcard(KEY) == 576


def test_a_server_that_failed_is_left_alone_for_a_while(redis):
    """A dead hot tier costs one wait, not one a read; after the pause it is asked again."""
    now_s = [0.0]
    hot = settled(HotCandles(Server(redis.url, since_start_s=lambda: now_s[0]), "trader"), redis)
    brought(hot)
    redis.kill()
    for words in ("does not answer", "left alone for 5 s"):
        with pytest.raises(Transient, match=words):
            hot.window(BTC, NEWEST, 5)
    redis.start()
    with pytest.raises(Transient, match="left alone"):
        hot.window(BTC, NEWEST, 5)
    now_s[0] = PAUSE_S
    assert hot.window(BTC, NEWEST, 5).candles is None


@pytest.mark.parametrize("wrong", ["http://{}@h", "redis://:{}@h:port/0", "{}", "redis://:{}@127.0.0.1:1/0"])
def test_its_address_is_a_secret(wrong):
    """Neither a wrong address nor one where nobody answers is shown, in no line of the traceback."""
    with pytest.raises((BadInput, Transient), match="TRADER_REDIS_URL") as said:
        HotCandles(Server(SecretStr(wrong.format(PASSWORD))), "trader").window(BTC, NEWEST, 5)
    assert PASSWORD not in "".join(traceback.format_exception(said.value))
