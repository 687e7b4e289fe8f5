"""Everything the simulated world is told at start."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from simulator.shapes import LIVELY, MarketShape
from trading.pairs import Pair, parse_pairs


@dataclass(frozen=True, slots=True)
class SimulatorConfig:
    """What world to run.

    candles: folder of ``<SYMBOL>-5m.parquet`` to replay; None generates a market from ``seed`` and ``shape``.
    start: where the clock begins, aware UTC; None = after ``history`` candles. speed: simulated seconds per real
    second, 0 = only ``POST /_clock`` moves it. history, future: candles generated before and after the start.
    usdjpy: a rate or a file of rates. jpy: yen on the exchange account at the start. spread_pct: spread of the
    exchange's book, percent of the price. orders_per_s, details_per_s: Coincheck's limits in real time; 0 = unlimited.
    port: 0 = any free one. fear_greed: a fixed index value, 0-100; None = a seeded curve.
    since: when an endless market began, aware UTC, in the time of this machine (simulator/endless.py); None = a market
    that ends, with a time of its own.
    """

    candles: Path | None = None
    pairs: tuple[Pair, ...] = field(default_factory=lambda: parse_pairs(None))
    start: datetime | None = None
    since: datetime | None = None
    speed: float = 1.0
    seed: int = 1
    shape: MarketShape = LIVELY
    history: int = 500
    future: int = 4_032
    usdjpy: str = "150"
    jpy: Decimal = Decimal(100_000)
    spread_pct: Decimal = Decimal("0.06")
    orders_per_s: float = 4.0
    details_per_s: float = 1.0
    access_key: str = "simulator-key"
    secret_key: str = "simulator-secret"  # noqa: S105 - it opens a play exchange on the loopback interface
    port: int = 0
    fear_greed: int | None = None
