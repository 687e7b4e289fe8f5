"""One budget of concurrent requests for all runs of all machines: quota 10 >= endpoint 8 >= ours 6 (I13)."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from adapters.clock import SystemClock
from trading.errors import TradingError, Transient
from trading.ports import Clock
from trading.ports.capacity import Capacity, Place

LOG = logging.getLogger("trader.forecast")
PAUSE_S = 0.5
"""About how long a waiting caller pauses before it looks again."""
WAIT_S, LEASE_S = 30.0, 180.0


@dataclass(frozen=True, slots=True)
class Budget:
    """Places of a shared capacity, waited for a limited time.

    wait_s   after this time no further look is made, whatever it went by with: pauses, or books that answer slowly.
    lease_s  longer than the longest request with all its retries; a machine that died holds its place so long.
    clock    this machine's: leases are told to other machines.
    """

    capacity: Capacity
    name: str
    limit: int = 6
    wait_s: float = WAIT_S
    lease_s: float = LEASE_S
    clock: Clock = SystemClock()  # noqa: RUF009 - it has no state
    pause: Callable[[float], None] = time.sleep
    monotonic: Callable[[], float] = time.monotonic

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place for the time of the block. Raises Transient when none comes free in time, or what the books raise."""
        held = self._taken()
        try:
            yield held
        finally:
            try:
                self.capacity.give_back(held)
            except TradingError as error:  # the lease's end frees it too
                LOG.warning("%s was not given back, its lease ends it: %s", self.name, error)

    def _taken(self) -> Place:
        holder, until_s = uuid.uuid4().hex, self.monotonic() + self.wait_s
        while True:
            found = self.capacity.take(self.name, self.limit, self.lease_s, holder, self.clock.now())
            if found is not None:
                return found
            self.pause(PAUSE_S * random.uniform(0.5, 1.5))  # noqa: S311 - to spread, not to hide
            if self.monotonic() >= until_s:
                raise Transient(f"all {self.limit} places stayed taken for {self.wait_s:g} s")
