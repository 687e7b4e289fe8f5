"""Runs that come late: which of those that wait have nothing left to do once one of them runs.

A run asks the market what time it is, not the schedule. After an outage each of the runs that were missed would
therefore do the same work at the same market; the first that starts does it for all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

LATE_AFTER = timedelta(seconds=60)
"""A run that starts so long after its time missed it; before, a busy machine explains it."""


@dataclass(frozen=True, slots=True)
class Due:
    """A run of one flow: its time, what it was given, and whether a schedule made it."""

    run_id: str
    at: datetime
    scheduled: bool = True
    given: Mapping[str, Any] = field(default_factory=dict)


def late_by(at: datetime, now: datetime) -> timedelta:
    """By how much a run that was due at ``at`` starts late; nothing when it is early."""
    return max(now - at, timedelta(0))


def overtaken(mine: Due, waiting: Sequence[Due], now: datetime) -> list[Due]:
    """The waiting runs whose work ``mine`` does, now that it starts; none unless it was made by a schedule and is late.

    Spared: runs of other parameters, runs that a person or an event asked for, runs whose time has not come.
    """
    if not mine.scheduled or late_by(mine.at, now) < LATE_AFTER:
        return []
    return [
        one
        for one in waiting
        if one.run_id != mine.run_id and one.scheduled and one.at <= now and one.given == mine.given
    ]


def in_words(mine: Due, one: Due, now: datetime) -> str:
    """Why a run that waited is cancelled."""
    minutes = int(late_by(one.at, now).total_seconds() // 60)
    return f"late by {minutes} minutes; the run of {mine.at:%H:%M} UTC, begun at {now:%H:%M}, sees the same market"
