"""Backfill: the candles of the past that are missing, and only those, into the tier where they belong.

A day whose rows still have their whole lifetime before them goes into the table; an older one goes into the cold tier
as a whole. What is there is asked first, and again after every interruption: nothing is remembered elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import batched

import pandas as pd

from trading import candles as frames
from trading.candles import INTERVAL
from trading.errors import BadInput
from trading.pairs import Pair
from trading.ports import Archive, CandleStore, MarketData
from trading.ports.candles import ColdCandles, Revisions
from trading.ports.items import Items
from trading.services.archive import DAY, days_between, start_of
from trading.services.cold_days import RAW, candles_of, merged
from trading.services.payloads import keep
from trading.services.revisions import Feed, History, compare, contradicts, refused, take
from trading.strategy import Strategy
from trading.tables import PRICES

STEP_S = int(INTERVAL.total_seconds())
DAYS_A_STEP = 3
"""Days asked for at once: 864 candles, which one page of the venue holds."""
PAGE = 1000
AROUND = 3
"""Candles on both sides of what is missing that are asked for, too: a page that contradicts ours is refused."""


@dataclass(frozen=True, slots=True)
class Filled:
    """What a backfill of one pair came to, counted in candles of the span that was asked for.

    had  there already.  fetched  written now.  absent  the venue does not have them either.  calls  pages asked for.
    """

    pair: str
    since: datetime
    until: datetime
    had: int = 0
    fetched: int = 0
    absent: int = 0
    calls: int = 0

    @property
    def counts(self) -> dict[str, int]:
        """The four figures by name."""
        return {"had": self.had, "fetched": self.fetched, "absent": self.absent, "calls": self.calls}

    def plus(self, other: Filled) -> Filled:
        """Both together."""
        sums = (count + other.counts[name] for name, count in self.counts.items())
        return Filled(self.pair, self.since, self.until, *sums)


@dataclass(frozen=True, slots=True)
class Tiers:
    """Where candles come from and go to at a time. ``pace`` waits until the venue may be asked again.

    revisions: where it is kept that a candle came late; without it that is forgotten.
    """

    market: MarketData
    store: CandleStore
    items: Items
    cold: ColdCandles
    archive: Archive
    at: datetime
    pace: Callable[[], None] = lambda: None
    revisions: Revisions | None = None
    strategy: Strategy = field(default_factory=Strategy)

    @property
    def feed(self) -> Feed:
        """The same, as whoever stores changed history knows it."""
        history = None if self.revisions is None else History(self.archive, self.revisions)
        return Feed(self.market, self.store, self.strategy, history)


def span(at: datetime, days: int | None, candles: int) -> tuple[datetime, datetime]:
    """From when to when a warm-up reaches: so many days, or so many candles, up to the last closed one.

    Raises BadInput when that is nothing.
    """
    if (days if days is not None else candles) < 1:
        msg = f"nothing to fetch: {days} days, {candles} candles; give at least one"
        raise BadInput(msg)
    until = frames.floor_time(at)
    return until - (candles * INTERVAL if days is None else days * DAY), until


def steps(since: datetime, until: datetime, now: datetime) -> list[tuple[bool, datetime, datetime]]:
    """The span in steps of a few days: whether each belongs to the cold tier, its first slot and its end.

    A day that begins more than the table's lifetime ago is cold, and is then fetched whole: the cold tier keeps whole
    days, and its rows would begin to vanish from the table while they are written.
    """
    kept = timedelta(days=PRICES.ttl_days or 0)
    days = days_between(since.date(), until.date() + DAY)
    cold = [day for day in days if start_of(day) < now - kept]
    found = []
    for is_cold, some in ((True, cold), (False, days[len(cold) :])):
        for few in batched(some, DAYS_A_STEP):
            first, end = start_of(few[0]), start_of(few[-1]) + DAY
            found.append((True, first, end) if is_cold else (False, max(first, since), min(end, until)))
    return [step for step in found if step[1] < step[2]]


def backfill(pair: Pair, since: datetime, until: datetime, tiers: Tiers, told: Callable[[float], None]) -> Filled:
    """Fetch what is missing of a pair between two times (aware UTC, the end not included).

    told: hears the share that is done.
    Raises Transient when the venue is not to be asked now or answers nonsense, and what the tiers raise; what was
    stored stays, and the same call goes on from there.
    """
    done, plan, held = Filled(pair.key, since, until), steps(since, until, tiers.at), _held(pair, tiers)
    for number, (is_cold, first, end) in enumerate(plan):
        part = _cold_step(pair, first, end, tiers) if is_cold else _warm_step(pair, first, end, tiers, held)
        done = done.plus(part)
        told((number + 1) / len(plan))
    return done


def _held(pair: Pair, tiers: Tiers) -> tuple[datetime, datetime] | None:
    """The oldest and the newest candle in the table: decisions were made of those, and without what lacks between."""
    newest = None if tiers.revisions is None else tiers.store.newest(pair)
    if newest is None:
        return None
    oldest = next(iter(tiers.items.between(PRICES, pair.key, 0, int(newest.timestamp()))))
    return datetime.fromtimestamp(int(oldest["timestamp"]["N"]), UTC), newest


def _warm_step(
    pair: Pair, first: datetime, end: datetime, tiers: Tiers, held: tuple[datetime, datetime] | None
) -> Filled:
    """Days that the table keeps."""
    reach = int(first.timestamp() - AROUND * STEP_S), int(end.timestamp() + (AROUND - 1) * STEP_S)
    known = candles_of(list(tiers.items.between(PRICES, pair.key, *reach)))
    missing = _missing(first, end, {at.to_pydatetime() for at in known["open_time"]})
    pages, calls = _fetched(pair, missing, known, tiers)
    for page in pages:
        _put(pair, page[list(frames.COLUMNS)], page[RAW].iloc[0], held, tiers)
    return _filled(pair, (first, end), len(missing), pages, calls)


def _put(pair: Pair, rows: pd.DataFrame, raw: str, held: tuple[datetime, datetime] | None, tiers: Tiers) -> None:
    """Store a page; of what fills a hole it is kept that it came late."""
    late = rows["open_time"].between(*held, inclusive="neither") if held else rows["open_time"].isna()
    changed = compare(pair.key, frames.empty(), rows[late].reset_index(drop=True), tiers.at, raw)
    take(pair, changed, rows, tiers.feed)
    if not (fresh := rows[~late].reset_index(drop=True)).empty:
        tiers.store.put(pair, fresh, raw)


def _cold_step(pair: Pair, first: datetime, end: datetime, tiers: Tiers) -> Filled:
    """Days that have left the table, each stored as a whole."""
    days = days_between(first.date(), end.date())
    stored = [found for day in days if (found := tiers.cold.get(pair, day)) is not None]
    there = {at.to_pydatetime() for found in stored for at in found["open_time"]}
    missing = _missing(first, end, there)
    before = tiers.cold.get(pair, first.date() - DAY) if missing else None
    around = stored if before is None else [before, *stored]
    known = pd.concat(around, ignore_index=True) if around else frames.empty()
    pages, calls = _fetched(pair, missing, known, tiers)
    for day in days:
        some = [part for page in pages if not (part := page[page["open_time"].dt.date == day]).empty]
        if some:
            merged(pair, day, pd.concat(some, ignore_index=True), tiers.cold)
    return _filled(pair, (first, end), len(missing), pages, calls)


def _filled(
    pair: Pair, ends: tuple[datetime, datetime], missing: int, pages: Sequence[pd.DataFrame], calls: int
) -> Filled:
    fetched, slots = sum(map(len, pages)), (ends[1] - ends[0]) // INTERVAL
    return Filled(pair.key, *ends, slots - missing, fetched, missing - fetched, calls)


def _missing(first: datetime, end: datetime, there: set[datetime]) -> list[datetime]:
    """The slots of a span that are not there, oldest first."""
    slots = (first + INTERVAL * number for number in range((end - first) // INTERVAL))
    return [slot for slot in slots if slot not in there]


def _fetched(pair: Pair, missing: list[datetime], known: pd.DataFrame, tiers: Tiers) -> tuple[list[pd.DataFrame], int]:
    """Those of the missing candles that the venue has, with the key of their payload, page by page; how many calls.

    A page may be shorter than asked for; asked again from its end, the venue says whether there is more.
    Raises Transient for a page with faults, or one that contradicts the known candles: nothing of it is stored.
    """
    found: list[pd.DataFrame] = []
    calls, wanted = 0, set(missing)
    start = missing[0] if missing else None
    while start is not None and start <= (last := missing[-1]):
        tiers.pace()
        count = (last - start) // INTERVAL + 1 + 2 * AROUND
        fetched = tiers.market.fetch(pair, start - AROUND * INTERVAL, min(count, PAGE))
        calls, page = calls + 1, fetched.candles
        if page.empty:
            break
        trouble = ", ".join(frames.problems(page)) or contradicts(known, page, tiers.strategy)
        if trouble:
            raise refused(pair, trouble, fetched, tiers.at, tiers.feed)
        if page["open_time"].iloc[-1] < start:
            break
        known = pd.concat([known, page], ignore_index=True) if len(known) else page
        some = page[[at >= start and at.to_pydatetime() in wanted for at in page["open_time"]]]
        start = max(page["open_time"].iloc[-1].to_pydatetime(), start) + INTERVAL
        if not some.empty:
            raw = keep(fetched.payloads, tiers.at, tiers.archive) if fetched.payloads else ""
            found.append(some.assign(**{RAW: raw}).reset_index(drop=True))
    return found, calls
