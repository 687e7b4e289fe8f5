"""A number of places that all runs of all machines share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Place:
    """One held place of a capacity: whose it is, and until when if nobody gives it back."""

    capacity: str
    number: int
    holder: str
    until: datetime


class Capacity(Protocol):
    """Hands out places, each to one holder at a time; a holder that dies loses its place when the lease ends."""

    def take(self, name: str, limit: int, lease_s: float, holder: str, at: datetime) -> Place | None:
        """One of the ``limit`` places of ``name``, until ``lease_s`` after ``at``; None when all are held.

        holder: names this one use, and no other, ever.
        """

    def give_back(self, place: Place) -> None:
        """Free a place. One that was lost because its lease had ended is left to its new holder."""
