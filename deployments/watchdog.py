"""The watchdog's two forms, a loop on a machine and a Lambda function for every minute. Neither needs Prefect.

It stands outside of what it watches: another process, better another machine. Who watches the watchdog is the alarm
on the metric ``Heartbeat``, which needs none of our code.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from blocks.settings import load_settings
from blocks.watching import Guardhouse, SoughtAlerts, open_guardhouse
from deployments.plain import plain
from trading.services.watchdog import AGAIN_AFTER, Look, blinded, look

log = logging.getLogger("trader.watchdog")

OPEN: dict[str, Watchdog] = {}
"""The watchdogs of this process by desk: a Lambda function that stays warm opens its clients once."""


class Watchdog:
    """A watchdog at one desk. It remembers when it last told people that it sees nothing; the rest is in the tables."""

    def __init__(self, desk: str, opening: Callable[[str], Guardhouse] = open_guardhouse) -> None:
        self._desk, self._opening = desk, opening
        self._house: Guardhouse | None = None
        self._blind_told_at: datetime | None = None

    def look(self) -> Look:
        """One look. Whatever keeps it from seeing is told, now and again, and raised: this must fail loudly."""
        try:
            self._house = self._house or self._opening(self._desk)
            found = look(self._house.post, self._house.clock.now())
        except Exception as error:
            self._tell_blind(error)
            raise
        self._blind_told_at = None
        return found

    def _tell_blind(self, error: Exception) -> None:
        now = datetime.now(UTC)
        if self._blind_told_at is not None and now - self._blind_told_at < AGAIN_AFTER:
            return
        alerts = self._house.post.alerts if self._house else SoughtAlerts(load_settings(block=False))
        if not alerts.tell([blinded(error, now)]):
            self._blind_told_at = now


def looks(
    watchdog: Watchdog, every: timedelta, sleep: Callable[[float], None] = time.sleep
) -> Iterator[Look | Exception]:
    """Look for ever, in a steady rhythm; a look that failed is given as its error, and the next one comes."""
    while True:
        began_s = time.monotonic()
        try:
            yield watchdog.look()
        except Exception as error:  # noqa: BLE001 (told already; a watchdog that ends at the first error watches nothing)
            yield error
        sleep(max(0.0, every.total_seconds() - (time.monotonic() - began_s)))


def handler(event: Mapping[str, Any] | None, _context: object = None) -> dict[str, Any]:
    """AWS Lambda, once a minute: ``{"desk": "live"}``, else TRADER_DESK. Raises when it cannot see, for the alarm.

    A desk that is unwatched is no error of this function: it was told, and the function did its work.
    """
    desk = str((event or {}).get("desk") or os.environ.get("TRADER_DESK") or load_settings(block=False).desk)
    found = OPEN.setdefault(desk, Watchdog(desk)).look()
    answer: dict[str, Any] = {"desk": desk, **plain(found)}
    log.info("%s", answer)
    return answer
