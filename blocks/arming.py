"""Arming: what must be true before a desk with real money may start to make entries (contracts.md).

Exits, the monitor and reconciliation need only the phrase and the credentials: they make things safer, never worse.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import timedelta

from pydantic import SecretStr

from blocks.settings import Settings
from trading.errors import Halt
from trading.limits import Mode
from trading.pairs import Pair
from trading.ports import Clock, Exchange, Ledger
from trading.reconciliation import Reconciliation
from trading.services.findings import differences
from trading.services.reconcile import reconcile
from trading.strategy import Strategy

PHRASE = "I-accept-real-orders"


def must_say_live(settings: Settings) -> None:
    """Raises Halt unless the person who runs this has said that real orders are wanted."""
    if settings.live != SecretStr(PHRASE):
        msg = f"the live desk places real orders and is not armed: set TRADER_LIVE={PHRASE} when you mean it"
        raise Halt(msg)


class Opening:
    """What happens once in a process before entries start: the account is compared unless it was lately.

    What it holds before the first order is not ours; asked later, nobody could tell any more.
    """

    def __init__(
        self, pairs: Sequence[Pair], clock: Clock, ledger: Ledger, exchange: Exchange, strategy: Strategy
    ) -> None:
        self._pairs, self._clock, self._ledger = pairs, clock, ledger
        self._exchange, self._strategy = exchange, strategy
        self._done = False
        self._lock = threading.Lock()

    def __call__(self) -> None:
        """Entries may start from here on. Raises Halt when they may not, Transient when that cannot be told."""
        with self._lock:
            if not self._done:
                self._open()
                self._done = True

    def _open(self) -> None:
        last, oldest = self._ledger.reconciliation(), timedelta(seconds=self._strategy.compared_max_age_s)
        if self._ledger.baseline() is None or last is None or self._clock.now() - last.at > oldest / 2:
            self._compare()

    def _compare(self) -> Reconciliation:
        return reconcile(self._clock.now(), self._pairs, self._ledger, self._exchange, self._strategy)


class Arming(Opening):
    """For real money: the kill switch must be off, and book and exchange must agree, compared now and not believed.

    Once it started, the switch and the reconciler stop entries by themselves.
    """

    def _open(self) -> None:
        switch = self._ledger.kill_switch()
        if switch.mode is not Mode.OFF:
            msg = (
                f"the live desk does not start: the kill switch is {switch.mode} ({switch.by}: {switch.reason}); "
                "turn it off with trader kill-switch off --desk live --reason TEXT"
            )
            raise Halt(msg)
        seen = self._compare()
        if seen.blocks_entries:
            found = "; ".join(f"{about}: {said}" for about, said in differences(seen).items())
            msg = f"the live desk does not start: book and venue differ ({found}); see trader reconcile --desk live"
            raise Halt(msg)
