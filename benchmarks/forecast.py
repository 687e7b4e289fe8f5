"""One call of the model for six pairs against six calls for one pair each, as a ratio; no seconds to compare with.

In process the model computes; over HTTP it is the request itself that costs, since the simulated endpoint's forecast is
nearly free (a real one adds its own overhead to every call, so the ratio there is larger).
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

import numpy as np
from rich.console import Console
from rich.table import Table

from adapters.forecast.files import SHIPPED
from adapters.forecast.local import LocalModel
from adapters.forecast.model import QuantileModel
from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from benchmarks.cycle import median_s
from simulator.config import SimulatorConfig
from simulator.process import running_simulator
from trading.errors import TradingError
from trading.signals.outlook import Series

PAIRS, STEPS, ROUNDS = 6, 12, 40


def walks() -> list[Series]:
    """Six random walks of 336 slots."""
    draw = np.random.default_rng(1)
    paths = 100 * np.exp(draw.normal(0, 1e-3, (PAIRS, 336)).cumsum(axis=1))
    return [Series(f"p{n}", datetime(2026, 1, 5, tzinfo=UTC), tuple(path), path[-1]) for n, path in enumerate(paths)]


def asked(model: QuantileModel, calls: Sequence[Sequence[Series]]) -> Callable[[], None]:
    """All of these calls, one after the other; an answer that is none ends the benchmark."""

    def work() -> None:
        for series in calls:
            for answer in model.predict(series, STEPS):
                if isinstance(answer, TradingError):
                    raise answer

    return work


def main() -> None:
    """Measure and print: a table for people, one JSON line for notes."""
    series = walks()
    with running_simulator(SimulatorConfig(speed=0.0)) as url:
        os.environ["AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"] = f"{url}/sagemaker"
        os.environ.setdefault("AWS_ACCESS_KEY_ID", "benchmark")
        os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "benchmark")
        models = {"in process (ONNX)": LocalModel(lambda: SHIPPED), "over HTTP": SageMakerModel("b", open_runtime())}
        ratios = {
            name: median_s(asked(model, [[one] for one in series]), ROUNDS) / median_s(asked(model, [series]), ROUNDS)
            for name, model in models.items()
        }
    table = Table("model", "six calls cost", title=f"forecasts of 6 pairs, median of {ROUNDS}")
    for name, ratio in ratios.items():
        table.add_row(name, f"{ratio:.1f} x one call for six")
    Console().print(table)
    print(json.dumps({"six_calls_over_one": {name: round(ratio, 2) for name, ratio in ratios.items()}}))
