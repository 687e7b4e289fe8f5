"""What stops orders: the kill switch. (Breakers follow.)"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Mode(StrEnum):
    """How far the kill switch stops us, mildest first."""

    OFF = "OFF"
    NO_ENTRIES = "NO_ENTRIES"
    NOTHING = "NOTHING"


@dataclass(frozen=True, slots=True)
class KillSwitch:
    """The switch as last set, with who and why."""

    mode: Mode
    reason: str
    by: str
    at: datetime | None
    version: int = 0
