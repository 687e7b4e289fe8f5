"""The inputs of a decision, looked up again: whether what is stored is what was seen, and in which bytes it came."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from trading.candles import INTERVAL
from trading.errors import TradingError
from trading.lineage.inputs import CandleRange, range_of
from trading.pairs import Pair
from trading.ports.candles import Revision
from trading.report.rows import number, text
from trading.report.words import plural
from trading.services.explain.decisions import Decided
from trading.services.explain.shapes import InputLine, Sources, span
from trading.services.lineage import reading_hash
from trading.services.revisions import as_seen

SAME = "the same is stored now"
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
        lines += [*_candles(pair, seen, sources), *_forecast(key, seen, found.at, sources)]
        lines += _reading(
            "news", key, seen.get("reading"), found.at, lambda at, of=pair: sources.readings.sentiment(of, at)
        )
    mood = found.record.get("context")
    reading = mood.get("reading") if isinstance(mood, Mapping) else None
    return (*lines, *_reading("context", "", reading, found.at, sources.readings.context))


def _candles(pair: Pair, seen: Mapping[str, Any], sources: Sources) -> list[InputLine]:
    wanted = _range(seen.get("candles"))
    if wanted is None or wanted.since is None or wanted.until is None:
        return []
    tier = f", from the {seen['tier']} tier" if seen.get("tier") else ""
    repaired = f", {plural(int(seen['repaired']), 'gap')} repaired" if seen.get("repaired") else ""
    was = f"{wanted.count} candles, {wanted.since:%m-%d %H:%M} to {wanted.until:%m-%d %H:%M} UTC{tier}{repaired}"
    try:
        now, sound = _still(pair, wanted, sources)
        raw = _payloads(sources.lineage.raw_keys(pair.key, wanted.since, wanted.until))
    except TradingError as error:
        return [InputLine("candles", pair.key, was, f"cannot be read now: {error}")]
    return [InputLine("candles", pair.key, was, now, raw, sound)]


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


def _forecast(key: str, seen: Mapping[str, Any], at: datetime, sources: Sources) -> list[InputLine]:
    said = seen.get("forecast")
    if not isinstance(said, Mapping):
        return []
    fallback = f" (not a better model: {said['fallback_reason']})" if said.get("fallback_reason") else ""
    change, sure = (number(said.get(name)) or 0.0 for name in ("change_pct", "confidence"))
    was = f"{said.get('model')}, {change:+.2f} %, confidence {sure:.2f}{fallback}, {said.get('forecast_id')}"
    try:
        kept = sources.forecasts.get(key, at)
    except TradingError as error:
        return [InputLine("forecast", key, was, f"cannot be read now: {error}")]
    outcome = (
        "is not in the ledger" if kept is None else "its outcome is in the ledger" if kept.outcome else "no outcome yet"
    )
    return [InputLine("forecast", key, was, outcome)]


def _reading(kind: str, pair: str, said: Any, at: datetime, look_up: Any) -> list[InputLine]:
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
    return [InputLine(kind, pair, was, SAME if same else "NOT what was seen", _raw(row), same)]


def _raw(row: Mapping[str, Any]) -> str:
    """The payloads of a reading: its own, or those of its sources."""
    sources = row.get("sources")
    of_sources = [one.get("raw") for one in sources.values()] if isinstance(sources, Mapping) else []
    return ", ".join(dict.fromkeys(text(key) for key in (row.get("raw"), *of_sources) if key))


def _range(said: Any) -> CandleRange | None:
    """A range as the record holds it; None when it holds none."""
    if not isinstance(said, Mapping):
        return None
    since, until = (datetime.fromisoformat(said[name]) if said.get(name) else None for name in ("since", "until"))
    return CandleRange(text(said.get("pair")), since, until, int(said["count"]), text(said.get("sha256")))
