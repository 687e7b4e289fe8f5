"""Forecasters of past candles, from one that guesses to one that looks ahead, and a ledger in memory to keep them."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np

from adapters.aws import Aws
from adapters.dynamodb import DynamoForecasts, open_tables
from tests.days import PAIRS, generated_candles
from tests.simulation.tables import MemoryDynamo
from trading.candles import INTERVAL
from trading.signals.forecast import score_forecast
from trading.tables import Names

BTC = next(pair for pair in PAIRS if pair.key == "btc_usdt")


def candles_of(pair=BTC, count=600, seed=7):
    """Generated candles of two days, enough to look back over a window and ahead over an hour."""
    return generated_candles(pair, seed=seed, count=count)


def ledger() -> DynamoForecasts:
    """An empty ledger in this process."""
    dynamo, none = MemoryDynamo(), SimpleNamespace()
    aws: Any = Aws("nowhere", "memory", dynamo, none, none, none, dynamo)
    return open_tables(Names("past"), aws).forecasts


class Seer:
    """Knows a share of what will come, and adds noise of so many times the hour's usual move.

    0 of what comes and any noise is a useless model: the price, thrown about.
    """

    def __init__(self, candles, knows, noise, seed=1, name="seer"):
        """candles: by pair key, the future included."""
        self._typical = {
            key: dict(zip(frame["open_time"], (frame["high"] + frame["low"] + frame["close"]) / 3, strict=True))
            for key, frame in candles.items()
        }
        self._knows, self._noise, self._name = knows, noise, name
        self._dice = np.random.default_rng(seed)

    def forecast(self, pair, candles, strategy):
        """A path towards what comes, as far as it is known, with the noise on top."""
        price, last = float(candles["close"].iloc[-1]), candles["open_time"].iloc[-1]
        usual = float(np.std(np.diff(np.log(candles["close"])))) * strategy.forecast_steps**0.5
        steps = [last + number * INTERVAL for number in range(1, strategy.forecast_steps + 1)]
        came = np.array([self._typical[pair.key].get(step, price) for step in steps])
        path = price + self._knows * (came - price) + price * self._dice.normal(0, self._noise * usual)
        q10, q50, q90 = ((path * factor).tolist() for factor in (0.997, 1.0, 1.003))
        return score_forecast(q10, q50, q90, price, strategy, self._name)
