"""Lineage: what a decision was made from, recorded before anything comes of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from trading.errors import TradingError
from trading.lineage.inputs import hash_of
from trading.lineage.record import Inputs, Origin, SeenReading, body_of, plain
from trading.ports import Readings
from trading.ports.lineage import Lineage, Link
from trading.ports.news import News
from trading.scoring import Decision
from trading.services.intents import decision_id_of
from trading.services.judge import context_of, sentiment_of
from trading.services.looks import Look
from trading.signals.context import ContextSignal
from trading.strategy import Strategy

SINCE_CHANGED = "stored again since it was judged: the reading of then is not there any more"


def trace(origin: Origin, at: datetime, seen: Inputs, decision: Decision, lineage: Lineage, strategy: Strategy) -> Link:
    """Record a decision at the end of its UTC day's chain.

    Raises what the chain raises: a decision that cannot be recorded must not become an order.
    """
    body = body_of(origin, decision_id_of(at), at, seen, decision, strategy)
    return lineage.append(at.astimezone(UTC).date(), body)


def readings_seen(
    looks: Sequence[Look], pairs: Mapping[str, Any], at: datetime, readings: Readings, news: News, strategy: Strategy
) -> dict[str, SeenReading]:
    """The news readings that were judged, by pair. ``pairs``: the configured pairs by key."""
    found = {}
    for look in looks:
        if look.sentiment is None or look.sentiment.age_s is None:
            continue
        timestamp = round(at.timestamp() - look.sentiment.age_s)
        try:
            row = readings.sentiment(pairs[look.pair], at)
        except TradingError as error:
            found[look.pair] = SeenReading(timestamp, "", note=f"could not be read again: {error}")
            continue
        same = sentiment_of(pairs[look.pair], row, at, news, strategy) == look.sentiment
        found[look.pair] = _seen(row, timestamp, same=same)
    return found


def context_seen(mood: ContextSignal, at: datetime, readings: Readings, strategy: Strategy) -> SeenReading | None:
    """The reading of the whole market that was judged; None when there was none."""
    if mood.age_s is None:
        return None
    timestamp = round(at.timestamp() - mood.age_s)
    try:
        row = readings.context(at)
    except TradingError as error:
        return SeenReading(timestamp, "", note=f"could not be read again: {error}")
    return _seen(row, timestamp, same=context_of(row, at, strategy) == mood)


def _seen(row: Mapping[str, Any] | None, timestamp: int, *, same: bool) -> SeenReading:
    """A reading by its hash, if what is stored is what was judged: the judges hand on what they made of it only."""
    if row is None or not same:
        return SeenReading(timestamp, "", note=SINCE_CHANGED)
    headlines = row.get("headlines")
    articles = [one.get("key") for one in headlines or () if isinstance(one, Mapping)]
    return SeenReading(timestamp, reading_hash(row), tuple(str(key) for key in articles if key))


def reading_hash(row: Mapping[str, Any]) -> str:
    """The hash of a stored reading; when it will be forgotten is no part of it."""
    return hash_of(plain({name: value for name, value in row.items() if name not in {"ttl", "write_id"}}))
