"""One forecast as the ledger keeps it, and many of them as the arrays that losses are taken of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import numpy.typing as npt

from trading.calibration.losses import Floats
from trading.candles import INTERVAL
from trading.errors import BadInput

NO_OUTCOME: tuple[float | None, ...] = ()
"""What is kept of a forecast whose hour is over but whose candles never came: it counts as nothing."""


@dataclass(frozen=True, slots=True)
class Forecast:
    """What was forecast for a pair, and what came of it. Prices in USDT; paths have one value a step.

    at              the decision's time.
    model           who forecast, with ``fallback_reason`` when it was not the first one asked.
    first_step_at   open time of the candle of the first step: the one after the newest that the forecast knew.
    price           last close that the forecast knew.
    q50             the median path; the flat path of the expected change where a model gives no quantiles.
    q10, q90        the outer paths; empty where a model gives none.
    momentum_pct    change that momentum expected at the same time, percent.
    volatility_pct  standard deviation of one step's log return in the window before, percent.
    outcome         typical price by step, None where the candle is missing; None: not known yet; empty: never will be.
    """

    pair: str
    at: datetime
    model: str
    fallback_reason: str | None
    decision_id: str
    first_step_at: datetime
    price: float
    q10: tuple[float, ...]
    q50: tuple[float, ...]
    q90: tuple[float, ...]
    momentum_pct: float
    volatility_pct: float
    outcome: tuple[float | None, ...] | None = None

    def __post_init__(self) -> None:
        if not self.q50 or {len(self.q10), len(self.q90)} not in ({0}, {len(self.q50)}):
            raise BadInput(f"a forecast of {len(self.q10)}, {len(self.q50)} and {len(self.q90)} steps is none")
        if self.outcome and len(self.outcome) != len(self.q50):
            raise BadInput(f"{len(self.outcome)} prices are no outcome of {len(self.q50)} steps")

    @property
    def ends_at(self) -> datetime:
        """When the last step has closed."""
        return self.first_step_at + len(self.q50) * INTERVAL

    @property
    def step_times(self) -> list[datetime]:
        """Open time of each step's candle."""
        return [self.first_step_at + number * INTERVAL for number in range(len(self.q50))]


@dataclass(frozen=True, slots=True)
class Arrays:
    """Forecasts with outcome, one row each, in the order of their times; all of the same number of steps.

    ``q10`` and ``q90`` are NaN where a model gave none, ``actual`` where a candle is missing.
    """

    epochs: npt.NDArray[np.int64]
    price: Floats
    q10: Floats
    q50: Floats
    q90: Floats
    actual: Floats
    momentum_pct: Floats
    volatility_pct: Floats


def with_outcome(forecasts: Sequence[Forecast]) -> list[Forecast]:
    """The forecasts that have an outcome, oldest first: in the order of ``arrays_of``."""
    return sorted((one for one in forecasts if one.outcome), key=lambda one: (one.at, one.pair, one.model))


def arrays_of(forecasts: Sequence[Forecast]) -> Arrays:
    """The forecasts that have an outcome, as arrays. Paths of other lengths than the longest end in NaN."""
    known = with_outcome(forecasts)
    steps = max((len(one.q50) for one in known), default=0)

    def paths(found: Sequence[Sequence[float | None]]) -> Floats:
        padded = [[*path, *[None] * (steps - len(path))] for path in found]
        return np.array(padded, dtype=np.float64).reshape(len(known), steps)

    def numbers(found: Sequence[float]) -> Floats:
        return np.array(found, dtype=np.float64)

    return Arrays(
        np.array([int(one.at.timestamp()) for one in known], dtype=np.int64),
        numbers([one.price for one in known]),
        paths([one.q10 for one in known]),
        paths([one.q50 for one in known]),
        paths([one.q90 for one in known]),
        paths([one.outcome or () for one in known]),
        numbers([one.momentum_pct for one in known]),
        numbers([one.volatility_pct for one in known]),
    )
