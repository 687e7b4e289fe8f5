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
