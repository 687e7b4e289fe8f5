"""The budget of the endpoint holds over processes, not only over threads."""

from __future__ import annotations

import os

import httpx

from adapters.aws import Aws
from adapters.provision import provision
from tests.contract.forecasting import THREADS, in_processes
from tests.contract.worlds import open_world
from trading.tables import ORDER_STATE, Names

PROCESSES = 3


def test_three_processes_with_five_threads_each_are_six_at_the_endpoint(aws: Aws, names: Names) -> None:
    """Fifteen forecasts at once from three processes: at most six are at the endpoint, and all are answered (I13)."""
    provision(names, aws, tables=(ORDER_STATE,), queues=(), buckets=())
    with open_world(seed=5) as world:
        httpx.post(f"{world.url}/_sagemaker", json={"seconds": 0.4, "at_once_max": 8}, timeout=10).raise_for_status()
        env = {name: value for name, value in os.environ.items() if name.startswith("AWS_")}
        env |= {"AWS_ENDPOINT_URL": aws.endpoint, "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME": f"{world.url}/sagemaker"}
        found = in_processes(PROCESSES, env, names.prefix)
        seen = httpx.get(f"{world.url}/_sagemaker", timeout=10).json()
    assert found == ["Quantiles"] * (PROCESSES * THREADS)
    assert (seen["invocations"], seen["throttled"]) == (PROCESSES * THREADS, 0)
    assert 2 <= seen["most_at_once"] <= 6
