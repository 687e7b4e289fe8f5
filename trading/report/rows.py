"""A booked signal row, read leniently: the report says something about every row, also about an old or a broken one.

Lenient means that an absent or unreadable number is ``None`` and an absent text is empty. Nothing is replaced by a
default that could be mistaken for a reading.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

FALLBACK_MODEL = "momentum-fallback"


@dataclass(frozen=True, slots=True)
class Part:
    """One judge's share of a score: its own value, and the weight it had; either may be unknown."""

    name: str
    value: float | None
    weight: float | None

    @property
    def pull(self) -> float:
        """How far it moved the total, towards buying or (negative) selling; 0 when a half is unknown."""
        return 0.0 if self.value is None or self.weight is None else self.value * self.weight


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a model expected of the hour after ``at``: quantile paths by 5-minute step, USDT, and who said so."""

    at: datetime
    model: str
    q10: tuple[float, ...]
    q50: tuple[float, ...]
    q90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one analysis thought of one pair.

    score        in [-1, 1]; None when the pair sat out because an input was missing.
    action       of the whole decision; ``chosen`` says whether it was about this pair.
    close_usdt   the analysis venue's last closed price: for charts, never for money.
    fallback     why the forecast was not the model's; empty when it was.
    neutral      inputs that counted as neutral, each with its reason.
    outlook      the forecast's quantile paths; None where momentum stood in, which has none.
    """

    pair: str
    at: datetime
    decision_id: str
    action: str
    chosen: bool
    score: float | None
    buy_threshold: float | None
    sell_threshold: float | None
    close_usdt: float | None
    parts: tuple[Part, ...]
    missing: tuple[str, ...]
    fallback: str
    neutral: tuple[str, ...]
    reasons: tuple[str, ...]
    outlook: Outlook | None = None

    @property
    def short_by(self) -> float | None:
        """How far the score was below the buy threshold; zero or less = reached; None when a half is unknown."""
        return None if self.score is None or self.buy_threshold is None else self.buy_threshold - self.score


def coin_of(pair: str) -> str:
    """``SOL`` for the pair key ``sol_usdt``."""
    return pair.removesuffix("_usdt").upper()


def number(value: object) -> float | None:
    """A finite float of anything that is a number or spells one, else None. A truth value is not a number."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | str):
        return None
    try:
        result = float(value)
    except (ValueError, OverflowError):
        return None
    return result if math.isfinite(result) else None


def text(value: object) -> str:
    """Any value as one text; nothing is the empty text."""
    return "" if value is None else str(value)


def _inner(row: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = row.get(key)
    return value if isinstance(value, Mapping) else {}


def _texts(value: object) -> tuple[str, ...]:
    if isinstance(value, Iterable) and not isinstance(value, str | Mapping):
        return tuple(str(item) for item in value)
    return (text(value),) if value else ()


def _parts(row: Mapping[str, Any]) -> tuple[Part, ...]:
    values, weights = _inner(row, "components"), _inner(row, "weights")
    names = list(dict.fromkeys([*weights, *values]))
    return tuple(Part(str(name), number(values.get(name)), number(weights.get(name))) for name in names)


def _fallback(row: Mapping[str, Any]) -> str:
    forecast = _inner(row, "forecast")
    reason = text(forecast.get("fallback_reason"))
    return reason or ("no reason given" if forecast.get("model") == FALLBACK_MODEL else "")


def _neutral(row: Mapping[str, Any]) -> tuple[str, ...]:
    notes = ((name, text(_inner(row, name).get("note"))) for name in ("sentiment", "context"))
    return tuple(f"{name}: {note}" for name, note in notes if note)


def _outlook(row: Mapping[str, Any], at: datetime) -> Outlook | None:
    """The paths of the forecast, where all three are there, equally long and of numbers only."""
    forecast = _inner(row, "forecast")
    paths = [[number(value) for value in _values(forecast.get(name))] for name in ("q10", "q50", "q90")]
    if len({len(path) for path in paths}) != 1 or not paths[0] or any(None in path for path in paths):
        return None
    q10, q50, q90 = (tuple(value for value in path if value is not None) for path in paths)
    return Outlook(at, text(forecast.get("model")), q10, q50, q90)


def _values(value: object) -> tuple[object, ...]:
    return tuple(value) if isinstance(value, Iterable) and not isinstance(value, str | Mapping) else ()


def judgement(pair: str, row: Mapping[str, Any]) -> Judgement | None:
    """One row of a pair as a judgement; None when it does not say when it was made."""
    seconds = number(row.get("timestamp"))
    if seconds is None:
        return None
    return Judgement(
        pair=pair,
        at=datetime.fromtimestamp(seconds, UTC),
        decision_id=text(row.get("decision_id")) or f"at {int(seconds)}",
        action=text(row.get("action")) or "HOLD",
        chosen=row.get("chosen") is True,
        score=number(row.get("score")),
        buy_threshold=number(row.get("buy_threshold")),
        sell_threshold=number(row.get("sell_threshold")),
        close_usdt=number(row.get("close")),
        parts=_parts(row),
        missing=_texts(row.get("missing")),
        fallback=_fallback(row),
        neutral=_neutral(row),
        reasons=_texts(row.get("reasons")),
        outlook=_outlook(row, datetime.fromtimestamp(seconds, UTC)),
    )
