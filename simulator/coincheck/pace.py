"""Coincheck's request limits, in real time: a client is slowed down by its own speed, not by the simulated clock."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable

from simulator.coincheck.rules import Refused


class Pace:
    """At most ``per_s`` calls in any second; 0 = as many as come."""

    def __init__(self, per_s: float, monotonic: Callable[[], float] = time.monotonic) -> None:
        """``monotonic`` gives real seconds; tests pass their own."""
        self._per_s = per_s
        self._monotonic = monotonic
        self._calls: deque[float] = deque()

    def check(self) -> None:
        """Count a call. Raises Refused (429) for one too many, which is not counted."""
        if not self._per_s:
            return
        now = self._monotonic()
        window_s = max(1.0, 1.0 / self._per_s)
        while self._calls and now - self._calls[0] >= window_s:
            self._calls.popleft()
        if len(self._calls) >= max(self._per_s, 1):
            raise Refused("too_many_requests", status=429)
        self._calls.append(now)
