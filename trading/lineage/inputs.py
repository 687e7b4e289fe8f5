"""Inputs by what they were: ranges of candles and rows, each with the hash of exactly what was seen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import pandas as pd

from trading.candles import COLUMNS


@dataclass(frozen=True, slots=True)
class CandleRange:
    """The candles that a judgement saw: first and last open time, how many, and the hash of their values."""

    pair: str
    since: datetime | None
    until: datetime | None
    count: int
    sha256: str


def range_of(pair: str, candles: pd.DataFrame) -> CandleRange:
    """The range that a frame is, hashed over open times (epoch ms, int64) and values (float64), little endian."""
    if candles.empty:
        return CandleRange(pair, None, None, 0, hashlib.sha256(b"").hexdigest())
    digest = hashlib.sha256(candles["open_time"].astype("datetime64[ms, UTC]").astype("int64").to_numpy().tobytes())
    digest.update(candles[list(COLUMNS[1:])].to_numpy(dtype="<f8").tobytes())
    first, last = (candles["open_time"].iloc[end].to_pydatetime() for end in (0, -1))
    return CandleRange(pair, first, last, len(candles), digest.hexdigest())


def canonical(value: Any) -> str:
    """One text for one value, whoever writes it: JSON with sorted keys, no spaces, nothing that is no JSON number."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def hash_of(value: Any) -> str:
    """SHA-256 (hex) of the canonical text of a value."""
    return hashlib.sha256(canonical(value).encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset | tuple):
        return sorted(value) if isinstance(value, set | frozenset) else list(value)
    return str(value)
