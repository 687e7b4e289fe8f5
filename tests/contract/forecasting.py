"""A process of its own that forecasts from several threads at once, as a run on another machine does."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Mapping
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

from adapters.aws import open_aws
from adapters.dynamodb.capacity import DynamoCapacity
from adapters.dynamodb.client import Dynamo
from adapters.forecast.budget import Budget
from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from tests.unit.forecast_models import series
from trading.tables import Names

THREADS = 5


def forecasts(env: Mapping[str, str], prefix: str) -> list[str]:
    """What came of one forecast from each of five threads: the kind of the answer, or the words of the error."""
    os.environ.update(env)
    capacity = DynamoCapacity(Names(prefix), Dynamo(open_aws().dynamodb))
    budget = Budget(capacity, "chronos-2", limit=6, wait_s=120, pause=lambda _s: time.sleep(0.02))
    model = SageMakerModel("chronos-2", open_runtime(), budget)

    def one(number: int) -> str:
        (answer,) = model.predict([series(f"p{number}")], 12)
        return str(answer) if isinstance(answer, Exception) else type(answer).__name__

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(THREADS)))


def in_processes(count: int, env: Mapping[str, str], prefix: str) -> list[str]:
    """The same in so many processes at once."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    with ProcessPoolExecutor(count, mp_context=context) as pool:
        every = [pool.submit(forecasts, env, prefix) for _ in range(count)]
        return [said for one in every for said in one.result(120)]
