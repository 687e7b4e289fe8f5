"""Where candles are kept, and who else has seen the market."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from trading.pairs import Pair


@dataclass(frozen=True, slots=True)
class Answer:
    """Stored candles, and how they were found.

    tier    who answered: ``hot``, ``warm``, ``cold``, ``exchange``, or several joined by ``+``.
    slower  why a faster one did not, in words, one a tier that failed; a tier that merely lacks candles says nothing.
    """

    candles: pd.DataFrame
    tier: str
    slower: tuple[str, ...] = ()

    @property
    def newest(self) -> datetime | None:
        """Open time of the newest candle found: how fresh the answer is."""
        return None if self.candles.empty else self.candles["open_time"].iloc[-1].to_pydatetime()


class CandleStore(Protocol):
    """Closed candles, by pair. Writing one again changes nothing."""

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "") -> int:
        """Store closed candles; how many were written.

        raw: key of the payload in the archive that they were read from; empty when it is not known.
        """

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""

    def read(self, pair: Pair, at: datetime, count: int) -> Answer:
        """The same, and which tier answered."""

    def newest(self, pair: Pair) -> datetime | None:
        """Open time of the newest stored candle."""


@dataclass(frozen=True, slots=True)
class DayFile:
    """One pair's day in the cold tier: its key, its rows, and the SHA-256 of its candles (``lineage.inputs``)."""

    pair: str
    day: date
    key: str
    rows: int
    sha256: str


class ColdCandles(Protocol):
    """Whole days of candles that outlive the tables: Parquet by pair and UTC day. A day is replaced as a whole."""

    def put(self, pair: Pair, day: date, candles: pd.DataFrame) -> DayFile:
        """Store a day. The same candles give the same file, so that storing them again changes nothing."""

    def get(self, pair: Pair, day: date) -> pd.DataFrame | None:
        """A day's candles, checked against the hash they were stored with; None when the day is not there.

        Raises Halt when they are not what was stored.
        """

    def days(self, pair: Pair) -> list[date]:
        """The days there are, oldest first."""


class SecondVenue(Protocol):
    """Another market of the same coins, asked when a candle is hard to believe."""

    def candles(self, pair: Pair, since: datetime, until: datetime) -> pd.DataFrame:
        """Its 5-minute candles that opened between two times, both included. Raises Transient, Rejected or Halt."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A closed candle that the venue changed later: open, high, low, close, volume as first and as last seen.

    before: empty for a candle that came late: there was none when the ones after it were stored.
    """

    pair: str
    open_time: datetime
    seen_at: datetime
    before: tuple[float, ...]
    after: tuple[float, ...]
    raw: str = ""


class Revisions(Protocol):
    """Every change of history that was seen. What was written once stays."""

    def put(self, revisions: Sequence[Revision]) -> None:
        """Keep them; the same again changes nothing."""

    def of(self, pair: str, since: datetime, until: datetime) -> list[Revision]:
        """The revisions of a pair's candles that opened between two times, both included; by open time, then seen."""
