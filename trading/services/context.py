"""Context: what the sources say of the whole market becomes one stored reading, with what failed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from trading.errors import Rejected
from trading.ports import Notice, Readings
from trading.ports.context import ContextSource, Measured
from trading.services.looks import Outcomes
from trading.services.pages import foreign, table_row
from trading.signals.context import SCORED, USD_JPY, ContextSignal, context_signal, no_rate, unusable
from trading.signals.readings import own_age_s
from trading.strategy import Strategy


@dataclass(frozen=True, slots=True)
class Mood:
    """One stored reading: its row, how it is judged right away, and why sources failed, by name."""

    at: datetime
    row: Mapping[str, Any]
    signal: ContextSignal
    failed: Mapping[str, str]


def measure(source: ContextSource, at: datetime, strategy: Strategy) -> Measured:
    """Ask one source.

    Raises what it raises, and Rejected for a value that is too old, from after ``at``, or no rate by the strategy.
    """
    found = source.read()
    if trouble := unusable(source.name, (at - found.as_of).total_seconds(), strategy):
        msg = f"{found.provider}: {source.name} is as of {found.as_of:%Y-%m-%d %H:%M} UTC, {trouble}; left out"
        raise Rejected(msg)
    if source.name == USD_JPY and not isinstance(found.value, Mapping) and (trouble := no_rate(found.value, strategy)):
        msg = f"{found.provider}: {source.name} is {trouble}; left out"
        raise Rejected(msg)
    return found


def store(read: Outcomes[Measured], at: datetime, readings: Readings, strategy: Strategy) -> Mood | None:
    """Store what came, with the names of what did not; nothing is made up for it (I18).

    A source that failed keeps what it said before, with that time, as long as it is not too old: fear and greed is a
    daily figure, and an outage, of one source or of all, does not end the caution in extreme fear (I14).
    None when nothing came and nothing of before is left: a row without values would only hide that.
    """
    before = readings.context(at) or {}
    kept = {name: found for name in read.errors if (found := _kept(before, name, at, strategy))}
    values = {**read.values, **kept}
    if not values:
        return None
    row = row_of(Outcomes(values, read.errors), at, strategy)
    readings.put_context(at, row)
    return Mood(at, row, _judged(row, at, strategy), read.errors)


def row_of(read: Outcomes[Measured], at: datetime, strategy: Strategy) -> dict[str, Any]:
    """A row of the table ``market-context``: values, their sources, the score, and what failed with its reason."""
    row: dict[str, Any] = {
        **{name: found.value for name, found in read.values.items()},
        "sources": {name: _source(found, at) for name, found in read.values.items()},
        "failed": [f"{name}: {error}" for name, error in read.errors.items()],
    }
    return {**row, "score": _judged(row, at, strategy).score}


def page_of(mood: Mood) -> str:
    """The reading for people, as markdown: each value with its time and source, and what failed."""
    words = [f"# Mood of the market: {mood.signal.score:+.3f}", mood.signal.note, ""]
    lines = []
    for name, source in mood.row["sources"].items():
        value = mood.row[name]
        numbers = (
            [f"{key} {rate:+.6f}" for key, rate in value.items()] if isinstance(value, Mapping) else [f"{value:g}"]
        )
        age = f"{source['age_s'] / 3600:.1f} h"
        lines.append(table_row(name, ", ".join(numbers), age, source["provider"], foreign(source.get("note", ""))))
    table = ["| what | value | age | from | note |", "|---|---|---|---|---|", *lines] if lines else []
    failed = [f"- {name} failed: {foreign(error)}" for name, error in mood.failed.items()]
    return "\n".join([*words, *table, "", *failed])


def notices_of(read: Outcomes[Measured], at: datetime) -> list[Notice]:
    """What people are told: which sources are missing; an alarm when all are."""
    if not read.errors:
        return []
    reasons = "; ".join(f"{name}: {error}" for name, error in read.errors.items())
    if any(name in SCORED for name in read.values):
        return [Notice("context.partial", f"market context without {reasons}", at)]
    text = f"no source of the market context answers, what they said before counts until it is too old: {reasons}"
    return [Notice("context.missing", text, at, alarm=True)]


def _kept(before: Mapping[str, Any], name: str, at: datetime, strategy: Strategy) -> Measured | None:
    """What a source said in the reading before, if it may still be used; with its own time, so that it grows old."""
    age, value, sources = own_age_s(before, name, at), before.get(name), before.get("sources")
    if value is None or age is None or not isinstance(sources, Mapping) or unusable(name, age, strategy):
        return None
    source, as_of = sources[name], at - timedelta(seconds=age)
    numbers = {key: float(one) for key, one in value.items()} if isinstance(value, Mapping) else float(value)
    note = f"kept: the source failed at {at:%H:%M} UTC"
    raw = str(source.get("raw", ""))
    return Measured(name, numbers, as_of, str(source["provider"]), str(source["url"]), note, kept=raw)


def _judged(row: Mapping[str, Any], at: datetime, strategy: Strategy) -> ContextSignal:
    return context_signal({**row, "timestamp": int(at.timestamp())}, at, strategy)


def _source(found: Measured, at: datetime) -> dict[str, Any]:
    """Where a value came from; times in epoch seconds, like the row's own."""
    return {
        "as_of": int(found.as_of.timestamp()),
        "age_s": round((at - found.as_of).total_seconds()),
        "provider": found.provider,
        "url": found.url,
        **({"note": found.note} if found.note else {}),
        **({"raw": found.kept} if found.kept else {}),
    }
