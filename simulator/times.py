"""Times as the providers write them: milliseconds since 1970 inside, ISO 8601 in UTC outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
CANDLE_MS = 300_000
HOUR_MS = 3_600_000
DAY_MS = 86_400_000


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware time, rounded down."""
    return (at - EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """The aware UTC time of milliseconds since 1970."""
    return EPOCH + timedelta(milliseconds=ms)


def iso(ms: int) -> str:
    """``2026-01-05T00:00:00.000Z``, as Coincheck and the clock write it."""
    return from_ms(ms).strftime("%Y-%m-%dT%H:%M:%S.") + f"{ms % 1000:03d}Z"


def parse_iso(text: str) -> datetime:
    """An aware UTC time from ISO 8601; a text without a zone is read as UTC. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
