"""Calibrate: write what came of every forecast that was kept, and say what weight they have earned."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trading.calibration.making import outcome_of, typical_prices
from trading.calibration.past import PastLoss
from trading.calibration.records import Forecast
from trading.calibration.weight import EARNED, EarnedWeight, earned_weight
from trading.errors import Transient, Unknown
from trading.pairs import Pair
from trading.ports import CandleStore
from trading.ports.forecasts import Forecasts
from trading.services.looks import Outcomes
from trading.strategy import Strategy
from trading.tables import PRICES

WEIGHT = "forecast weight"
"""The key of the one outcome that ``weight_of`` reads."""
UNREAD = "unread"
"""Stands for the model whose past could not be read."""
LATE = timedelta(hours=1)
"""How long a candle that is missing is waited for, after the forecast's last step has closed."""
LOOK_BACK = timedelta(days=PRICES.ttl_days or 14)
"""An older forecast cannot be settled: its candles have been forgotten."""
NEARBY = timedelta(days=1) + LATE
"""How long before a forecast that is settled another may still be open: the oldest is settled first, so for LATE, and
for the day by which a strategy before this one may have forecast further."""


def settle(pair: Pair, at: datetime, store: CandleStore, forecasts: Forecasts) -> int:
    """Write the outcome of each forecast of a pair whose steps have all closed by ``at``; how many.

    A forecast that lacks candles is looked at again for an hour. After that the missing steps are left out of its
    loss, and with fewer than half of its steps it is settled as having no outcome.
    """
    _, settled = forecasts.newest(pair.key)
    return _settle(pair, at, settled, store, forecasts)


def _settle(pair: Pair, at: datetime, settled: datetime | None, store: CandleStore, forecasts: Forecasts) -> int:
    """The same, where the newest settled forecast is known: others are open from shortly before it, no longer."""
    since = at - LOOK_BACK if settled is None else max(at - LOOK_BACK, settled - NEARBY)
    written = 0
    for one in forecasts.pending(pair.key, since, at):
        if one.ends_at > at:
            continue
        prices = outcome_prices(one, pair, store)
        if None not in prices or at >= one.ends_at + LATE:
            written += forecasts.settle(one, outcome_of(prices), at)
    return written


def settle_all(pairs: Sequence[Pair], at: datetime, store: CandleStore, forecasts: Forecasts) -> int:
    """Settle every pair; how many. An analysis of the past settles nothing: what it may know was settled by then.

    It is one of the past when a later one has kept a forecast of any pair: that one has weighed what was settled.
    """
    newest = {pair: forecasts.newest(pair.key) for pair in pairs}
    if any(made is not None and made > at for made, _ in newest.values()):
        return 0
    return sum(_settle(pair, at, settled, store, forecasts) for pair, (_, settled) in newest.items())


def outcome_prices(forecast: Forecast, pair: Pair, store: CandleStore) -> tuple[float | None, ...]:
    """What the typical price came to by step, as far as the store has the candles."""
    return typical_prices(forecast, store.window(pair, forecast.ends_at, len(forecast.q50)))


def earned(
    pairs: Sequence[Pair], at: datetime, models: Sequence[str], forecasts: Forecasts, strategy: Strategy
) -> list[EarnedWeight]:
    """The weight that each model has earned by ``at``, over all pairs; nothing is read when the weight is fixed.

    Only what was settled by ``at`` counts, so that the same question has the same answer later.
    """
    keys = [pair.key for pair in pairs]
    past: list[PastLoss] = []
    if strategy.forecast_weight_mode == EARNED:
        past = [loss for model in models for loss in forecasts.recent(keys, model, at, strategy.forecast_skill_window)]
    return [earned_weight(past, model, strategy) for model in models]


def weigh(
    pairs: Sequence[Pair],
    at: datetime,
    models: Sequence[str],
    store: CandleStore,
    forecasts: Forecasts,
    strategy: Strategy,
) -> EarnedWeight:
    """Settle what is over, then the weight for an analysis in which these models spoke: the least that one earned."""
    try:
        settle_all(pairs, at, store, forecasts)
    except Unknown as lost:
        raise Transient(str(lost)) from lost  # settling again changes nothing
    weights = earned(pairs, at, models, forecasts, strategy)
    return min(weights, key=lambda one: one.weight, default=earned_weight((), "no model", strategy))


def weight_of(outcome: Outcomes[EarnedWeight], strategy: Strategy) -> EarnedWeight:
    """The weight, or none at all when the past of the forecasts could not be read: what is not shown is not earned."""
    if WEIGHT in outcome.values:
        return outcome.values[WEIGHT]
    full, why = strategy.weight_forecast, outcome.errors.get(WEIGHT, "nobody asked")
    return EarnedWeight(0.0, full, UNREAD, None, f"0 of {full:g}: the past of the forecasts is not known: {why}")
