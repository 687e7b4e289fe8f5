"""What the watchdog finds, said where a person looks: without Slack its alarms would stand in a log only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from deployments.up.story import clock
from trading.services.watchdog import AGAIN_AFTER, BLIND

BLIND_SAID = "trader: "
"""How the watchdog begins the line about a look that failed."""


class Alarms:
    """The troubles in the watchdog's log: each is told when it comes, every half hour again, and when it is over.

    What stood in the log before is of another time, and is left out.
    """

    def __init__(self, log: Path) -> None:
        self._log, self._read = log, log.stat().st_size if log.exists() else 0
        self._standing: dict[str, tuple[str, datetime]] = {}

    def lines(self, now: datetime) -> list[str]:
        """What is new since the last call."""
        said: list[str] = []
        for line in self._fresh():
            if line.startswith(BLIND_SAID):
                # Such a look knows nothing of the others: they stand until one that sees.
                text = f"the watchdog cannot see whether anybody watches: {line.removeprefix(BLIND_SAID)}"
                said += self._new({BLIND: text}, now)
            elif (look := _look(line)) is not None:
                found = {one["kind"]: one["text"] for one in look["troubles"]}
                said += self._new(found, now)
                said += [f"over: {text.partition(':')[0]}" for text in self._gone(found)]
                said += ["ALARM  entries are stopped: trader kill-switch show"] if look["entries_stopped"] else []
        return [f"{clock(now)}  {line}" for line in said]

    def _new(self, found: Mapping[str, str], now: datetime) -> list[str]:
        said = []
        for kind, text in found.items():
            told = self._standing[kind][1] if kind in self._standing else None
            again = told is None or now - told >= AGAIN_AFTER
            self._standing[kind] = text, now if told is None or again else told
            said += [f"ALARM  {text}"] if again else []
        return said

    def _gone(self, found: Mapping[str, str]) -> list[str]:
        return [self._standing.pop(kind)[0] for kind in list(self._standing) if kind not in found]

    def _fresh(self) -> list[str]:
        """The whole lines that were written since; a log that was made shorter begins anew."""
        if not self._log.exists():
            return []
        if self._log.stat().st_size < self._read:
            self._read = 0
        with self._log.open("rb") as log:
            log.seek(self._read)
            whole, end, _ = log.read().rpartition(b"\n")
        self._read += len(whole) + len(end)
        return whole.decode(errors="replace").splitlines()


def _look(line: str) -> dict[str, Any] | None:
    """One look as the watchdog writes it; None for whatever else stands in its log."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "troubles" in found else None
