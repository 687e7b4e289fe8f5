"""History that the venue changes: both versions are kept, and every time's version can be rebuilt."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.days import PAIRS, generated_candles
from tests.services.files import BUCKET_OF, another_process, feed_of
from trading.candles import COLUMNS, INTERVAL, frame
from trading.errors import Transient
from trading.lineage.inputs import range_of
from trading.services.collect import collect
from trading.services.payloads import REFUSED, load
from trading.services.revisions import as_of, as_seen, compare, contradicts, reread, take
from trading.strategy import Strategy

BTC = next(pair for pair in PAIRS if pair.coin == "BTC")
XRP = next(pair for pair in PAIRS if pair.coin == "XRP")
START = datetime(2024, 1, 3, tzinfo=UTC)
VALUES = list(COLUMNS[1:])
DAY = generated_candles(BTC, start=START)
"""A whole UTC day."""


@pytest.fixture
def xrp_2021(market_data):
    """The candles that Binance changed: as downloaded in 2021-05, and in 2022-01."""
    raw = pd.read_csv(market_data / "anomalies" / "XRPUSDT-5m-2021-revised-candles.csv")
    times = pd.to_datetime(raw["open_time"], utc=True)
    return tuple(
        frame(list(zip(times, *(raw[f"{name}_as_downloaded_{when}"] for name in VALUES), strict=True)))
        for when in ("2021_05", "2022_01")
    )


def at_slot(number, **more):
    """The open time of a slot of the day."""
    return START + number * INTERVAL + timedelta(**more)


def changed(candles, slots, factor=1.01):
    """The same candles, some of them with other prices and volumes."""
    found = candles.copy()
    found.loc[list(slots), VALUES] *= factor
    return found


def stored_day(candles=DAY, pair=BTC):
    """A feed whose store holds a day, and whose venue says the same."""
    feed = feed_of(candles)
    feed.store.put(pair, candles, "first")
    return feed


def kept_of(feed, pair=BTC):
    """All revisions of the pair."""
    return feed.history.revisions.of(pair.key, datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC))


# ------------------------------------------------------------------------------------------------- what is a revision


@settings(max_examples=40)
@given(st.sets(st.integers(0, 39), max_size=10), st.sets(st.integers(0, 39), max_size=10), st.sets(st.integers(0, 39)))
def test_a_revision_is_a_candle_that_is_said_otherwise_now_or_came_late(moved, missing, cut):
    """Value for value, the last bit included; what is not read again this time is not taken for gone."""
    once = DAY.head(40)
    stored = once.drop(index=sorted(missing)).reset_index(drop=True)
    again = once.copy()
    again.loc[sorted(moved), "close"] = np.nextafter(again.loc[sorted(moved), "close"], 0)
    again = again.drop(index=sorted(cut)).reset_index(drop=True)
    found = compare("btc_usdt", stored, again, START, "key")
    late = {one.open_time for one in found if not one.before}
    said = {one.open_time for one in found if one.before}
    assert late == {at_slot(number) for number in missing - cut}
    assert said == {at_slot(number) for number in moved - cut - missing}
    assert all(one.raw == "key" and len(one.after) == 5 for one in found)
    assert found == sorted(found, key=lambda one: one.open_time)


def test_the_real_revision_of_2021_is_seen_and_believed(xrp_2021):
    """17 candles of XRP, closes moved by up to 3 %: all are found, and none of it looks like another market."""
    before, after = xrp_2021
    found = compare(XRP.key, before, after, START)
    assert len(found) == len(before) == 17
    assert contradicts(before, after, Strategy()) == ""
    assert compare(XRP.key, after, after, START) == []


@pytest.mark.parametrize("factor", [100, 0.01, 146.5, 1.3])
def test_an_answer_in_another_unit_is_no_revision(factor):
    """Most closes moved by more than a market jumps: cents for dollars, yen for dollars, another pair."""
    assert "40 of 40 closes" in contradicts(DAY.head(40), changed(DAY.head(40), range(40), factor), Strategy())
    assert contradicts(DAY.head(40), changed(DAY.head(40), range(20), factor), Strategy()) == ""


# ------------------------------------------------------------------------------------------------------ both versions

changes = st.lists(st.tuples(st.sets(st.integers(0, 11), min_size=1), st.integers(1, 200)), max_size=4)


@settings(max_examples=10)
@given(changes, st.sets(st.integers(1, 10), max_size=4))
def test_every_version_that_a_decision_saw_can_be_rebuilt(steps, holes):
    """Whatever changes or comes late, and how often: the window of any time comes back with the hash it had."""
    window = DAY.head(12)
    feed = feed_of(window)
    feed.store.put(BTC, window.drop(index=sorted(holes)).reset_index(drop=True))
    seen = {START: feed.store.window(BTC, at_slot(12), 12)}
    now = window
    for number, (slots, percent) in enumerate(steps, 1):
        at = START + timedelta(hours=number)
        now = changed(now, slots, 1 + percent / 100)
        take(BTC, compare(BTC.key, feed.store.window(BTC, at_slot(12), 12), now, at), now, feed)
        seen[at] = feed.store.window(BTC, at_slot(12), 12)
    today, history = another_process(feed).store.window(BTC, at_slot(12), 12), kept_of(feed)
    for at, then in seen.items():
        wanted = range_of(BTC.key, then)
        assert range_of(BTC.key, as_of(today, history, at)) == wanted
        found = as_seen(today, history, wanted)
        assert found is not None
        pd.testing.assert_frame_equal(found, then, check_exact=True)
    assert as_seen(today, history, replace(range_of(BTC.key, today), sha256="another")) is None


def test_the_earlier_version_is_kept_before_the_later_one_stands():
    """When the write of the revision fails, the store still holds what it held: no version is ever lost."""
    feed = stored_day()
    later = changed(DAY, [5])

    def fails(_):
        raise Transient("throttled")

    broken = replace(feed, history=replace(feed.history, revisions=_Wrapped(feed.history.revisions, put=fails)))
    with pytest.raises(Transient):
        take(BTC, compare(BTC.key, DAY, later, START), later, broken)
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(288), 288), DAY, check_exact=True)


def test_what_is_on_record_is_not_kept_twice():
    """A change that was recorded and did not reach the store stands at the next reading, with one revision."""
    feed = stored_day()
    later = changed(DAY, [5])
    found = compare(BTC.key, DAY, later, START)
    feed.history.revisions.put(found)
    take(BTC, [replace(one, seen_at=START + timedelta(hours=2)) for one in found], later, feed)
    assert kept_of(feed) == found
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(288), 288), later, check_exact=True)


def test_two_changes_that_are_seen_at_one_moment_are_both_kept():
    """The clock stood still or went back: three versions can be rebuilt; under a key that is taken nothing is lost."""
    feed = stored_day(DAY.head(12))
    versions = [DAY.head(12), *(changed(DAY.head(12), [5], factor) for factor in (1.01, 1.02, 1.03))]
    seen_at = [START + timedelta(hours=1), START + timedelta(hours=1), START]
    for at, (held, now) in zip(seen_at, itertools.pairwise(versions), strict=True):
        take(BTC, compare(BTC.key, held, now, at), now, feed)
    assert len(kept_of(feed)) == 3
    for version in versions:
        assert as_seen(versions[-1], kept_of(feed), range_of(BTC.key, version)) is not None
    (other,) = compare(BTC.key, DAY.head(12), versions[3], seen_at[0])
    with pytest.raises(Transient, match="at the same moment"):
        feed.history.revisions.put([other])


def test_new_candles_do_not_wait_for_changed_ones():
    """A table of revisions that is throttled keeps nothing new from being stored; the change is found again later."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.candles_now = changed(DAY, [98])

    def fails(_):
        raise Transient("throttled")

    broken = replace(feed, history=replace(feed.history, revisions=_Wrapped(feed.history.revisions, put=fails)))
    found = collecting(broken, at_slot(101))
    assert (found.stored, found.revised, found.note) == (
        1,
        0,
        "1 changed candles wait for the next reading: throttled",
    )
    assert feed.store.window(BTC, at_slot(99), 1)["close"].iloc[0] == DAY["close"].iloc[98]
    assert (collecting(feed, at_slot(102)).revised, len(kept_of(feed))) == (1, 1)


class _Wrapped:
    """A port with some of its methods replaced."""

    def __init__(self, inner, **methods):
        self._inner = inner
        self.__dict__.update(methods)

    def __getattr__(self, name):
        return getattr(self._inner, name)


# ------------------------------------------------------------------------------------------------- a whole day at night


def test_a_day_read_again_finds_what_changed_and_what_was_missing():
    """Changed and late candles of a finished day stand, with the answer's key; a second reading finds nothing more."""
    feed = stored_day(DAY.drop(index=[7, 8]).reset_index(drop=True))
    feed.market.candles_now = changed(DAY, [5, 200])
    at = at_slot(288, hours=3)
    found = reread(BTC, START.date(), at, feed)
    assert (found.revised, found.note) == (4, "")
    assert [bool(one.before) for one in kept_of(feed)] == [True, False, False, True]
    assert {one.raw for one in kept_of(feed)} == {found.raw}
    assert len(load(found.raw, feed.history.archive)) == 1
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(288), 288), feed.market.candles_now, check_exact=True)
    assert reread(BTC, START.date(), at, feed).revised == 0


def test_a_day_that_reads_like_another_market_is_refused_and_kept_as_evidence():
    """A hundred times the price changes nothing of what is stored; the answer lies among the refused ones."""
    feed = stored_day()
    feed.market.candles_now = changed(DAY, range(288), 100)
    with pytest.raises(Transient, match=r"288 of 288 closes.*refused/"):
        reread(BTC, START.date(), at_slot(288), feed)
    assert kept_of(feed) == []
    assert len(feed.history.archive.keys(BUCKET_OF, REFUSED)) == 1


# ------------------------------------------------------------------------------------------- as candles are collected


def collecting(feed, at, pair=BTC):
    feed.market.now = at
    return collect(pair, at, feed.market, feed.store, feed.strategy, feed.history)


def test_collecting_reads_the_newest_candles_again_without_another_request():
    """One request brings the new candle and what changed; its key is on both versions' record."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.asked.clear()
    found = collecting(feed, at_slot(101))
    assert (found.stored, found.revised, feed.market.asked) == (1, 0, [at_slot(97)])
    assert load(found.raw, feed.history.archive)[0].subject == BTC.key
    assert collecting(feed, at_slot(101)).raw == ""
    assert len(feed.market.asked) == 1


def test_a_change_is_looked_for_in_the_whole_window():
    """A revised candle among the newest makes the window be read again: all that changed is found, and said."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.candles_now = changed(DAY, [3, 50, 98])
    found = collecting(feed, at_slot(101))
    assert (found.stored, found.revised) == (1, 3)
    assert [one.open_time for one in kept_of(feed)] == [at_slot(number) for number in (3, 50, 98)]
    wanted = feed.market.candles_now.head(101)
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(101), 336), wanted, check_exact=True)


def test_what_another_process_stored_meanwhile_is_not_overwritten_unseen():
    """Two collect by turns: the later one finds what changed in the other's candles, and what was judged comes back."""
    feed = feed_of(DAY)
    other = replace(feed, store=another_process(feed).store)
    for number in (99, 100):
        collecting(feed, at_slot(number))
    for number in range(101, 107):
        collecting(other, at_slot(number))
    saw = other.store.window(BTC, at_slot(106), 50)
    feed.market.candles_now = changed(DAY, [101])
    found = collecting(feed, at_slot(107))
    assert (found.stored, found.revised, len(kept_of(feed))) == (1, 1, 1)
    now = another_process(feed).store.window(BTC, at_slot(106), 50)
    assert now["close"].iloc[-5] == feed.market.candles_now["close"].iloc[101]
    assert as_seen(now, kept_of(feed), range_of(BTC.key, saw)) is not None


def test_the_real_revision_of_2021_while_collecting(xrp_2021):
    """The old version is stored, the new one read: it stands, and a decision of before is explained by what it saw."""
    before, after = xrp_2021
    end = before["open_time"].iloc[-1].to_pydatetime() + INTERVAL
    forming = after.tail(1).assign(open_time=end)
    feed = feed_of(pd.concat([after, forming], ignore_index=True))
    feed.store.put(XRP, before, "2021-05")
    then = range_of(XRP.key, feed.store.window(XRP, end, 336))
    found = collecting(feed, end + INTERVAL, XRP)
    today = feed.store.window(XRP, end, 336)
    assert found.revised == 17
    pd.testing.assert_frame_equal(today, after, check_exact=True)
    assert range_of(XRP.key, as_of(today, kept_of(feed, XRP), end)) == then


def test_a_glitch_of_one_answer_leaves_no_trace_in_the_store():
    """One answer in another unit: the second look does not say it, nothing of the first is stored."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    factors = iter([100, 1])
    feed.market.says = lambda found: changed(found, range(len(found)), next(factors))
    assert collecting(feed, at_slot(101)).revised == 0
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(101), 336), DAY.head(101), check_exact=True)


def test_another_market_s_answers_are_refused_for_an_hour():
    """What contradicts the whole window is refused, with evidence; a feed that says it for an hour is its word."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.candles_now = changed(DAY, range(288), 100)
    for number in range(101, 113):
        with pytest.raises(Transient, match=r"contradicts what is stored: 100 of 100.*refused/"):
            collecting(feed, at_slot(number))
    assert feed.store.newest(BTC) == at_slot(99)
    later = collecting(feed, at_slot(113))
    assert (later.revised, later.stored, len(kept_of(feed))) == (100, 13, 100)


@pytest.mark.parametrize("refused_at", [(), (101,), (101, 113), (117,)])
def test_after_our_own_downtime_one_answer_of_another_market_is_not_believed(refused_at):
    """However old the newest candle is: only answers refused for an hour, one after the other, are the venue's word."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.candles_now = changed(DAY, range(288), 0.03)
    for number in (*refused_at, 118):
        with pytest.raises(Transient, match="contradicts what is stored"):
            collecting(feed, at_slot(number))
    feed.market.candles_now = DAY
    assert (collecting(feed, at_slot(119)).revised, kept_of(feed)) == (0, [])


def test_an_hour_of_refusals_begins_anew_after_an_answer_that_is_fine():
    """What was refused an hour ago and put right meanwhile gives no credit to the next bad answer."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    for number in range(101, 113):
        bad = number % 3
        feed.market.candles_now = changed(DAY, range(288), 100) if bad else DAY
        if bad:
            with pytest.raises(Transient):
                collecting(feed, at_slot(number))
        else:
            collecting(feed, at_slot(number))
    feed.market.candles_now = changed(DAY, range(288), 100)
    with pytest.raises(Transient):
        collecting(feed, at_slot(113))
    assert kept_of(feed) == []


def test_a_broken_candle_that_the_venue_never_corrects_stops_its_pair_for_an_hour():
    """Then the sound candles are stored and the broken one stays a gap, which is said; it stops nothing again."""
    feed = feed_of(DAY.assign(high=DAY["high"].where(DAY.index != 100, DAY["low"] * 0.999)))
    collecting(feed, at_slot(100))
    for number in range(101, 113):
        with pytest.raises(Transient, match="has 1 highs below"):
            collecting(feed, at_slot(number))
    found = collecting(feed, at_slot(113))
    assert (found.stored, "; 1 of 16 candles are left out" in found.note) == (12, True)
    notes = [collecting(feed, at_slot(number)).note for number in range(114, 120)]
    assert notes[3:] == [""] * 3
    stored = feed.store.window(BTC, at_slot(119), 336)
    assert list(stored["open_time"]) == [at for at in DAY["open_time"].head(119) if at != at_slot(100)]


def test_a_bad_candle_that_was_stored_is_healed_by_the_next_answer():
    """A spike that the venue takes back stays in no window, and on record as what was said."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.says = lambda found: changed(found, [len(found) - 2], 1.5)
    collecting(feed, at_slot(101))
    feed.market.says = lambda found: found
    assert collecting(feed, at_slot(102)).revised == 1
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(102), 336), DAY.head(102), check_exact=True)


def test_an_answer_with_faults_is_kept_as_evidence_and_not_stored():
    """Nothing of it reaches the table; the refused bytes can be looked at."""
    feed = feed_of(DAY)
    feed.market.says = lambda found: found.assign(low=found["high"] + 1)
    with pytest.raises(Transient, match=r"lows above another price; nothing of it was stored \(refused/"):
        collecting(feed, at_slot(100))
    (key,) = feed.history.archive.keys(BUCKET_OF, REFUSED)
    assert load(key, feed.history.archive)[0].body
    assert feed.store.newest(BTC) is None


@pytest.mark.parametrize("failing", [1, 4])
def test_an_archive_that_fails_loses_no_candle(failing):
    """Candles are stored without the key of their answer, and it is said; one failure is tried again."""
    feed = feed_of(DAY)
    feed.history.archive.failing = [Transient("S3 refuses")] * failing
    found = collecting(feed, at_slot(100))
    assert found.stored == 100
    assert (bool(found.raw), "S3 refuses" in found.note) == (failing == 1, failing > 1)


def test_a_cut_or_repeated_page_loses_nothing():
    """What an answer leaves out is fetched with the next one; one that brings nothing new is said; a hole stays one.

    The last candle of a cut page is not stored either: the page does not show that it has closed.
    """
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    feed.market.says = lambda found: found.iloc[:-3]  # cut short
    assert collecting(feed, at_slot(104)).stored == 1
    feed.market.says = lambda found: found.iloc[:0]
    assert collecting(feed, at_slot(105)).note == "the venue sent no candle"
    feed.market.says = lambda found: found.drop(index=[3]).reset_index(drop=True)  # a hole after the newest stored one
    assert collecting(feed, at_slot(106)).stored == 4
    feed.market.says = lambda found: found
    assert collecting(feed, at_slot(107)).stored == 1
    stored = feed.store.window(BTC, at_slot(107), 336)
    assert sorted(set(DAY["open_time"].head(107)) - set(stored["open_time"])) == [pd.Timestamp(at_slot(101))]


def test_without_a_history_what_is_stored_stays():
    """The only version there is is never overwritten; that they differ is said."""
    feed = feed_of(DAY)
    collect(BTC, at_slot(100), feed.market, feed.store, feed.strategy)
    feed.market.candles_now = changed(DAY, [98])
    found = collect(BTC, at_slot(101), feed.market, feed.store, feed.strategy)
    assert (found.stored, found.revised) == (1, 0)
    assert found.note == "1 stored candles differ from the venue's and stay: no history is kept"
    assert feed.store.window(BTC, at_slot(99), 1)["close"].iloc[0] == DAY["close"].iloc[98]


def test_a_page_from_before_the_close_brings_no_half_candle():
    """A cache answers with the page of five minutes ago, whose last candle was forming: it is not taken for closed."""
    feed = feed_of(DAY)
    collecting(feed, at_slot(100))
    half = DAY.iloc[100:101].assign(close=DAY["open"].iloc[100], volume=1.0)
    feed.market.says = lambda found: pd.concat([found[found["open_time"] < at_slot(100)], half], ignore_index=True)
    assert collecting(feed, at_slot(101)).stored == 0
    feed.market.says = lambda found: found
    found = collecting(feed, at_slot(102))
    assert (found.stored, found.revised) == (2, 0)
    pd.testing.assert_frame_equal(feed.store.window(BTC, at_slot(102), 336), DAY.head(102), check_exact=True)
