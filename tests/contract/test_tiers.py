"""Hot, warm, cold and the exchange as one CandleStore: who answers, and what a tier that fails costs."""

from __future__ import annotations

from datetime import timedelta

import pandas as pd
import pytest

from adapters.hot.server import PAUSE_S
from tests.contract.redis_server import redis_server
from tests.contract.tiering import BTC, START, STEP, World, candles_of
from trading import candles as frames
from trading.errors import Halt, Transient, Unknown
from trading.ports.candles import CandleStore

MARKET = candles_of(5 * 288)
DAY = timedelta(days=1)
KEPT = 2 * DAY
"""Shorter than the tables' 14 days, so that a test's past is small."""


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with redis_server(tmp_path_factory.mktemp("redis")) as running:
        yield running


@pytest.fixture
def redis(server):
    server.start()
    server.client.flushall()
    return server


def lived(world, days=2.0):
    """A world in which the venue and one process have been at work for some days."""
    world.now = START + timedelta(days=days)
    known = frames.closed(MARKET, world.now)
    world.exchange.knows(known)
    store = world.process()
    store.put(BTC, known)
    return store


def without_redis(days=2.0):
    world = World(kept=KEPT)
    return world, lived(world, days)


def same(found, wanted):
    pd.testing.assert_frame_equal(found, wanted.reset_index(drop=True), check_exact=True)


def truth(world, count, back=0):
    return frames.window(MARKET, world.now - back * STEP, count)


def test_a_window_that_ends_now_comes_from_redis_alone(redis):
    """After a put, and for every process: one question, no table is asked; the answer says how fresh it is."""
    world = World(redis)
    store: CandleStore = lived(world)
    for one in (store, world.process("two")):
        world.calls.clear()
        answer = one.read(BTC, world.now, 336)
        same(answer.candles, truth(world, 336))
        assert (answer.tier, answer.slower, answer.newest) == ("hot", (), world.now - STEP)
        assert dict(world.calls) == {"redis": 1}
    assert store.newest(BTC) == world.now - STEP


def test_what_the_hot_tier_lacks_comes_from_the_tables_once(redis):
    """Who reads it first brings it; the next reader finds it. To lack something is no failure."""
    world = World(redis)
    lived(world)
    redis.client.flushall()
    world.settle()
    store = world.process("two")
    assert [store.read(BTC, world.now, 336).tier for _ in range(3)] == ["warm", "hot", "hot"]
    assert store.read(BTC, world.now, 336).slower == ()


def test_a_killed_redis_makes_reading_slower(redis):
    """Must show: killed between two reads of a cycle. Tables answer, both say why; back again, it is filled anew."""
    world = World(redis)
    store = lived(world)
    first = store.read(BTC, world.now, 336)
    redis.kill()
    second = store.read(BTC, world.now, 336)
    assert (first.tier, second.tier) == ("hot", "warm")
    assert "the hot tier does not answer" in second.slower[0]
    same(second.candles, first.candles)
    world.now += STEP
    store.put(BTC, MARKET[576:577])
    same(store.window(BTC, world.now, 336), truth(world, 336))
    redis.start()
    world.monotonic_s += PAUSE_S
    assert [store.read(BTC, world.now, 336).tier for _ in range(2)] == ["warm", "warm"]
    world.settle()
    assert [store.read(BTC, world.now, 336).tier for _ in range(2)] == ["warm", "hot"]


def test_throttled_tables_do_not_matter_while_redis_has_the_window(redis):
    """Must show: neither the memory of a process nor the exchange is needed for that."""
    world = World(redis)
    lived(world)
    world.refuses.add("warm")
    answer = world.process("two").read(BTC, world.now, 336)
    same(answer.candles, truth(world, 336))
    assert (answer.tier, answer.slower, dict(world.exchange.calls)) == ("hot", (), {})


def test_throttled_tables_without_redis_the_exchange_answers():
    """All of the window, and named; a page that was cut short is asked on; a gap there is not taken for a hole here."""
    world, store = without_redis()
    world.refuses.add("warm")
    world.exchange.page = 100
    answer = store.read(BTC, world.now, 336)
    same(answer.candles, truth(world, 336))
    assert answer.tier == "exchange"
    assert "ThrottlingException" in answer.slower[0]
    del world.exchange.rows[world.now - 20 * STEP]
    with pytest.raises(Transient, match="ThrottlingException"):
        store.read(BTC, world.now, 336)
    world.exchange.refuses = True
    with pytest.raises(Transient, match="Binance does not answer"):
        store.read(BTC, world.now, 336)


def test_what_the_exchange_sent_is_kept():
    """Every page, also one that is not believed, apart; an archive that fails is named, and is no reason to fail."""
    world, _ = without_redis()
    pages, trouble = [], [""]

    def keep(payloads, believed):
        pages.append((payloads[0].body, believed))
        return trouble[0]

    store = world.process("two", keep)
    world.refuses.add("warm")
    world.exchange.page = 100
    answer = store.read(BTC, world.now, 336)
    assert (len(set(pages)), {believed for _, believed in pages}, len(answer.slower)) == (4, {True}, 1)
    trouble[0] = "the binance answer is not in the archive"
    again = store.read(BTC, world.now, 336)
    same(again.candles, answer.candles)
    assert again.slower == (*answer.slower, trouble[0])
    at = world.now - 5 * STEP
    world.exchange.rows[at] = (*world.exchange.rows[at][:4], float("nan"), 1.0)
    with pytest.raises(Transient, match="ask again"):
        store.read(BTC, world.now, 336)
    assert [believed for _, believed in pages[-4:]] == [True] * 3 + [False]


def test_a_past_that_left_the_tables_comes_from_the_archive():
    """Whole days are joined, also with what the tables still have; nothing else is asked."""
    world, _ = without_redis(5)
    for number in range(4):
        day = START + number * DAY
        world.cold.put(BTC, day.date(), MARKET[number * 288 : (number + 1) * 288].reset_index(drop=True))
    world.forget(at for at in world.stored() if at < world.now - KEPT)
    store = world.process("two")
    world.archive.calls.clear()
    for back, tier in ((3 * 288, "cold"), (2 * 288 - 100, "warm+cold"), (0, "warm")):
        answer = store.read(BTC, world.now - back * STEP, 336)
        same(answer.candles, truth(world, 336, back))
        assert (answer.tier, answer.slower) == (tier, ())
    assert world.archive.calls["get"] == 4
    assert world.exchange.calls["candles"] == 0


def test_s3_refusing_only_the_past_suffers():
    """Must show: a window of now is not even slower; one of the past comes from the exchange, and says why."""
    world, _ = without_redis(5)
    world.cold.put(BTC, START.date(), MARKET[:288])
    world.forget(at for at in world.stored() if at < START + 2 * DAY)
    store = world.process("two")
    world.archive.refuses = True
    assert store.read(BTC, world.now, 336).slower == ()
    answer = store.read(BTC, START + DAY, 200)
    same(answer.candles, MARKET[88:288])
    assert answer.tier == "exchange"
    assert "SlowDown" in answer.slower[0]
    world.exchange.refuses = True
    with pytest.raises(Transient, match="Binance does not answer"):
        store.read(BTC, START + DAY, 200)
    assert store.read(BTC, world.now, 336).tier == "warm"


def test_a_changed_byte_in_the_archive_is_never_an_answer():
    """The day comes from the exchange instead, and the answer says what is wrong with it."""
    world, _ = without_redis(5)
    key = world.cold.put(BTC, START.date(), MARKET[:288]).key
    world.forget(at for at in world.stored() if at < START + 2 * DAY)
    data = bytearray(world.archive.files[key])
    data[1000] ^= 1
    world.archive.files[key] = bytes(data)
    with pytest.raises(Halt):
        world.cold.get(BTC, START.date())
    answer = world.process("two").read(BTC, START + DAY, 200)
    same(answer.candles, MARKET[88:288])
    assert answer.tier == "exchange"
    assert "are not what was stored" in answer.slower[0]


def test_a_gap_in_the_tables_is_the_truth(redis):
    """No tier is asked to fill it: what the tables lack of their own time does not exist. The window reaches back."""
    world = World(redis)
    world.now = START + 2 * DAY
    with_gap = frames.closed(MARKET, world.now).drop(index=range(500, 503)).reset_index(drop=True)
    world.exchange.knows(frames.closed(MARKET, world.now))
    store = world.process()
    store.put(BTC, with_gap)
    for _ in range(2):
        answer = store.read(BTC, world.now, 336)
        same(answer.candles, frames.window(with_gap, world.now, 336))
        assert (answer.tier, answer.slower) == ("warm", ())
    assert not world.archive.calls
    assert not world.exchange.calls


def test_changed_history_waits_until_redis_can_be_told(redis):
    """While its line to Redis is cut, a process stores what is new and says what waits: others still read Redis."""
    world = World(redis)
    lived(world)
    cut, other = world.process("cut"), world.process("two")
    world.refuses.add("hot cut")
    world.now += STEP
    changed = MARKET[570:577].assign(close=MARKET["close"].where(MARKET.index != 571, MARKET["low"]))
    with pytest.raises(Transient, match=r"1 changed candles of btc_usdt wait until the hot tier can be told"):
        cut.put(BTC, changed)
    for one in (other, cut):
        same(one.window(BTC, world.now, 336), truth(world, 336))
    world.refuses.clear()
    cut.put(BTC, changed)
    after = pd.concat([MARKET[:570], changed])
    for one in (other, cut):
        same(one.window(BTC, world.now, 336), frames.window(after, world.now, 336))


@pytest.mark.parametrize("heard", [True, False])
def test_a_change_is_seen_though_redis_restarts_in_its_middle(redis, heard):
    """Another process reads under the new seal what is about to change; whether or not the writer can tell its end."""
    world = World(redis)
    lived(world)
    writer, other = world.process("writer"), world.process("two")
    other.window(BTC, world.now, 336)

    def restart():
        redis.kill()
        redis.start()
        world.monotonic_s += PAUSE_S
        assert other.read(BTC, world.now, 336).tier == "warm"
        world.refuses |= set() if heard else {"hot writer"}

    world.interrupt = (3, restart)
    changed = MARKET[571:572].assign(close=MARKET["low"])
    writer.put(BTC, changed)
    assert world.interrupt is None, "Redis was not restarted"
    world.refuses.clear()
    world.monotonic_s += PAUSE_S
    after = frames.window(pd.concat([MARKET[:571], changed, MARKET[572:]]), world.now, 336)
    for one in (other, writer, world.process("three")):
        same(one.window(BTC, world.now, 336), after)


def test_a_put_that_may_still_happen_keeps_its_slots_empty(redis):
    """Unknown: readers are answered by the tables, so that they see the change when it comes, late."""
    world = World(redis)
    store, other = lived(world), world.process("two")
    changed, put = MARKET[571:572].assign(close=MARKET["low"]), store._warm.put

    def lost(*_, **__):
        msg = "no answer"
        raise Unknown(msg)

    store._warm.put = lost
    with pytest.raises(Unknown):
        store.put(BTC, changed)
    assert [other.read(BTC, world.now, 336).tier for _ in range(2)] == ["warm", "warm"]
    put(BTC, changed)
    after = frames.window(pd.concat([MARKET[:571], changed, MARKET[572:]]), world.now, 336)
    same(other.window(BTC, world.now, 336), after)


def test_a_fresh_desk_asks_nobody_for_what_never_was():
    """A window longer than all there is: the tables answer, shorter."""
    world, store = without_redis(0.1)
    assert len(store.window(BTC, world.now, 336)) == 28
    assert store.put(BTC, frames.empty()) == 0
    assert not world.archive.calls
    assert not world.exchange.calls
