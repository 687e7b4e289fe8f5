"""Revisions: the venue changes candles after they had closed. Both versions are kept, and any time's can be rebuilt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pandas as pd

from trading import candles as frames
from trading.errors import Transient
from trading.lineage.inputs import CandleRange, range_of
from trading.pairs import Pair
from trading.ports import Archive, CandleStore, MarketData
from trading.ports.candles import Revision, Revisions
from trading.ports.payloads import Fetched
from trading.quality.memory import Memory
from trading.services import payloads
from trading.strategy import Strategy

VALUES = list(frames.COLUMNS[1:])
DAY = timedelta(days=1)
DAY_SLOTS = DAY // frames.INTERVAL


@dataclass(frozen=True, slots=True)
class History:
    """Where everything is kept that was ever said: the answers as they came, and both versions of a changed candle.

    memory: since when this process has refused what the venue says of a pair.
    """

    archive: Archive
    revisions: Revisions
    memory: Memory = field(default_factory=Memory)


@dataclass(frozen=True, slots=True)
class Feed:
    """A market, where its candles are stored, what may be believed of them, and where their history is kept."""

    market: MarketData
    store: CandleStore
    strategy: Strategy
    history: History | None = None


@dataclass(frozen=True, slots=True)
class Reread:
    """What reading a day again found: how many candles were changed or came late, and where the answer is kept."""

    pair: str
    day: date
    revised: int
    raw: str = ""
    note: str = ""


def compare(pair: str, stored: pd.DataFrame, again: pd.DataFrame, seen_at: datetime, raw: str = "") -> list[Revision]:
    """Where a second reading differs from what is stored, value for value, oldest first.

    A candle that was not there has an empty ``before``. One that is stored and not read again is no revision: answers
    come cut short, and what closed once happened.
    """
    held, seen = (one["open_time"].to_numpy("datetime64[ms]") for one in (stored, again))
    place = np.searchsorted(held, seen)
    there = np.isin(seen, held)
    before, after = np.full((len(again), len(VALUES)), np.nan), again[VALUES].to_numpy()
    before[there] = stored[VALUES].to_numpy()[place[there]]
    return [
        Revision(
            pair,
            again["open_time"].iloc[at].to_pydatetime(),
            seen_at,
            tuple(before[at].tolist()) if there[at] else (),
            tuple(after[at].tolist()),
            raw,
        )
        for at in (before != after).any(axis=1).nonzero()[0]
    ]


def contradicts(stored: pd.DataFrame, again: pd.DataFrame, strategy: Strategy) -> str:
    """Why a second reading is no revised history but another market's, in words; empty when it may be believed.

    A venue changes a few candles by a few percent. An answer that moves most closes by more than a market jumps is in
    another unit, of another pair, or broken.
    """
    both = again.merge(stored, on="open_time", suffixes=("", "_stored"))
    moved_pct = (both["close"] / both["close_stored"] - 1).abs() * 100
    off = both[moved_pct > strategy.jump_pct]
    if len(off) * 2 <= len(both):
        return ""
    last = off.iloc[-1]
    example = f"{last['open_time']:%H:%M} closed at {last['close_stored']:g}, now at {last['close']:g}"
    off_by = f"closes are more than {strategy.jump_pct:g} % off"
    return f"contradicts what is stored: {len(off)} of {len(both)} {off_by} ({example})"


def take(pair: Pair, changed: Sequence[Revision], again: pd.DataFrame, feed: Feed) -> int:
    """Let the later version stand: the revisions are kept first, then the store gets it; how many candles.

    What is on record already is not kept twice: only the store had not heard of it. A later change of a candle is seen
    later than those on record, whatever the clock says. Without a history nothing is done: the only version that is
    left is never overwritten.
    """
    if not changed or feed.history is None:
        return 0
    revisions = feed.history.revisions
    known = revisions.of(pair.key, changed[0].open_time, changed[-1].open_time)
    latest = {one.open_time: one for one in known}
    revisions.put([_after(latest.get(one.open_time), one) for one in changed if _is_new(latest, one)])
    rows = again[again["open_time"].isin([one.open_time for one in changed])].reset_index(drop=True)
    return feed.store.put(pair, rows, changed[0].raw)


def _is_new(latest: Mapping[datetime, Revision], one: Revision) -> bool:
    return one.open_time not in latest or latest[one.open_time].after != one.after


def _after(known: Revision | None, one: Revision) -> Revision:
    """A revision, seen after the one that is known of its candle."""
    if known is None or one.seen_at > known.seen_at:
        return one
    return replace(one, seen_at=known.seen_at + timedelta.resolution)


def as_of(candles: pd.DataFrame, revisions: Sequence[Revision], at: datetime) -> pd.DataFrame:
    """The candles as they were known at a time: what was seen later is undone, and what came later is taken out."""
    undone = sorted((one for one in revisions if one.seen_at > at), key=lambda one: one.seen_at, reverse=True)
    if not undone:
        return candles
    row = {opened.to_pydatetime(): number for number, opened in enumerate(candles["open_time"])}
    values, there = candles[VALUES].to_numpy(copy=True), np.ones(len(candles), dtype=bool)
    for one in undone:
        if (number := row.get(one.open_time)) is not None:
            there[number] = bool(one.before)
            values[number] = one.before or np.nan
    return candles.assign(**dict(zip(VALUES, values.T, strict=True)))[there].reset_index(drop=True)


def as_seen(candles: pd.DataFrame, revisions: Sequence[Revision], wanted: CandleRange) -> pd.DataFrame | None:
    """The version that has the hash of ``wanted``, whatever the clocks said; None when no version of ours has.

    candles: as stored now, from the first to the last time of the range.
    """
    for version in _versions(candles, revisions):
        if range_of(wanted.pair, version).sha256 == wanted.sha256:
            return version
    return None


def reread(pair: Pair, day: date, at: datetime, feed: Feed) -> Reread:
    """Read a finished day that is still in the tables again and let what the venue says now stand beside what it said.

    Raises Transient when the answer has faults or is another market's: nothing of it is stored.
    """
    since = datetime.combine(day, time(), UTC)
    stored = feed.store.window(pair, since + DAY, DAY_SLOTS)
    stored = stored[stored["open_time"] >= since].reset_index(drop=True)
    if stored.empty or feed.history is None:
        return Reread(pair.key, day, 0, note="nothing of the day is stored" if stored.empty else "no history is kept")
    answer = feed.market.fetch(pair, since, DAY_SLOTS)
    again = frames.closed(answer.candles, min(at, since + DAY))
    again = again[again["open_time"] >= since].reset_index(drop=True)
    if trouble := ", ".join(frames.problems(again)) or contradicts(stored, again, feed.strategy):
        raise refused(pair, trouble, answer, at, feed)
    changed = compare(pair.key, stored, again, at)
    if not changed:
        return Reread(pair.key, day, 0)
    raw, note = payloads.kept(answer.payloads, at, feed.history.archive)
    take(pair, [replace(one, raw=raw) for one in changed], again, feed)
    return Reread(pair.key, day, len(changed), raw, note)


def refused(pair: Pair, trouble: str, answer: Fetched, at: datetime, feed: Feed) -> Transient:
    """The error for an answer that is not believed, with the place where it is kept as evidence."""
    key = note = ""
    if feed.history is not None:
        key, note = payloads.kept(answer.payloads, at, feed.history.archive, payloads.REFUSED)
    where = f" ({key or note})" if key or note else ""
    return Transient(f"{pair.binance}: the reply {trouble}; nothing of it was stored{where}")


def _versions(candles: pd.DataFrame, revisions: Sequence[Revision]) -> Iterator[pd.DataFrame]:
    """All versions that there were, the newest first."""
    yield candles
    for one in sorted({one.seen_at for one in revisions}, reverse=True):
        yield as_of(candles, revisions, one - timedelta.resolution)
