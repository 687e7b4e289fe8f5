"""What providers sent, as it came."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Payload:
    """One answer of a provider as received, without secrets.

    provider  ``binance``, ``cryptopanic``…    name  what was asked for: ``klines``, ``posts``, ``fear_greed``…
    subject   what it is about: a pair's key, or ``market``.    url  where it was asked, without secrets.
    """

    provider: str
    name: str
    subject: str
    url: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Fetched:
    """Candles and the payloads they were read from, in the order of the calls."""

    candles: pd.DataFrame
    payloads: tuple[Payload, ...] = ()
