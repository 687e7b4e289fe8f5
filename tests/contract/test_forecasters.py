"""The Forecaster port, held by each of its adapters: an endpoint, a model in this process, momentum, and the chain."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd
import pytest

from adapters.forecast.chain import ForecastChain
from adapters.forecast.coalesce import Coalesced
from adapters.forecast.files import SHIPPED
from adapters.forecast.local import LocalModel
from adapters.forecast.model import ModelForecaster
from adapters.forecast.momentum import MomentumForecaster
from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from tests.contract.worlds import open_world
from trading.candles import frame
from trading.errors import InsufficientData
from trading.pairs import parse_pairs
from trading.ports import Forecaster
from trading.strategy import Strategy

PAIRS, S = parse_pairs(None), Strategy()
START = datetime(2026, 1, 5, tzinfo=UTC)
MODELS = {"sagemaker": "chronos-2-test", "local": "chronos-2-small", "chain": "chronos-2-test"}
"""Adapters that forecast quantiles, and the name that their signals carry."""


class Uncounted:
    def count(self, *_: Any) -> bool:
        return False


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Any]:
    """A client of our model server."""
    with open_world(seed=5) as world, pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{world.url}/sagemaker")
        yield open_runtime()


@pytest.fixture(params=["sagemaker", "local", "momentum", "chain"])
def adapter(request: pytest.FixtureRequest) -> tuple[str, Forecaster]:
    kind: str = request.param
    if kind == "momentum":
        return kind, MomentumForecaster()
    local = ModelForecaster(LocalModel(lambda: SHIPPED))
    if kind == "local":
        return kind, local
    remote = ModelForecaster(Coalesced(SageMakerModel("chronos-2-test", request.getfixturevalue("endpoint"))))
    return kind, remote if kind == "sagemaker" else ForecastChain([remote, local], MomentumForecaster(), Uncounted())


def walk(price: float, count: int = 400, missing: frozenset[int] = frozenset(), noise: float = 1e-3) -> pd.DataFrame:
    closes = price * np.exp(np.random.default_rng(3).normal(0, noise, count).cumsum())
    rows = [(START + timedelta(minutes=5 * n), *([float(close)] * 4), 1.0) for n, close in enumerate(closes)]
    return frame([row for n, row in enumerate(rows) if n not in missing])


FRAMES = {
    "whole": walk(60_000.0),
    "short": walk(0.6, count=60),
    "gaps": walk(2_500.0, missing=frozenset({120, 121, 200, *range(300, 340)})),
    "constant": walk(150.0, noise=0.0),
    "tiny": walk(1e-5),
}


@pytest.mark.parametrize("kind", sorted(FRAMES))
def test_a_signal_is_of_its_own_price(adapter: tuple[str, Forecaster], kind: str) -> None:
    """Long, short, with gaps, constant, tiny: the signal is bounded, names its model, and its paths stay at the price.

    q10 <= q50 <= q90 holds at every step, and a model's signal has all steps.
    """
    name, forecaster = adapter
    candles = FRAMES[kind]
    signal = forecaster.forecast(PAIRS[0], candles, S)
    assert -1 <= signal.score <= 1
    assert 0 <= signal.confidence <= 1
    assert (signal.fallback_reason is None) == (name in MODELS)
    assert signal.model == MODELS.get(name, "momentum-fallback")
    assert len(signal.q10) == len(signal.q50) == len(signal.q90) == (S.forecast_steps if name in MODELS else 0)
    last = float(candles["close"].iloc[-1])
    for low, middle, high in zip(signal.q10, signal.q50, signal.q90, strict=True):
        assert last * 0.9 < low <= middle <= high < last * 1.1


def test_the_same_candles_make_the_same_signal(adapter: tuple[str, Forecaster]) -> None:
    """Six pairs at once or one after the other: each signal is a function of its own candles alone."""
    _, forecaster = adapter
    frames = {pair.key: walk(10.0 * 7**n) for n, pair in enumerate(PAIRS)}
    with ThreadPoolExecutor(6) as pool:
        together = list(pool.map(lambda pair: forecaster.forecast(pair, frames[pair.key], S), PAIRS))
    for pair, signal in zip(PAIRS, together, strict=True):
        alone = forecaster.forecast(pair, frames[pair.key], S)
        assert alone.model == signal.model
        assert alone.q50 == pytest.approx(signal.q50, rel=1e-4)  # a batch sums floats in another order than one does
        assert math.isclose(alone.score, signal.score, abs_tol=1e-3)


def test_too_few_candles_name_the_pair(adapter: tuple[str, Forecaster]) -> None:
    """With ten candles no adapter makes a number up: the pair sits out, by name."""
    _, forecaster = adapter
    with pytest.raises(InsufficientData, match=rf"^{PAIRS[0].key}: 10 candles"):
        forecaster.forecast(PAIRS[0], walk(100.0, count=10), S)
