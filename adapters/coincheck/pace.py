"""The venue's speed limits, kept on our side so that it never has to refuse."""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from collections.abc import Callable

WINDOW_S = 1.05
"""The venue counts per second of ITS clock; the margin covers what the network does to our spacing."""


class Pace:
    """Lets at most ``per_s`` callers through in any one second, in order; ``None`` lets all through. Thread-safe.

    A sliding window, not a bucket that refills: a full bucket of four plus the refill would be eight in one second.
    """

    def __init__(
        self,
        per_s: int | None,
        monotonic: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._slots: deque[float] | None = None if per_s is None else deque(maxlen=per_s)
        self._monotonic = monotonic
        self._sleep = sleep
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Return when it is this caller's turn. The place is taken under the lock, the waiting is done outside it."""
        if self._slots is None:
            return
        with self._lock:
            now = self._monotonic()
            full = len(self._slots) == self._slots.maxlen
            slot = max(now, self._slots[0] + WINDOW_S) if full else now
            self._slots.append(slot)
        if slot > now:
            self._sleep(slot - now)


_SHARED: dict[tuple[str, int | None], Pace] = {}
_SHARED_LOCK = threading.Lock()


def shared_pace(name: str, per_s: int | None) -> Pace:
    """The one pace of this process for a name and rate: the venue counts per key, not per object of ours."""
    digest = hashlib.sha256(name.encode()).hexdigest()  # the name holds a key; nothing readable is kept
    with _SHARED_LOCK:
        return _SHARED.setdefault((digest, per_s), Pace(per_s))
