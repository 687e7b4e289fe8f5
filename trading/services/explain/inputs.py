"""The inputs of a decision, looked up again: whether what is stored is what was seen, and in which bytes it came."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from trading.calibration.making import signal_of
from trading.calibration.records import Forecast
from trading.candles import INTERVAL
from trading.errors import BadInput, Halt, TradingError
from trading.lineage.inputs import CandleRange, hash_of, range_of
from trading.lineage.record import plain
from trading.pairs import Pair
from trading.ports import Archive
from trading.ports.candles import Revision
from trading.report.rows import number, text
from trading.report.words import plural
from trading.services.explain.decisions import Decided
from trading.services.explain.shapes import InputLine, Sources, span
from trading.services.lineage import reading_hash
from trading.services.named import gone
from trading.services.payloads import load
from trading.services.quarantine import evidence_key
from trading.services.revisions import as_seen
from trading.tables import FORECASTS

SAME = "the same is stored now"
KEPT = "in the bucket raw-market-data"
SHOWN = 3
"""Revised candles that are named one by one."""


def input_lines(found: Decided, keys: Sequence[str], sources: Sources) -> tuple[InputLine, ...]:
    """The inputs of these pairs and of the whole market; none without a record."""
    if not found.record:
        return ()
    lines: list[InputLine] = []
    for key in keys:
        seen, pair = found.seen(key), sources.pair(key)
        if pair is None or not seen:
            continue
        if key in found.quarantined:
            where = evidence_key(key, found.at)
            lines.append(InputLine("evidence", key, "why it sat out, with the failing rows", KEPT, where))
        lines += [*_candles(pair, seen, sources), *_forecast(key, seen, found, sources)]
        lines += _reading(
            "news", key, seen.get("reading"), found.at, lambda at, of=pair: sources.readings.sentiment(of, at), sources
        )
    mood = found.record.get("context")
    reading = mood.get("reading") if isinstance(mood, Mapping) else None
    return (*lines, *_reading("context", "", reading, found.at, sources.readings.context, sources))


def _candles(pair: Pair, seen: Mapping[str, Any], sources: Sources) -> list[InputLine]:
    wanted = _range(seen.get("candles"))
    if wanted is None or wanted.since is None or wanted.until is None:
        return []
    tier = f", from the {seen['tier']} tier" if seen.get("tier") else ""
    repaired = f", {plural(int(seen['repaired']), 'gap')} repaired" if seen.get("repaired") else ""
    was = f"{wanted.count} candles, {wanted.since:%m-%d %H:%M} to {wanted.until:%m-%d %H:%M} UTC{tier}{repaired}"
    try:
        now, sound = _still(pair, wanted, sources)
        keys = sources.lineage.raw_keys(pair.key, wanted.since, wanted.until)
    except TradingError as error:
        return [InputLine("candles", pair.key, was, f"cannot be read now: {error}")]
    newest = (keys[max(keys)],) if keys else ()
    line = InputLine("candles", pair.key, was, now, _payloads(keys), sound)
    return [_found_again(line, newest, keys.values(), sources.archive)]


def _still(pair: Pair, wanted: CandleRange, sources: Sources) -> tuple[str, bool]:
    """Whether the candles are what was seen, or can be made so by undoing what the venue changed later."""
    if wanted.since is None or wanted.until is None:
        return "", True
    slots = (wanted.until - wanted.since) // INTERVAL + 1
    stored = sources.candles.read(pair, wanted.until + INTERVAL, slots).candles
    stored = stored[stored["open_time"] >= wanted.since].reset_index(drop=True)
    if stored.empty:
        return "gone from every tier", True
    if range_of(pair.key, stored).sha256 == wanted.sha256:
        return SAME, True
    revisions = sources.revisions.of(pair.key, wanted.since, wanted.until)
    version = as_seen(stored, revisions, wanted)
    if version is None:
        there = "" if len(stored) == wanted.count else f" ({len(stored)} of {wanted.count} are there)"
        return f"NOT what was seen{there}, and no revision explains it", False
    return f"{_revised(revisions)}; undone, it is what was seen", True


def _revised(revisions: Sequence[Revision]) -> str:
    slots = sorted({one.open_time for one in revisions})
    named = ", ".join(f"{at:%m-%d %H:%M}" for at in slots[:SHOWN])
    more = f" and {len(slots) - SHOWN} more" if len(slots) > SHOWN else ""
    return f"{plural(len(slots), 'candle')} changed by the venue since ({named}{more} UTC)"


def _payloads(keys: Mapping[datetime, str]) -> str:
    """The payload of the newest candle, and how many others the rest came from."""
    if not keys:
        return ""
    newest, others = keys[max(keys)], len(set(keys.values())) - 1
    return f"{newest} and {plural(others, 'payload')} before it" if others else newest


def _forecast(key: str, seen: Mapping[str, Any], found: Decided, sources: Sources) -> list[InputLine]:
    said = seen.get("forecast")
    if not isinstance(said, Mapping):
        return []
    fallback = f" (not a better model: {said['fallback_reason']})" if said.get("fallback_reason") else ""
    change, sure = (number(said.get(name)) or 0.0 for name in ("change_pct", "confidence"))
    was = f"{said.get('model')}, {change:+.2f} %, confidence {sure:.2f}{fallback}, {said.get('forecast_id')}"
    try:
        kept = sources.forecasts.get(key, found.at)
        now, sound = _lost(said, found, sources) if kept is None else _ledger(said, kept, found, sources)
    except TradingError as error:
        now, sound = f"cannot be read now: {error}", not isinstance(error, Halt)
    return [InputLine("forecast", key, was, now, sound=sound)]


def _lost(said: Mapping[str, Any], found: Decided, sources: Sources) -> tuple[str, bool]:
    """What it means that the ledger has no such forecast."""
    if said.get("note"):
        return f"is not in the ledger: {said['note']}", True
    over = sources.now >= found.at + timedelta(days=FORECASTS.ttl_days or 0)
    return ("has left the ledger", True) if over else ("GONE from the ledger before its time", False)


def _ledger(said: Mapping[str, Any], kept: Forecast, found: Decided, sources: Sources) -> tuple[str, bool]:
    """Whether the forecast in the ledger gives the very signal that was judged, by the strategy that judged it."""
    outcome = "its outcome is in the ledger" if kept.outcome else "no outcome yet"
    if said.get("note"):
        return f"{outcome}; not compared with the ledger: {said['note']}", True
    then = found.record.get("strategy")
    if not isinstance(then, Mapping) or then.get("sha256") != hash_of(plain(sources.strategy.model_dump())):
        return f"{outcome}; not compared with the ledger: the strategy is another one now", True
    try:
        same = hash_of(plain(signal_of(kept, sources.strategy))) == said.get("sha256") and _fits(
            kept, said, _range(found.seen(kept.pair).get("candles"))
        )
    except BadInput:
        same = False
    return (f"the same is in the ledger, {outcome}", True) if same else ("NOT what is in the ledger now", False)


def _fits(kept: Forecast, said: Mapping[str, Any], window: CandleRange | None) -> bool:
    """Whether what the signal does not show fits: the model, the first step, a path that is flat without quantiles."""
    follows = window is None or window.until is None or kept.first_step_at == window.until + INTERVAL
    flat = kept.price * (1 + kept.momentum_pct / 100)
    return follows and kept.model == said.get("model") and (bool(kept.q10) or set(kept.q50) == {flat})


def _reading(kind: str, pair: str, said: Any, at: datetime, look_up: Any, sources: Sources) -> list[InputLine]:
    """A stored reading: ``look_up`` gives the newest one not after a time."""
    if not isinstance(said, Mapping):
        return []
    taken = datetime.fromtimestamp(int(said["timestamp"]), UTC)
    articles = f", {plural(len(said['articles']), 'article')}" if said.get("articles") else ""
    was = f"read {taken:%m-%d %H:%M} UTC, {span((at - taken).total_seconds())} old{articles}"
    if not said.get("sha256"):
        return [InputLine(kind, pair, was, text(said.get("note")))]
    try:
        row = look_up(taken)
    except TradingError as error:
        return [InputLine(kind, pair, was, f"cannot be read now: {error}")]
    if row is None or row.get("timestamp") != said["timestamp"]:
        return [InputLine(kind, pair, was, "has left the table")]
    same = reading_hash(row) == said["sha256"]
    keys = _raw(row)
    line = InputLine(kind, pair, was, SAME if same else "NOT what was seen", ", ".join(keys), same)
    return [_found_again(line, keys, keys, sources.archive)]


def _raw(row: Mapping[str, Any]) -> list[str]:
    """The payloads of a reading: its own, or those of its sources."""
    sources = row.get("sources")
    of_sources = [one.get("raw") for one in sources.values()] if isinstance(sources, Mapping) else []
    return list(dict.fromkeys(text(key) for key in (row.get("raw"), *of_sources) if key))


def _found_again(line: InputLine, shown: Iterable[str], keys: Iterable[str], archive: Archive) -> InputLine:
    """The line after a look at its payloads: all must be there, and those that are shown be what was stored."""
    try:
        lost = gone(keys, archive)
        for key in set(shown) - set(lost):
            load(key, archive)
    except TradingError as error:
        sound = line.sound and not isinstance(error, Halt)
        return replace(line, now=f"{line.now}; its payload cannot be read now: {error}", sound=sound)
    if not lost:
        return line
    return replace(
        line, now=f"{line.now}; {plural(len(lost), 'payload')} GONE from the archive ({lost[0]})", sound=False
    )


def _range(said: Any) -> CandleRange | None:
    """A range as the record holds it; None when it holds none."""
    if not isinstance(said, Mapping):
        return None
    since, until = (datetime.fromisoformat(said[name]) if said.get(name) else None for name in ("since", "until"))
    return CandleRange(text(said.get("pair")), since, until, int(said["count"]), text(said.get("sha256")))
