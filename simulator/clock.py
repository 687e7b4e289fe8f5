"""The world's own clock: real time, N times faster, or moved by request only. It never runs backwards."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import datetime

from simulator.times import from_ms, to_ms


class Backwards(ValueError):
    """Somebody asked the clock to go back; the message says from where to where."""


class Clock:
    """Starts at ``start`` and runs ``speed`` times as fast as real time; 0 moves by ``move_to`` only."""

    def __init__(self, start: datetime, speed: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``monotonic`` gives real seconds; tests pass their own."""
        self._speed = speed
        self._monotonic = monotonic
        self._from_ms = to_ms(start)
        self._since_s = monotonic()

    @property
    def speed(self) -> float:
        """Simulated seconds per real second; 0 means that only requests move the clock."""
        return self._speed

    def ms(self) -> int:
        """Now, in milliseconds since 1970."""
        return self._from_ms + int((self._monotonic() - self._since_s) * self._speed * 1000)

    def now(self) -> datetime:
        """Now, aware UTC."""
        return from_ms(self.ms())

    def move_to(self, ms: int) -> None:
        """Jump ahead and run on from there. Raises Backwards for a time before now."""
        now = self.ms()
        if ms < now:
            msg = f"the clock is at {from_ms(now).isoformat()} and cannot go back to {from_ms(ms).isoformat()}"
            raise Backwards(msg)
        self._from_ms = ms
        self._since_s = self._monotonic()
