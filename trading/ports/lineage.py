"""Where the records of decisions are kept: one chain a UTC day, each link holding the hash of the one before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Link:
    """One record in its day's chain. ``sha256`` is over the previous one's hash and the body.

    body: the record as canonical JSON.  number: from 1 on.  previous: empty for the first of a day.
    """

    day: date
    number: int
    body: str
    previous: str
    sha256: str

    @property
    def record_id(self) -> str:
        """``LN-20240103-0012``: the day and the place in it."""
        return f"LN-{self.day:%Y%m%d}-{self.number:04d}"


@dataclass(frozen=True, slots=True)
class Head:
    """The end of a day's chain as its last writer left it: how many records, and the hash of the last one."""

    count: int
    sha256: str


class Lineage(Protocol):
    """The chain. Nothing in it is ever changed."""

    def append(self, day: date, body: str) -> Link:
        """Add a record to the end of a day; one that is the end already is not added again.

        Raises Transient when others were faster too often, Unknown, Halt.
        """

    def link(self, record_id: str) -> Link | None:
        """One record by its id; None when there is none, or the text is no such id."""

    def day(self, day: date) -> list[Link]:
        """A day's records in order."""

    def head(self, day: date) -> Head | None:
        """The end of a day's chain; None for a day without records."""

    def raw_keys(self, pair: str, since: datetime, until: datetime) -> Mapping[datetime, str]:
        """Which payload each stored candle was read from, by open time between two times, both included.

        A candle whose payload is not known, or that has left the table, is not in it.
        """
