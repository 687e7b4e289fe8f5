"""Arming: what must be true before a desk with real money may start to make entries (contracts.md).

Exits, the monitor and reconciliation need only the phrase and the credentials: they make things safer, never worse.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence

from pydantic import SecretStr

from blocks.settings import Settings
from trading.errors import Halt
from trading.limits import Mode
from trading.pairs import Pair
from trading.ports import Clock, Exchange, Ledger
from trading.services.findings import differences
from trading.services.reconcile import reconcile
from trading.strategy import Strategy

PHRASE = "I-accept-real-orders"


def must_say_live(settings: Settings) -> None:
    """Raises Halt unless the person who runs this has said that real orders are wanted."""
    if settings.live != SecretStr(PHRASE):
        msg = f"the live desk places real orders and is not armed: set TRADER_LIVE={PHRASE} when you mean it"
        raise Halt(msg)


def always_armed() -> None:
    """For desks without real money."""


class Arming:
    """Raises Halt until the desk may start; once it started, the switch and the reconciler stop entries by themselves.

    The kill switch must be off and the book must agree with the exchange: it is compared here, not believed.
    """

    def __init__(
        self, pairs: Sequence[Pair], clock: Clock, ledger: Ledger, exchange: Exchange, strategy: Strategy
    ) -> None:
        self._pairs, self._clock, self._ledger = pairs, clock, ledger
        self._exchange, self._strategy = exchange, strategy
        self._armed = False
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Armed from here on, or Halt with what is in the way."""
        with self._lock:
            if self._armed:
                return
            switch = self._ledger.kill_switch()
            if switch.mode is not Mode.OFF:
                msg = (
                    f"the live desk does not start: the kill switch is {switch.mode} ({switch.by}: {switch.reason}); "
                    "turn it off with trader kill-switch off --desk live --reason TEXT"
                )
                raise Halt(msg)
            seen = reconcile(self._clock.now(), self._pairs, self._ledger, self._exchange, self._strategy)
            if seen.blocks_entries:
                found = "; ".join(f"{about}: {said}" for about, said in differences(seen).items())
                msg = f"the live desk does not start: book and venue differ ({found}); see trader reconcile --desk live"
                raise Halt(msg)
            self._armed = True
