"""Whether anybody watches what is held: the sign of life of the monitor, and what the watchdog keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

AHEAD = timedelta(seconds=60)
"""What is dated further ahead than this was dated by a wrong clock, and says nothing about now."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """When every open position was last looked at, by the desk's clock, and how many there were."""

    at: datetime
    positions: int


@dataclass(frozen=True, slots=True)
class Told:
    """What the watchdog last told people, by kind, and when; no kind at all: that everything is well again."""

    kinds: tuple[str, ...]
    at: datetime


class Heartbeats(Protocol):
    """The sign of life."""

    def beat(self, heartbeat: Heartbeat) -> bool:
        """Every open position was watched. Whether it was written: an older beat never replaces a newer one.

        One from a time to come is replaced: a clock that once was wrong must not silence what follows.
        """

    def last(self) -> Heartbeat | None:
        """The newest beat, consistently read; None before the first."""


class Watch(Heartbeats, Protocol):
    """What the watchdog needs besides: to remember what it told, and to stop entries."""

    def told(self) -> Told | None:
        """What was last told; None when nothing ever was."""

    def note_told(self, told: Told) -> None:
        """Remember what was told."""

    def stop_entries(self, reason: str, by: str, at: datetime) -> bool:
        """Set the kill switch to NO_ENTRIES, but only where it is OFF as it is written. Whether it was set now."""
