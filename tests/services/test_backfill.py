"""Backfill: complete, without duplicates, whatever was there and whenever it was killed."""

from __future__ import annotations

import itertools
from datetime import datetime, timedelta

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.cold.candles import ParquetCandles
from tests.services.files import feed_of
from tests.services.kept import DAY, NOW, PAIR, Killed, MemoryArchive, MemoryItems, MemoryStore, Venue, Wire, price_row
from tests.services.kept import candles_between as made
from trading.candles import COLUMNS, INTERVAL
from trading.errors import Transient
from trading.lineage.inputs import range_of
from trading.services.archive import days_between
from trading.services.backfill import Tiers, backfill, span, steps
from trading.services.cold_days import candles_of, merged
from trading.services.revisions import as_seen
from trading.tables import PRICES

BORDER = datetime.combine((NOW - 14 * DAY).date() + DAY, datetime.min.time(), NOW.tzinfo)
"""From here on days belong into the table."""
SINCE, UNTIL = span(NOW - 12.5 * DAY, days=3, candles=0)
"""Three days for the cold tier, of which the first is asked for from 22:00 on only, and most of a day for the table."""
FIRST = SINCE.replace(hour=0, minute=0)
TRUTH = made(FIRST, UNTIL)


class Place:
    """A venue and empty tiers, on one wire that can be cut."""

    def __init__(self, truth=TRUTH, longest=1000):
        self.wire = Wire()
        self.items, self.archive = MemoryItems(self.wire), MemoryArchive(self.wire)
        self.cold, self.venue = ParquetCandles(self.archive), Venue(truth, longest)
        self.waits, self.shares = [], []

    def backfill(self, since=SINCE, until=UNTIL):
        store = MemoryStore(self.items, self.wire)
        tiers = Tiers(
            self.venue, store, self.items, self.cold, self.archive, NOW, lambda: self.waits.append(self.venue.calls)
        )
        return backfill(PAIR, since, until, tiers, self.shares.append)

    def everything(self):
        """All candles of both tiers, each as often as it is there."""
        days = [self.cold.get(PAIR, day)[list(COLUMNS)] for day in self.cold.days(PAIR)]
        table = candles_of(list(self.items.all(PRICES)))[list(COLUMNS)]
        return pd.concat([*days, table], ignore_index=True)


def same(one, other):
    return range_of("", one).sha256 == range_of("", other).sha256


@pytest.mark.parametrize("done", [False, True])
def test_killed_three_times_anywhere_it_ends_complete_without_duplicates(done):
    """Killed at any three of its writes, before or after they happen, the fourth run ends with each candle once."""
    alone = Place()
    alone.backfill()
    writes = alone.wire.writes
    assert writes > 10
    for first in range(1, writes - 3, 5):
        place = Place()
        for kill in (first, 2, 1):
            place.wire.killed_at(kill, done=done)
            with pytest.raises(Killed):
                place.backfill()
        place.wire.alive()
        place.backfill()
        assert same(place.everything(), TRUTH)
        assert same(place.everything(), alone.everything())


@settings(max_examples=5, deadline=None)
@given(
    there=st.sets(st.integers(0, len(TRUTH) - 1), max_size=300),
    absent=st.sets(st.integers(0, len(TRUTH) - 1), max_size=40),
    longest=st.sampled_from([1000, 300, 288]),
)
def test_only_what_is_missing_is_fetched(there, absent, longest):
    """Whatever is there stays as it is, the rest comes from the venue, and what it lacks is counted, never invented."""
    place = Place(TRUTH.drop(index=sorted(absent)), longest)
    ours = TRUTH.iloc[sorted(there)].assign(volume=7.0)  # another volume: so that it shows who wrote it
    warm, cold = ours[ours["open_time"] >= BORDER], ours[ours["open_time"] < BORDER]
    MemoryStore(place.items, place.wire).put(PAIR, warm)
    for day in days_between(FIRST.date(), BORDER.date()):
        some = cold[cold["open_time"].dt.date == day].reset_index(drop=True)
        if not some.empty:
            merged(PAIR, day, some, place.cold)
    filled = place.backfill()
    expected = TRUTH.copy()
    expected.loc[sorted(there), "volume"] = 7.0
    expected = expected.drop(index=sorted(absent - there)).reset_index(drop=True)
    assert same(place.everything().sort_values("open_time"), expected)
    assert (filled.had, filled.absent) == (len(there), len(absent - there))
    assert filled.had + filled.fetched + filled.absent == len(TRUTH)


def test_a_second_run_asks_for_nothing_and_writes_nothing():
    """Where everything is there, no page is asked for and nothing is written."""
    place = Place()
    place.backfill()
    calls, place.wire.writes = place.venue.calls, 0
    filled = place.backfill()
    assert (place.venue.calls, place.wire.writes, filled.fetched) == (calls, 0, 0)


def test_old_days_are_cold_and_whole_the_others_are_in_the_table():
    """A day that begins more than 14 days ago goes into the cold tier from midnight to midnight; no slot is in both."""
    place = Place()
    place.backfill()
    assert place.cold.days(PAIR) == days_between(FIRST.date(), BORDER.date())
    assert all(len(place.cold.get(PAIR, day)) == 288 for day in place.cold.days(PAIR))
    assert min(int(row["timestamp"]["N"]) for row in place.items.all(PRICES)) == BORDER.timestamp()
    assert all(row["raw"]["S"] for row in place.items.all(PRICES))


def test_refused_by_the_venue_it_keeps_what_it_has_and_goes_on_later():
    """A 429 ends the run as Transient; what was stored stays, and the next run asks for the rest only."""
    place = Place()
    place.venue.trouble[2] = Transient("Binance: too many requests (429); wait")
    with pytest.raises(Transient, match="429"):
        place.backfill()
    had = len(place.everything())
    assert had
    assert place.backfill().had == had
    assert same(place.everything(), TRUTH)


def test_every_page_waits_for_its_turn_and_tells_how_far_it_is():
    """Before each page the pace is asked, and the share that is done only grows, to all of it."""
    place = Place()
    filled = place.backfill()
    assert place.waits == list(range(filled.calls))
    assert place.shares == sorted(place.shares)
    assert place.shares[-1] == 1


def test_a_reply_with_faults_is_not_stored():
    """A page with a high below its low stores nothing, and may be asked for again."""
    place = Place(TRUTH.assign(high=TRUTH["low"] - 1))
    with pytest.raises(Transient, match="nothing of it was stored"):
        place.backfill()
    assert place.everything().empty


class Rows:
    """The Items port over a store of candles: one pair's, read between two times."""

    def __init__(self, store):
        self._store = store

    def between(self, _table, _partition, first, last):
        rows = self._store.window(PAIR, NOW, 4_032)
        opened = rows["open_time"].map(pd.Timestamp.timestamp)
        return (price_row(PAIR, row) for row in rows[opened.between(first, last)].itertuples(index=False))


def holed(lacking):
    """Tiers over a day of stored candles without some, and what a decision saw of it."""
    truth = made(NOW.replace(hour=0, minute=0), NOW - timedelta(minutes=12))
    feed = feed_of(truth)
    feed.store.put(PAIR, truth.drop(index=lacking).reset_index(drop=True))
    parts = feed.market, feed.store, Rows(feed.store), ParquetCandles(MemoryArchive()), feed.history.archive, NOW
    return Tiers(*parts, revisions=feed.history.revisions), truth, feed.store.window(PAIR, NOW, 336)


def test_a_hole_that_is_filled_late_is_on_record():
    """What a decision saw can be rebuilt; what lies before and after all that was stored came first, not late."""
    tiers, truth, saw = holed([0, 1, 60, 61, len(TRUTH) % 50 + 62])
    first, end = truth["open_time"].iloc[0].to_pydatetime(), NOW - timedelta(minutes=2)
    filled = backfill(PAIR, first, end, tiers, lambda _: None)
    kept = tiers.revisions.of(PAIR.key, first, end)
    assert (filled.fetched, [one.before for one in kept]) == (5, [()] * 3)
    now = tiers.store.window(PAIR, NOW, 336)
    assert same(now, truth)
    assert as_seen(now[2:].reset_index(drop=True), kept, range_of(PAIR.key, saw)) is not None


@pytest.mark.parametrize("at", [range(1, 40), range(50, 80), range(80, 118)])
def test_a_page_of_another_market_fills_nothing(at):
    """A page in another unit contradicts the candles around the hole: it is refused, kept as evidence, not stored."""
    tiers, truth, saw = holed(list(at))
    tiers.market.candles_now = truth.assign(**{name: truth[name] * 0.01 for name in COLUMNS[1:]})
    with pytest.raises(Transient, match=r"contradicts what is stored.*refused/"):
        backfill(PAIR, truth["open_time"].iloc[0].to_pydatetime(), NOW, tiers, lambda _: None)
    assert same(tiers.store.window(PAIR, NOW, 336), saw)


@given(hours=st.integers(1, 24 * 40), candles=st.integers(1, 5000))
def test_steps_cover_the_span_once(hours, candles):
    """The steps of any span follow each other without gap or overlap, cold ones first, up to its very end."""
    until = NOW - timedelta(hours=hours % 500)
    since, until = span(until, None, candles)
    plan = steps(since, until, NOW)
    assert all(end == first for (_, _, end), (_, first, _) in itertools.pairwise(plan))
    assert plan[0][1] <= since
    assert plan[-1][2] >= until
    assert [cold for cold, *_ in plan] == sorted((cold for cold, *_ in plan), reverse=True)
    assert all((end - first) // INTERVAL <= 864 for _, first, end in plan)
    assert all(first < BORDER if cold else first >= BORDER for cold, first, _ in plan)
