"""Incidents of forecasts: too many at the endpoint at once, and alarms about what was to be expected."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pandas as pd
from tenacity import wait_none

from adapters.dynamodb.capacity import DynamoCapacity
from adapters.dynamodb.client import Dynamo
from adapters.forecast import sagemaker
from adapters.forecast.budget import Budget
from adapters.forecast.chain import ForecastChain
from adapters.forecast.coalesce import Coalesced
from adapters.forecast.model import ModelForecaster
from adapters.forecast.momentum import MomentumForecaster
from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from tests.incidents.stage import Incident, Stage
from tests.services.conftest import PAIRS
from trading.candles import frame
from trading.signals.forecast import ForecastSignal
from trading.strategy import Strategy

START = datetime(2026, 1, 5, tzinfo=UTC)
RUNS, LIMIT = 16, 6
"""Runs that forecast at the same time, each on a machine of its own, and how many may be at the endpoint at once."""


class Counts:
    """What was counted."""

    def __init__(self) -> None:
        self.names: list[str] = []

    def count(self, name: str, *_: Any) -> bool:
        self.names.append(name)
        return True


def _candles() -> pd.DataFrame:
    closes = 100 * np.exp(np.random.default_rng(1).normal(0, 1e-3, 340).cumsum())
    return frame([(START + timedelta(minutes=5 * n), *([float(one)] * 4), 1.0) for n, one in enumerate(closes)])


def _machine(stage: Stage, counts: Counts) -> ForecastChain:
    """The forecaster of one machine: clients of its own, and the books that all machines share."""
    room = stage.room
    stage.patch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{room.world.url}/sagemaker")
    capacity = DynamoCapacity(room.names, Dynamo(room.aws.dynamodb))
    budget = Budget(capacity, "chronos-2", limit=LIMIT, wait_s=60, pause=_soon)
    model = SageMakerModel("chronos-2", open_runtime(), budget, wait_none())
    return ForecastChain([ModelForecaster(Coalesced(model, most=1))], MomentumForecaster(), counts)


def _soon(_pause_s: float) -> None:
    """A waiting machine looks again soon."""
    threading.Event().wait(0.02)


@contextmanager
def _logged() -> Iterator[list[logging.LogRecord]]:
    """What our own loggers say at INFO and above."""
    records: list[logging.LogRecord] = []
    handler = logging.Handler(logging.INFO)
    handler.emit = records.append  # type: ignore[method-assign]
    log = logging.getLogger("trader")
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.INFO)
    try:
        yield records
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


def _forecast(machines: list[ForecastChain]) -> list[ForecastSignal]:
    """One forecast on each machine, all begun together."""
    together, candles, strategy = threading.Barrier(len(machines)), _candles(), Strategy()

    def run(machine: ForecastChain) -> ForecastSignal:
        together.wait(30)
        return machine.forecast(PAIRS["btc_usdt"], candles, strategy)

    with ThreadPoolExecutor(len(machines)) as pool:
        return list(pool.map(run, machines))


# ----------------------------------------------------------------------------------------------------------------- I13


def too_many_at_once(stage: Stage) -> None:
    """Sixteen machines forecast at the same time at an endpoint that takes eight."""
    url, counts = stage.room.world.url, Counts()
    machines = [_machine(stage, counts) for _ in range(RUNS)]
    httpx.post(f"{url}/_sagemaker", json={"seconds": 0.15, "at_once_max": 8}, timeout=10).raise_for_status()
    with _logged() as records:
        signals = _forecast(machines)
    seen = httpx.get(f"{url}/_sagemaker", timeout=10).json()
    assert seen["most_at_once"] <= LIMIT, f"{seen['most_at_once']} forecasts were at the endpoint at once"
    assert (seen["throttled"], seen["invocations"]) == (0, RUNS)
    assert {signal.fallback_reason for signal in signals} == {None}
    assert (counts.names, [one.getMessage() for one in records if one.levelno > logging.INFO]) == ([], [])


def no_budget(stage: Stage) -> None:
    """Every machine asks when it likes."""

    @contextmanager
    def free(_self: Budget) -> Iterator[None]:
        yield

    stage.patch.setattr(Budget, "place", free)


def expected_throttling(stage: Stage) -> None:
    """The endpoint is busy for a while, then answers; later it is busy for longer than anybody tries."""
    world, counts = stage.room.world, Counts()
    machine = _machine(stage, counts)
    world.fault(target="sagemaker", kind="429", times=2)
    world.fault(target="sagemaker", kind="not_ready", times=1)
    with _logged() as records:
        (signal,) = _forecast([machine])
        assert signal.fallback_reason is None, "an endpoint that was busy for a moment cost the forecast"
        assert (records, counts.names) == ([], [])
        world.fault(target="sagemaker", kind="429", times=None)
        (signal,) = _forecast([machine])
    assert signal.fallback_reason == f"sagemaker: ThrottlingException after {sagemaker.TRIES} tries"
    assert [record.levelno for record in records] == [logging.INFO], "an expected throttling was logged as an error"
    assert counts.names == ["ForecastFallbacks"]


def one_try(stage: Stage) -> None:
    """The first refusal is final."""
    stage.patch.setattr(sagemaker, "TRIES", 1)


INCIDENTS: dict[str, Incident] = {
    "I13, at once": Incident(too_many_at_once, no_budget, r"\d+ forecasts were at the endpoint at once"),
    "I13, throttled": Incident(
        expected_throttling, one_try, "an endpoint that was busy for a moment cost the forecast"
    ),
}
