"""How a stored reading (a mapping with a ``timestamp``) is read: its age, its numbers, and what is not there."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any


def age_s(reading: Mapping[str, Any], at: datetime) -> float | None:
    """Seconds from the reading's ``timestamp`` (epoch s) to ``at``; None when it has none that can be read."""
    stamp = number(reading, "timestamp")
    return None if stamp is None else at.timestamp() - stamp


def number(reading: Mapping[str, Any], key: str) -> float | None:
    """A finite number (float, int, Decimal) of a reading; None when it is absent, empty or not a number."""
    value = reading.get(key)
    if value is None or isinstance(value, bool | str):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None


def level(reading: Mapping[str, Any], key: str) -> float | None:
    """A number of a reading; of a map, such as rates by symbol, the mean of the numbers in it; None without any."""
    found = reading.get(key)
    if not isinstance(found, Mapping):
        return number(reading, key)
    values = [value for name in found if (value := number(found, name)) is not None]
    return sum(values) / len(values) if values else None


def own_age_s(reading: Mapping[str, Any], source: str, at: datetime) -> float | None:
    """Seconds from a source's own time (``sources.<source>.as_of``, epoch s) to ``at``.

    A reading that names no sources is as old as its ``timestamp``; None when it names them, but this one has no time.
    """
    sources = reading.get("sources")
    if not isinstance(sources, Mapping):
        return age_s(reading, at)
    told = sources.get(source)
    stamp = number(told, "as_of") if isinstance(told, Mapping) else None
    return None if stamp is None else at.timestamp() - stamp
