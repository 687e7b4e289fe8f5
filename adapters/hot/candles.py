"""Recent candles in Redis: ``<prefix>:ohlcv:<pair>:5m``, a sorted set by open time, gone 24 hours after the last write.

What is here was in the warm tier first. A put withdraws its slots before the warm tier is changed and brings them after
it, so that a slot is either as the warm tier has it or not here at all (``scripts``). A window is answered only when
every slot of it is here, up to the newest that can exist at that time: less may be a gap, or only a loss. A put whose
end could not be told here withdraws its slots once more before this process reads or changes the pair again.
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from adapters.hot.scripts import BRING, READ, WITHDRAW
from adapters.hot.server import Server
from trading import candles as frames
from trading.errors import Transient
from trading.pairs import Pair

TIMEFRAME = "5m"
TTL_S = 24 * 3_600
KEPT_S = 2 * 24 * 3_600
"""How far back from the newest candle any are kept: a window of 28 hours, and some hours of looking back."""
PUT_S = 900
"""Longest that a put may take: one that began earlier was given up, and no longer keeps anybody from bringing."""
STEP_S = int(frames.INTERVAL.total_seconds())
NAMES = frames.COLUMNS[1:]

type Row = tuple[datetime, float, float, float, float, float]


@dataclass(frozen=True, slots=True)
class Found:
    """A window, None when it is not whole here; and the ticket to bring it with, empty when nothing may be brought."""

    candles: pd.DataFrame | None
    ticket: str


class HotCandles:
    """Windows of recent candles, safe for many threads. Every method raises Transient when the server fails."""

    def __init__(self, server: Server, prefix: str) -> None:
        self._server, self._prefix = server, prefix
        self._lock = threading.Lock()
        self._untold: dict[str, tuple[int, int]] = {}

    def window(self, pair: Pair, newest: datetime, count: int) -> Found:
        """The ``count`` candles up to the one that opened at ``newest``, when they are all here."""
        self._tell(pair)
        last = int(newest.timestamp())
        first = last - (count - 1) * STEP_S
        ticket, members = self._run(READ, pair, first, last)
        return Found(_whole(members, range(first, last + STEP_S, STEP_S)), ticket)

    def withdraw(self, pair: Pair, candles: pd.DataFrame) -> str:
        """The slots of these candles are about to change: forget them. The ticket of this put."""
        self._tell(pair)
        return str(self._run(WITHDRAW, pair, *_ends(candles)))

    def bring(self, pair: Pair, candles: pd.DataFrame, ticket: str, *, after_put: bool) -> bool:
        """Keep what the warm tier has; whether it was kept. It is not when something changed since the ticket."""
        pairs = [text for row in _rows(candles) for text in (int(row[0].timestamp()), _member(row))]
        if after_put:
            return self._end(pair, candles, ticket, *pairs)
        return bool(self._run(BRING, pair, *_ends(candles), ticket, KEPT_S, "read", *pairs))

    def give_up(self, pair: Pair, candles: pd.DataFrame, ticket: str) -> None:
        """The put did not happen; its slots stay empty until somebody reads them."""
        self._end(pair, candles, ticket)

    def _end(self, pair: Pair, candles: pd.DataFrame, ticket: str, *pairs: str | int) -> bool:
        first, last = _ends(candles)
        try:
            return bool(self._run(BRING, pair, first, last, ticket, KEPT_S, "put", *pairs))
        except Transient:
            with self._lock:
                before = self._untold.get(pair.key, (first, last))
                self._untold[pair.key] = min(first, before[0]), max(last, before[1])
            raise

    def _tell(self, pair: Pair) -> None:
        """End the puts whose end was not told: their slots are emptied, and who looked before may not bring."""
        with self._lock:
            ends = self._untold.get(pair.key)
        if ends is None:
            return
        self._run(BRING, pair, *ends, self._run(WITHDRAW, pair, *ends), KEPT_S, "put")
        with self._lock:
            if self._untold.get(pair.key) == ends:
                del self._untold[pair.key]

    def _run(self, script: str, pair: Pair, *values: str | int) -> Any:
        key = f"{self._prefix}:ohlcv:{pair.key}:{TIMEFRAME}"
        return self._server.run(script, (key, f"{key}:seal"), (uuid.uuid4().hex, TTL_S, PUT_S, *values))


def _ends(candles: pd.DataFrame) -> tuple[int, int]:
    times = candles["open_time"]
    return int(times.min().timestamp()), int(times.max().timestamp())


def _rows(candles: pd.DataFrame) -> list[Row]:
    times = [at.to_pydatetime() for at in candles["open_time"]]
    return list(zip(times, *(candles[name].tolist() for name in NAMES), strict=True))


def _member(row: Row) -> str:
    """One candle as JSON that says what it is; a float's text is the shortest that means this very float."""
    return json.dumps({"open_time": row[0].isoformat(), **dict(zip(NAMES, row[1:], strict=True))})


def _whole(members: Sequence[str], slots: range) -> pd.DataFrame | None:
    """The candles when they are exactly those of the slots; None when one is missing, twice there or not readable."""
    if len(members) != len(slots):
        return None
    try:
        said = [json.loads(member) for member in members]
        times = [int(datetime.fromisoformat(one["open_time"]).timestamp()) for one in said]
        values = np.array([[float(one[name]) for name in NAMES] for one in said])
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # somebody else wrote here
    if times != list(slots) or not np.isfinite(values).all():
        return None
    opened = pd.to_datetime(np.array(times) * 1000, unit="ms", utc=True).astype("datetime64[ms, UTC]")
    return pd.DataFrame({"open_time": opened, **dict(zip(NAMES, values.T.copy(), strict=True))})
