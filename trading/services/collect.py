"""Collect: closed candles of one pair into the store, and the rule that starts an analysis.

The newest stored candles are read again with the new ones. When the venue says something else of them now, the whole
window is read again, so that all that changed is found; both versions are kept (``services.revisions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pandas as pd

from trading import candles as frames
from trading.errors import Transient
from trading.pairs import Pair
from trading.ports import CandleStore, MarketData
from trading.ports.candles import Revision
from trading.ports.payloads import Fetched
from trading.services import payloads
from trading.services.revisions import Feed, History, compare, contradicts, refused, take
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Collected:
    """What one collection of one pair did. ``change_pct`` is the 1-hour change of the last closed candle.

    revised: stored candles that the venue has changed or brought late.  raw: the archive's key of its answer.
    note: what is not as it should be, in words.
    """

    pair: str
    stored: int
    newest: datetime | None
    change_pct: float | None
    revised: int = 0
    raw: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Trigger:
    """Why an analysis of all pairs is due: ``volatility`` or ``periodic``, and the pair that said so."""

    kind: str
    pair: str
    text: str


HOUR_OF_CANDLES = 13
"""The last closed candle and the twelve before it: what a 1-hour change needs."""


REREAD = 3
"""Newest stored candles that every collection reads again: the same one call, from a little earlier."""
PAGE = 1000
PATIENCE = timedelta(hours=1)
"""After answers were refused for so long, one collection after the other, what the venue says is its word; the gate
judges the pair by the other pairs and by a second venue. One answer alone never is, however long we were away."""


def collect(
    pair: Pair,
    at: datetime,
    market: MarketData,
    store: CandleStore,
    strategy: Strategy,
    history: History | None = None,
) -> Collected:
    """Fetch the candles of a pair that closed since the newest stored one, check them and store them.

    ``at`` is the market's time, never later than now: what forms then is left out of what is stored (I19).
    history: where answers and changed candles are kept; without it none are, and what is stored stays as it is.
    Raises Transient when the reply is not usable: nothing of it is stored, but it is kept as evidence.
    """
    feed = Feed(market, store, strategy, history)
    newest = store.newest(pair)
    found = _Found()
    if newest is None or newest + 2 * frames.INTERVAL <= at:
        answer, stored = _first(pair, at, feed) if newest is None else _next(pair, newest, at, feed)
        found = _kept(pair, answer, stored, at, feed)
        if history is not None and not answer.candles.empty:
            history.memory.note_believed(pair.key, at)
    last_hour = store.window(pair, at, HOUR_OF_CANDLES)
    latest = None if last_hour.empty else last_hour["open_time"].iloc[-1].to_pydatetime()
    change_pct = frames.one_hour_change_pct(last_hour)
    return Collected(pair.key, found.stored, latest, change_pct, found.revised, found.raw, "; ".join(found.notes))


@dataclass(frozen=True, slots=True)
class _Found:
    """What came of one answer."""

    stored: int = 0
    revised: int = 0
    raw: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Said(Fetched):
    """An answer that can be computed on. note: what was left out of it, in words."""

    note: str = ""


def _first(pair: Pair, at: datetime, feed: Feed) -> tuple[_Said, pd.DataFrame]:
    """The whole window of a pair of which nothing is stored."""
    since = frames.floor_time(at) - feed.strategy.candles_window * frames.INTERVAL
    return _answer(pair, since, at, feed), frames.empty()


def _next(pair: Pair, newest: datetime, at: datetime, feed: Feed) -> tuple[_Said, pd.DataFrame]:
    """What the venue says from the newest stored candles on, and what is stored of that; the window, if they differ."""
    since = newest - (REREAD - 1) * frames.INTERVAL
    answer, stored = _answer(pair, since, at, feed), _stored(pair, since, at, feed)
    if not compare(pair.key, stored, _overlap(stored, answer.candles), at):
        return answer, stored
    end = stored["open_time"].iloc[-1].to_pydatetime() + frames.INTERVAL
    stored = feed.store.window(pair, end, feed.strategy.candles_window)
    answer = _answer(pair, stored["open_time"].iloc[0].to_pydatetime(), at, feed)
    trouble = contradicts(stored, answer.candles, feed.strategy)
    if trouble and not _its_word(pair, at, feed):
        raise refused(pair, trouble, answer, at, feed)
    return answer, stored


def _stored(pair: Pair, since: datetime, at: datetime, feed: Feed) -> pd.DataFrame:
    """What is stored where an answer may reach; another process may have put candles after those that we know of."""
    until = min(frames.floor_time(at), since + PAGE * frames.INTERVAL)
    stored = feed.store.window(pair, until, (until - since) // frames.INTERVAL)
    return stored[stored["open_time"] >= since].reset_index(drop=True)


def _its_word(pair: Pair, at: datetime, feed: Feed) -> bool:
    """Whether what is to be refused now was refused for so long that it is what the venue means."""
    return feed.history is not None and feed.history.memory.note_refused(pair.key, at) >= PATIENCE


def _answer(pair: Pair, since: datetime, at: datetime, feed: Feed) -> _Said:
    """The candles from a time on that had closed by ``at``, without faults; none when none came.

    Broken candles that the venue does not correct are left out in the end: each is a gap, and the others go on.
    """
    answer = feed.market.fetch(pair, since, PAGE)
    found = frames.proven(answer.candles, at)
    found = found[found["open_time"] >= since].reset_index(drop=True)
    if found.empty or not (faults := frames.problems(found)):
        return _Said(found, answer.payloads)
    trouble = ", ".join(faults)
    sound = _sound(found) if _its_word(pair, at, feed) else frames.empty()
    if sound.empty:
        raise refused(pair, trouble, answer, at, feed)
    note = f"the reply {trouble}; {len(found) - len(sound)} of {len(found)} candles are left out, as the venue stays so"
    return _Said(sound, answer.payloads, note)


def _sound(found: pd.DataFrame) -> pd.DataFrame:
    """The candles of a faulty answer that have no fault of their own and their time for themselves, in order."""
    alone = found.drop_duplicates("open_time", keep=False)
    fine = [not frames.problems(alone.iloc[[row]]) for row in range(len(alone))]
    return alone[fine].sort_values("open_time").reset_index(drop=True)


def _kept(pair: Pair, answer: _Said, stored: pd.DataFrame, at: datetime, feed: Feed) -> _Found:
    """Store what is new, and what the venue changed once both versions are kept. New candles after a hole are true."""
    fresh, again = answer.candles, _overlap(stored, answer.candles)
    if not stored.empty:
        fresh = fresh[fresh["open_time"] > stored["open_time"].max()].reset_index(drop=True)
    changed = compare(pair.key, stored, again, at)
    if fresh.empty and not changed:
        said = "the venue sent no candle" if answer.candles.empty else answer.note
        return _Found(notes=(said,) if said else ())
    if feed.history is None:
        stay = f"{len(changed)} stored candles differ from the venue's and stay: no history is kept"
        return _Found(_put(pair, fresh, "", feed), notes=(stay,) if changed else ())
    raw, note = payloads.kept(answer.payloads, at, feed.history.archive)
    revised, waits = _taken(pair, [replace(one, raw=raw) for one in changed], again, feed)
    notes = tuple(one for one in (answer.note, note, waits) if one)
    return _Found(_put(pair, fresh, raw, feed), revised, raw, notes)


def _taken(pair: Pair, changed: list[Revision], again: pd.DataFrame, feed: Feed) -> tuple[int, str]:
    """How many changes stand now; none, and why, when a table is not available: new candles do not wait for that."""
    try:
        return take(pair, changed, again, feed), ""
    except Transient as error:
        return 0, f"{len(changed)} changed candles wait for the next reading: {error}"


def _put(pair: Pair, fresh: pd.DataFrame, raw: str, feed: Feed) -> int:
    return 0 if fresh.empty else feed.store.put(pair, fresh, raw)


def _overlap(stored: pd.DataFrame, again: pd.DataFrame) -> pd.DataFrame:
    """What was read again: the candles between the first and the last stored one."""
    if stored.empty:
        return frames.empty()
    return again[again["open_time"].between(stored["open_time"].min(), stored["open_time"].max())]


def analysis_due(
    changes_pct: Mapping[str, float | None],
    analysed_at: Mapping[str, datetime | None],
    at: datetime,
    strategy: Strategy,
) -> Trigger | None:
    """Whether an analysis of all pairs starts now, and why (strategy.md, "When an analysis runs")."""
    for pair, change in changes_pct.items():
        if change is not None and abs(change) >= strategy.trigger_change_pct:
            text = f"{pair} moved {change:+.2f} % in an hour (trigger {strategy.trigger_change_pct} %)"
            return Trigger("volatility", pair, text)
    patience = timedelta(minutes=strategy.trigger_after_minutes)
    for pair in changes_pct:
        last = analysed_at.get(pair)
        if last is None or at - last >= patience:
            ago = "never analysed" if last is None else f"last analysed {last:%H:%M} UTC"
            return Trigger("periodic", pair, f"{pair} {ago}")
    return None
