"""Quality: what may be judged.

A pair whose data look wrong is quarantined for this cycle: it is neither bought nor sold by its signals. What is held
of it is still watched at the trading venue's own price.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pandas as pd

from trading import candles as frames
from trading.basis import Basis, beyond_belief, off_the_rest
from trading.errors import TradingError, Transient
from trading.lineage.inputs import CandleRange, range_of
from trading.pairs import Pair
from trading.ports import CandleStore, MarketData
from trading.ports.candles import SecondVenue
from trading.ports.payloads import Fetched
from trading.ports.quality import Validator
from trading.quality.findings import Finding, Validation
from trading.quality.jumps import Jump, jumps, market_jumps
from trading.quality.memory import Memory
from trading.quality.repeats import repeated
from trading.quality.windows import check_window
from trading.services.looks import Outcomes
from trading.services.payloads import kept
from trading.services.revisions import Feed, History, compare, contradicts, take
from trading.services.second_venue import LEVEL, MARKET, Witness
from trading.strategy import Strategy

AROUND = 36
"""Candles before the missing ones that are asked for, too: a reply shows what it lacks by what it has around it."""
PAGE = 1000
WEEK = timedelta(days=7)
"""For so long an own gap of the exchange is remembered: longer than any window."""


@dataclass(frozen=True, slots=True)
class Checked:
    """One pair's window as it was checked: exactly this is judged, or nothing.

    tier      which store answered.  slower: why a faster one did not, or why a gap was not repaired.
    repaired  how many missing candles were fetched again from the exchange.
    """

    pair: str
    at: datetime
    candles: CandleRange
    tier: str
    slower: tuple[str, ...]
    repaired: int
    validation: Validation


@dataclass(frozen=True, slots=True)
class Gate:
    """Which pairs may be judged, and why the others sit out, by key.

    unconfirmed: those whose height a second venue has not confirmed, and why; a premium must be known of them.
    """

    passed: tuple[str, ...]
    quarantined: Mapping[str, tuple[Finding, ...]]
    checked: Mapping[str, Checked]
    unconfirmed: Mapping[str, str] = field(default_factory=dict)


def check_pair(  # noqa: PLR0913 (two of them are only for what outlives the check)
    pair: Pair,
    at: datetime,
    store: CandleStore,
    market: MarketData,
    validator: Validator,
    strategy: Strategy,
    memory: Memory | None = None,
    history: History | None = None,
) -> Checked:
    """Read a pair's window, fetch what is missing of it from the exchange, once, and check the whole.

    memory: what this process knows of the exchange's own gaps.  history: where the exchange's answer is kept, and that
    a candle came late.
    Raises what the store raises; an exchange that does not answer leaves the gap, in words.
    """
    memory = memory or Memory()
    answer = store.read(pair, at, strategy.candles_window)
    missing = _missing(answer.candles, at, strategy) - memory.absent(pair.key)
    repaired, note = 0, ""
    if missing:
        feed = Feed(market, store, strategy, history)
        fetched, lacking, note = _fetched(pair, at, sorted(missing), answer.candles, feed)
        memory.note_lacking(pair.key, lacking, at, at - WEEK)
        repaired, unkept = _stored(pair, at, fetched, answer.newest, feed)
        note = note or unkept
        answer = store.read(pair, at, strategy.candles_window) if repaired else answer
    return Checked(
        pair=pair.key,
        at=at,
        candles=range_of(pair.key, answer.candles),
        tier=answer.tier,
        slower=(*answer.slower, note) if note else answer.slower,
        repaired=repaired,
        validation=check_window(pair, answer.candles, at, validator, strategy, memory.absent(pair.key)),
    )


def must_be(checked: Checked, window: pd.DataFrame) -> None:
    """Raise Transient when a window is not exactly the one that was checked: nothing unchecked is judged."""
    found = range_of(checked.pair, window)
    if found != checked.candles:
        msg = (
            f"the candles of {checked.pair} changed after they were checked ({checked.candles.sha256[:8]} is now "
            f"{found.sha256[:8]}); the next cycle checks them again"
        )
        raise Transient(msg)


def gate(  # noqa: PLR0913 (each is what one step found, or is asked)
    checked: Outcomes[Checked],
    windows: Mapping[Pair, pd.DataFrame],
    second: SecondVenue,
    at: datetime,
    strategy: Strategy,
    memory: Memory | None = None,
    basis: Mapping[str, Basis] | None = None,
) -> Gate:
    """Join what each pair's check said with what only shows across pairs: moves that no other pair made.

    windows: the candles that will be judged, of every pair asked for.  memory: what this process asked before.
    basis: the premiums; a pair that is far from the others' is asked about again.
    A pair that could not be checked sits out like one that failed.
    """
    memory = memory or Memory()
    found = {pair.key: _of_its_own(checked, pair.key, window) for pair, window in windows.items()}
    healthy = {pair: window for pair, window in windows.items() if not found[pair.key]}
    keyed = {pair.key: window for pair, window in healthy.items()}
    leaps = jumps(keyed, strategy)
    witness = Witness(second, at, len(healthy), strategy, memory)
    for pair, window in healthy.items():
        off = off_the_rest(basis[pair.key], strategy) if basis and pair.key in basis else ""
        found[pair.key] = witness.findings(pair, window, leaps.get(pair.key, []), off)
    for moved in market_jumps(keyed, strategy):
        if why := witness.unshown(moved, healthy):
            for key in keyed:
                found[key] = found[key] or _with_the_market(moved[0], leaps.get(key, []), why, memory)
    return Gate(
        passed=tuple(key for key, findings in found.items() if not findings),
        quarantined={key: findings for key, findings in found.items() if findings},
        checked=checked.values,
        unconfirmed=witness.unconfirmed,
    )


def _with_the_market(moved: Jump, leaps: Sequence[Jump], why: str, memory: Memory) -> tuple[Finding, ...]:
    """Why a pair sits out when the whole market's move is not shown; nothing where its own move is."""
    if any(leap.open_time == moved.open_time and memory.is_shown(leap) for leap in leaps):
        return ()
    by_pct = max(((price / moved.before - 1) * 100 for price in moved.prices), key=abs)
    words = f"all pairs moved at {moved.open_time:%Y-%m-%d %H:%M}, the most by {by_pct:+.1f} %; {why}"
    return (Finding(MARKET, 1, words),)


def apart(gate: Gate, basis: Mapping[str, Basis], strategy: Strategy) -> Gate:
    """The gate once more, when the trading venue's prices are known: what cannot be the same coin's price sits out.

    A premium beyond the band bars entries; one so far beyond it is no premium, and such a price sells nothing either.
    Nor does a price that neither venue has confirmed.
    """
    wrong = {}
    for key in gate.passed:
        one = basis.get(key)
        if one is not None and beyond_belief(one, strategy):
            wrong[key] = (Finding("is worth what the trading venue says", 0, one.why),)
        elif key in gate.unconfirmed and (one is None or one.premium_pct is None):
            unknown = one.why if one else "no premium was measured"
            wrong[key] = (Finding(LEVEL, 0, f"nobody confirms its price: {gate.unconfirmed[key]}; {unknown}"),)
    left = tuple(key for key in gate.passed if key not in wrong)
    return replace(gate, passed=left, quarantined={**gate.quarantined, **wrong})


def _of_its_own(checked: Outcomes[Checked], key: str, window: pd.DataFrame) -> tuple[Finding, ...]:
    """Why a pair sits out whatever the others do."""
    one = checked.values.get(key)  # noqa: PD011 (no frame)
    if one is None:
        return (Finding("could be checked", 0, checked.errors.get(key, "it was not checked")),)
    if not one.validation.passed:
        return one.validation.findings
    try:
        must_be(one, window)
    except Transient as error:
        return (Finding("is what was checked", 0, str(error)),)
    return repeated(window)


def _missing(candles: pd.DataFrame, at: datetime, strategy: Strategy) -> set[datetime]:
    """The closed slots of the window that have no candle."""
    end_s, step_s = int(frames.floor_time(at).timestamp()), int(frames.INTERVAL.total_seconds())
    opened_ms = candles["open_time"].astype("datetime64[ms, UTC]").astype("int64")
    slots = set(range(end_s - strategy.candles_window * step_s, end_s, step_s))
    return {datetime.fromtimestamp(slot, UTC) for slot in slots.difference((opened_ms // 1000).tolist())}


def _fetched(
    pair: Pair, at: datetime, missing: list[datetime], stored: pd.DataFrame, feed: Feed
) -> tuple[Fetched, set[datetime], str]:
    """Missing candles, asked for with one call; those that the reply shows it lacks; why none are used, in words."""
    none, many = Fetched(frames.empty()), f"{len(missing)} missing candles"
    count = (missing[-1] - missing[0]) // frames.INTERVAL + AROUND + 2
    try:
        answer = feed.market.fetch(pair, missing[0] - AROUND * frames.INTERVAL, min(count, PAGE))
    except TradingError as error:
        return none, set(), f"{many} were not fetched: {error}"
    reply = frames.closed(answer.candles, at)
    rows = reply[reply["open_time"].isin(missing)].reset_index(drop=True)
    faults = [] if rows.empty else frames.problems(rows)
    if trouble := ", ".join(faults) or contradicts(stored, reply, feed.strategy):
        return none, set(), f"{many} were not repaired: the reply {trouble}"
    return Fetched(rows, answer.payloads), _lacking(reply, missing, stored), ""


def _lacking(reply: pd.DataFrame, missing: list[datetime], stored: pd.DataFrame) -> set[datetime]:
    """Missing slots that a sound reply has candles before and after of, and all in between that are stored."""
    if reply.empty or frames.problems(reply):
        return set()
    said, held = (set(one["open_time"].dt.to_pydatetime()) for one in (reply, stored))
    first, last = min(said), max(said)
    if not {slot for slot in held if first <= slot <= last} <= said:
        return set()
    return {slot for slot in missing if first < slot < last} - said


def _stored(pair: Pair, at: datetime, fetched: Fetched, newest: datetime | None, feed: Feed) -> tuple[int, str]:
    """How many candles were stored, and what could not be kept of them, in words.

    Those older than the newest one that was there came late: a decision may have been made without them.
    """
    rows, history = fetched.candles, feed.history
    if rows.empty or history is None:
        return (0 if rows.empty else feed.store.put(pair, rows)), ""
    raw, note = kept(fetched.payloads, at, history.archive)
    late = rows["open_time"] < pd.Timestamp(newest) if newest else rows["open_time"].isna()
    changed = compare(pair.key, frames.empty(), rows[late].reset_index(drop=True), at, raw)
    count = take(pair, changed, rows, feed)
    fresh = rows[~late].reset_index(drop=True)
    return count + (0 if fresh.empty else feed.store.put(pair, fresh, raw)), note
