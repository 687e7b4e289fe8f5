"""On recorded candles, through the service and the ledger: weight is lost by guessing and won back by knowing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.days import PAIRS as ALL_PAIRS
from tests.services.past import Seer, ledger
from trading.calibration.table import calibration_rows
from trading.candles import candle_file, load_candles
from trading.services import calibrate, judge
from trading.services.replay import PastCandles, moments
from trading.strategy import Strategy

STRATEGY = Strategy(forecast_skill_window=288, forecast_skill_min=200, forecast_skill_draws=300)
"""A window of eight days at an analysis of three pairs every two hours, so that three weeks show what happens."""
PAIRS = ALL_PAIRS[:3]
EVERY = timedelta(hours=2)
GUESSES, KNOWS = timedelta(days=10), timedelta(days=10)


@pytest.fixture(
    scope="module",
    params=[("candles", datetime(2023, 7, 1, tzinfo=UTC)), ("candles-2024", datetime(2024, 4, 1, tzinfo=UTC))],
)
def market(request, market_data):
    """The candles of all pairs by key, and a time to begin at."""
    folder, start = request.param
    end = start + GUESSES + KNOWS + timedelta(days=1)
    loaded = {pair.key: load_candles(candle_file(market_data / folder, pair.binance)) for pair in PAIRS}
    near = {
        key: all_[(all_["open_time"] >= start - timedelta(days=2)) & (all_["open_time"] < end)]
        for key, all_ in loaded.items()
    }
    return {key: frame.reset_index(drop=True) for key, frame in near.items()}, start


class Desk:
    """What analyses do with forecasts: keep, settle, ask for the weight."""

    def __init__(self, candles):
        self.stores = {key: PastCandles(frame) for key, frame in candles.items()}
        self.ledger = ledger()

    def earned(self, at):
        """What the model may weigh now."""
        return calibrate.earned(PAIRS, at, ["seer"], self.ledger, STRATEGY)[0]

    def analyse(self, times, forecaster):
        """Every pair at each time; the weight as each day ended."""
        weights = []
        for number, at in enumerate(times, 1):
            for pair in PAIRS:
                store = self.stores[pair.key]
                judge.kept_forecast(pair, at, store, forecaster, self.ledger, STRATEGY)
                calibrate.settle(pair, at, store, self.ledger)
            if number % 12 == 0:
                weights.append(self.earned(at).weight)
        return weights


def test_a_useless_model_loses_its_weight_and_a_good_one_wins_it_back(market):
    """Ten days of guesses earn nothing on any day; once the window holds what is right instead, all of it is back."""
    candles, start = market
    desk, turn = Desk(candles), start + GUESSES
    guessed = desk.analyse(moments(start, turn, EVERY), Seer(candles, knows=0.0, noise=1.0, seed=1))
    knew = desk.analyse(moments(turn, turn + KNOWS, EVERY), Seer(candles, knows=0.5, noise=0.2, seed=2))
    assert guessed == [0.0] * 10
    assert knew[0] == 0.0
    assert knew[-1] == STRATEGY.weight_forecast
    assert knew == sorted(knew)
    last = desk.earned(turn + KNOWS)
    assert last.skill.forecasts == 288
    assert last.why.startswith("0.25 of 0.25: 288 hourly forecasts of seer, skill +")


def test_a_table_over_the_ledger_shows_both(market):
    """Each pair has its row; guesses are worse than naive beyond doubt, and so is no knowledge of what comes."""
    candles, start = market
    desk = Desk(candles)
    desk.analyse(moments(start, start + timedelta(days=2), EVERY), Seer(candles, knows=0.0, noise=1.0))
    good = Seer(candles, knows=0.5, noise=0.2, name="better")
    desk.analyse(moments(start + timedelta(days=2), start + timedelta(days=4), EVERY), good)
    past = [one for pair in PAIRS for one in desk.ledger.settled(pair.key, start, start + KNOWS)]
    rows = {(row.model, row.pair): row for row in calibration_rows(past, STRATEGY)}
    assert len(rows) == 2 * (len(PAIRS) + 1)
    assert all((row.skill_naive.high < 0) == (model == "seer") for (model, _), row in rows.items())
    assert all(row.skill_naive.low > 0 for (model, _), row in rows.items() if model == "better")
