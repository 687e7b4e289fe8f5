"""Stored rows, which are nested, laid out flat to be checked: one reading, one forecast, one decision."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pandas as pd

from trading.ports.quality import Validator
from trading.quality.findings import Validation
from trading.quality.rules import Suite
from trading.quality.suites import PATHS, context_suite, forecast_suite, sentiment_suite, signal_suite
from trading.signals.readings import number
from trading.signals.sentiment import score_of
from trading.strategy import Strategy
from trading.tables import FORECASTS, MARKET_CONTEXT, SENTIMENT, SIGNALS, Table

FUNDING_REACH = 0.05
"""Funding, a fraction per 8 hours, either way: the exchange's own limit was 0.02 in November 2022."""

type Row = Mapping[str, Any]
type Layout = Callable[[Sequence[Row], datetime, Strategy], pd.DataFrame]


def check_reading(
    table: Table, subject: str, rows: Sequence[Row], at: datetime, validator: Validator, strategy: Strategy
) -> Validation:
    """Whether stored rows may be used at a time: one reading or forecast, or all the rows of one decision."""
    suite, layout = BY_TABLE[table.name]
    return validator.validate(suite, layout(rows, at, strategy), subject, at)


def sentiment_frame(rows: Sequence[Row], at: datetime, _strategy: Strategy) -> pd.DataFrame:
    """News readings, a row each. ``score_off``: distance of the score from what its value is worth."""
    return _frame(sentiment_suite(), (_sentiment(row, at) for row in rows))


def context_frame(rows: Sequence[Row], at: datetime, strategy: Strategy) -> pd.DataFrame:
    """Market readings, a row a value that was measured, each with what it can be."""
    return _frame(context_suite(), (value for row in rows for value in _context(row, at, strategy)))


def forecast_frame(rows: Sequence[Row], at: datetime, _strategy: Strategy) -> pd.DataFrame:
    """Forecasts, a row a step. ``lacking``: paths that end before this step, of those that there are."""
    return _frame(forecast_suite(), (step for row in rows for step in _steps(row, at)))


def signal_frame(rows: Sequence[Row], at: datetime, _strategy: Strategy) -> pd.DataFrame:
    """The rows of a decision. ``part_low``, ``part_high``: the least and the largest component of a score."""
    return _frame(signal_suite(), (_signal(row, at) for row in rows))


BY_TABLE: Mapping[str, tuple[Suite, Layout]] = {
    SENTIMENT.name: (sentiment_suite(), sentiment_frame),
    MARKET_CONTEXT.name: (context_suite(), context_frame),
    FORECASTS.name: (forecast_suite(), forecast_frame),
    SIGNALS.name: (signal_suite(), signal_frame),
}


def _frame(suite: Suite, rows: Iterator[dict[str, Any]]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=list(suite.names), dtype=object)


def _sentiment(row: Row, at: datetime) -> dict[str, Any]:
    value, score = number(row, "value"), number(row, "score")
    published = [_epoch_s(one.get("published_at")) for one in _maps(row.get("headlines"))]
    dated = [one for one in published if one is not None]
    stamps = [one for one in (number(row, "timestamp"), *dated) if one is not None]
    return {
        **{name: row.get(name) for name in ("timestamp", "value", "score", "article_count")},
        "score_off": None if value is None or score is None else abs(score - score_of(value)),
        "undated": len(published) - len(dated),
        "ahead_s": max(stamps) - at.timestamp() if stamps else None,
    }


def _context(row: Row, at: datetime, strategy: Strategy) -> Iterator[dict[str, Any]]:
    """The score, which must be there, and each value that is."""
    yield {"name": "score", "value": row.get("score"), "low": -1, "high": 1, "ahead_s": _ahead_s(row, "timestamp", at)}
    reach = {
        "fear_greed": (0, 100),
        "btc_dominance": (0, 100),
        "usd_jpy": (strategy.usd_jpy_low, strategy.usd_jpy_high),
        "funding": (-FUNDING_REACH, FUNDING_REACH),
    }
    sources = row.get("sources")
    for name, (low, high) in reach.items():
        source = sources.get(name) if isinstance(sources, Mapping) else None
        ahead = _ahead_s(source, "as_of", at) if isinstance(source, Mapping) else None
        beyond = None if ahead is None else ahead - strategy.context_ahead_minutes * 60
        for which, value in _values(name, row.get(name)):
            yield {"name": which, "value": value, "low": low, "high": high, "ahead_s": beyond}


def _values(name: str, found: Any) -> Iterator[tuple[str, Any]]:
    """A value, or each of a map of them, such as rates by symbol."""
    if isinstance(found, Mapping):
        yield from ((f"{name} {key}", value) for key, value in found.items())
    elif found is not None:
        yield name, found


def _steps(row: Row, at: datetime) -> Iterator[dict[str, Any]]:
    paths = {name: _listed(row.get(name)) for name in PATHS}
    count = max(map(len, paths.values()))
    for step in range(count):
        values = {name: path[step] if step < len(path) else None for name, path in paths.items()}
        lacking = sum(step >= len(path) for name, path in paths.items() if path or name == "q50")
        ahead_s = _ahead_s(row, "timestamp", at)
        yield {"step": step + 1, "price": row.get("price"), **values, "lacking": lacking, "ahead_s": ahead_s}


def _signal(row: Row, at: datetime) -> dict[str, Any]:
    components, weights = row.get("components"), row.get("weights")
    parts = list(components.values()) if isinstance(components, Mapping) else []
    total = sum(_numeric(weights.values())) if isinstance(weights, Mapping) and weights else 1.0
    names = ("pair", "decision_id", "action", "buy_threshold", "sell_threshold", "score")
    return {
        **{name: row.get(name) for name in names},
        "part_low": _end(min, parts),
        "part_high": _end(max, parts),
        "weights_off": abs(total - 1),
        "ahead_s": _ahead_s(row, "timestamp", at),
    }


def _end(end: Callable[[list[float]], float], parts: Sequence[Any]) -> Any:
    """The end of some numbers; the first that is none, so that its kind is found wrong."""
    wrong = [part for part in parts if number({"part": part}, "part") is None]
    return wrong[0] if wrong else end(_numeric(parts)) if parts else None


def _numeric(values: Any) -> list[float]:
    found = (number({"value": value}, "value") for value in values)
    return [value for value in found if value is not None]


def _ahead_s(row: Row, key: str, at: datetime) -> float | None:
    stamp = number(row, key)
    return None if stamp is None else stamp - at.timestamp()


def _maps(found: Any) -> list[Row]:
    return [one for one in _listed(found) if isinstance(one, Mapping)]


def _listed(found: Any) -> list[Any]:
    return list(found) if isinstance(found, list | tuple) else []


def _epoch_s(found: Any) -> float | None:
    """A time, or one written in ISO 8601, as epoch seconds; None for what has no zone or is none."""
    try:
        at = datetime.fromisoformat(found) if isinstance(found, str) else found
    except ValueError:
        return None
    return at.timestamp() if isinstance(at, datetime) and at.tzinfo is not None else None
