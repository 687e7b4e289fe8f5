"""What is left of a forecast once its outcome is known: the two errors that a weight is earned by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from trading.calibration.losses import Floats, absolute_loss, flat_path
from trading.calibration.records import Arrays, Forecast, arrays_of, with_outcome


@dataclass(frozen=True, slots=True)
class PastLoss:
    """How wrong one forecast was, percent of its price: a seventh of the length, and it never changes again.

    error_pct        mean absolute error of the median path.
    naive_error_pct  the same of the last close: that the price stays where it is.
    """

    pair: str
    at: datetime
    model: str
    error_pct: float
    naive_error_pct: float


def past_losses(forecasts: Sequence[Forecast]) -> list[PastLoss]:
    """The losses of those forecasts that have an outcome, oldest first; one without any known step has none."""
    known = with_outcome(forecasts)
    errors, naive = median_errors(arrays_of(known))
    found = zip(known, errors.tolist(), naive.tolist(), strict=True)
    return [PastLoss(one.pair, one.at, one.model, mine, theirs) for one, mine, theirs in found if not np.isnan(mine)]


def hour_of(at: datetime) -> datetime:
    """The UTC hour in which a forecast was made: of one pair and model, one forecast an hour counts."""
    return at.replace(minute=0, second=0, microsecond=0)


def first_of_hours(losses: Iterable[PastLoss]) -> list[PastLoss]:
    """The first loss of each pair, model and hour, oldest first: how often a market is looked at makes no evidence."""
    first: dict[tuple[str, str, datetime], PastLoss] = {}
    for one in sorted(losses, key=lambda one: (one.at, one.pair)):
        first.setdefault((one.pair, one.model, hour_of(one.at)), one)
    return list(first.values())


def median_errors(data: Arrays) -> tuple[Floats, Floats]:
    """Errors of the medians, and of the last closes beside them."""
    naive = flat_path(data.price, data.actual.shape[1])
    return absolute_loss(data.q50, data.actual, data.price), absolute_loss(naive, data.actual, data.price)
