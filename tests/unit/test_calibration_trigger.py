"""On recorded candles, analysed when the product's own trigger says so: a good model earns, a useless one does not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from tests.days import PAIRS
from trading.calibration.past import PastLoss, first_of_hours
from trading.calibration.weight import earned_weight
from trading.candles import INTERVAL, candle_file, load_candles
from trading.services.collect import analysis_due
from trading.strategy import Strategy

STRATEGY = Strategy()
DAYS, HOUR = 9, STRATEGY.forecast_steps
BEFORE = (HOUR + 1) * INTERVAL
"""What the trigger looks back, and the candle that it looks from."""


@pytest.fixture(
    scope="module",
    params=[("candles", datetime(2023, 7, 1, tzinfo=UTC)), ("candles-2024", datetime(2024, 4, 1, tzinfo=UTC))],
)
def market(request, market_data):
    """By pair: closes and typical prices, slot by slot from BEFORE a time; and that time."""
    folder, start = request.param
    found = {}
    for pair in PAIRS:
        frame = load_candles(candle_file(market_data / folder, pair.binance))
        first = int((frame["open_time"] >= start - BEFORE).argmax())
        near = frame.iloc[first : first + DAYS * 288 + 2 * HOUR]
        assert (near["open_time"].diff().iloc[1:] == INTERVAL).all()
        found[pair.key] = near["close"].to_numpy(), (near[["high", "low", "close"]].sum(axis=1) / 3).to_numpy()
    return found, start


def analysed(closes):
    """The slots after which an analysis runs: as the product decides it after each candle."""
    last, found = None, []
    for slot in range(HOUR, HOUR + DAYS * 288):
        at = datetime(2000, 1, 1, tzinfo=UTC) + slot * INTERVAL
        changes = {key: (of[slot] / of[slot - HOUR] - 1) * 100 for key, of in closes.items()}
        if analysis_due(changes, dict.fromkeys(changes, last), at, STRATEGY):
            last = at
            found.append(slot)
    return found


def losses(market, slots, knows, noise, seed=1):
    """What each forecast of these slots came to: a path that knows a share of what comes, thrown about by noise."""
    (prices, start), dice = market, np.random.default_rng(seed)
    made = []
    for key, (closes, typical) in prices.items():
        usual = np.std(np.diff(np.log(closes))) * HOUR**0.5
        for slot in slots:
            price, came = closes[slot], typical[slot + 1 : slot + 1 + HOUR]
            path = price + knows * (came - price) + price * dice.normal(0, noise * usual)
            error, naive = (float(np.abs(came - of).mean() / price * 100) for of in (path, price))
            made.append(PastLoss(key, start - BEFORE + (slot + 1) * INTERVAL, "seer", error, naive))
    return made


def earned(past, at):
    """The weight when every forecast whose hour has ended is known."""
    return earned_weight([one for one in past if one.at + timedelta(hours=1) <= at], "seer", STRATEGY)


def test_by_the_products_own_trigger_knowing_earns_within_eight_days_and_guessing_never_does(market):
    """The trigger looks at the market hundreds of times a day; that neither hides a model that knows nor lifts luck."""
    slots = analysed({key: closes for key, (closes, _) in market[0].items()})
    assert len(slots) > 200 * DAYS
    knew, guessed = losses(market, slots, 0.1, 0.05), losses(market, slots, 0.0, 0.2)
    start = market[1]
    by_day = [start + timedelta(days=day) for day in range(1, DAYS + 1)]
    weights = [earned(knew, at).weight for at in by_day]
    assert weights[5] == 0.0
    assert weights[7:] == [STRATEGY.weight_forecast] * 2
    assert [earned(guessed, at).weight for at in by_day] == [0.0] * DAYS
    assert len(first_of_hours(knew)) == DAYS * 24 * len(PAIRS)
    assert earned(knew, by_day[-1]).skill.blocks > STRATEGY.forecast_skill_min_blocks
