"""What kind of market is generated: levels per coin, and named shapes from a quiet one to a lively one."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CoinLevel:
    """Where a coin starts and how it moves.

    price: USDT. decimals: of the price tick. volume: mean base coins in 5 minutes. beta: moves per move of the common
    factor. own: its own noise, as a share of its factor noise (0.5 -> correlation 0.89 with the factor).
    """

    price: float
    decimals: int
    volume: float
    beta: float
    own: float


LEVELS: dict[str, CoinLevel] = {
    "BTCUSDT": CoinLevel(62_000.0, 2, 60.0, 1.0, 0.45),
    "ETHUSDT": CoinLevel(2_450.0, 2, 900.0, 1.15, 0.50),
    "XRPUSDT": CoinLevel(0.58, 4, 400_000.0, 1.1, 0.85),
    "SOLUSDT": CoinLevel(145.0, 2, 8_000.0, 1.45, 0.75),
    "DOGEUSDT": CoinLevel(0.118, 5, 4_000_000.0, 1.4, 0.75),
    "AVAXUSDT": CoinLevel(26.5, 2, 2_500.0, 1.4, 0.75),
}
"""Close to mid-2024; levels and ticks follow the recorded candles."""

OTHER_COIN = CoinLevel(10.0, 3, 5_000.0, 1.2, 0.75)
"""Any pair that is configured but not listed."""


@dataclass(frozen=True, slots=True)
class MarketShape:
    """The temper of a generated market.

    volatility: standard deviation of the common factor per 5 minutes (0.0011 is an ordinary day of Bitcoin).
    regime_drift: how strongly trends pull, log return per 5 minutes. jump_chance: of a common jump, per candle; a
    coin's own jumps are as likely. swing: mean log height of the waves for a coin that leads one (0 = no waves); the
    others rise by a tenth of it. leader_chance: that a coin leads a wave.
    """

    name: str
    volatility: float
    regime_drift: float
    jump_chance: float
    swing: float
    leader_chance: float


CALM = MarketShape("calm", 0.0011, 0.00012, 0.0006, 0.0, 0.0)
"""An ordinary market: hours can pass in which nothing is worth buying."""

LIVELY = MarketShape("lively", 0.0009, 0.00004, 0.0003, 0.075, 0.25)
"""A market made for showing: every few hours some coin gains 4 to 8 % within two hours and then loses most of it.

Real markets do this on few days, and their coins move more alike (correlation 0.5 to 0.9, here 0.25 to 0.6). Results
from this shape say that the machinery works, not that a strategy earns.
"""

SHAPES: dict[str, MarketShape] = {shape.name: shape for shape in (CALM, LIVELY)}
