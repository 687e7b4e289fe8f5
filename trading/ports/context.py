"""What the market context needs: sources that each measure one thing of the whole market."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from trading.ports.payloads import Payload


@dataclass(frozen=True, slots=True)
class Measured:
    """One answer of one source.

    name   what it measures: ``fear_greed`` (0 to 100), ``funding`` (a part per 8 hours), ``btc_dominance`` (percent),
           ``usd_jpy`` (yen).
    value  the number, or numbers by symbol.
    as_of  the source's own time of it, aware UTC; never the time of asking.
    url    where it was asked, without secrets.  note: what is not as it should be, in words.
    raw    the answers it was read from.  kept: the archive's key of them, once they are there.
    """

    name: str
    value: float | Mapping[str, float]
    as_of: datetime
    provider: str
    url: str
    note: str = ""
    raw: tuple[Payload, ...] = field(default=(), repr=False, compare=False)
    kept: str = ""


class ContextSource(Protocol):
    """One provider of one measurement."""

    @property
    def name(self) -> str:
        """What it measures, a key of ``trading.signals.context.RANGES``."""

    def read(self) -> Measured:
        """The newest value there is. Raises Transient, Rejected for a value that means nothing, Halt; no default."""
