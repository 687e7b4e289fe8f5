"""The model server of the simulator keeps to the endpoint's limits, as real boto3 sees them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from botocore.exceptions import ClientError

from adapters.forecast.sagemaker import open_runtime
from tests.contract.worlds import World, open_world

TARGET = [100.0, None, 101.0, 102.0, 101.5, 103.0]


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    with open_world(seed=5) as world:
        yield world


@pytest.fixture
def client(world: World, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{world.url}/sagemaker")
    httpx.post(f"{world.url}/_sagemaker", json={}, timeout=10).raise_for_status()
    return open_runtime()


def invoke(client: Any, body: Any) -> Any:
    text = body if isinstance(body, str) else json.dumps(body)
    reply = client.invoke_endpoint(EndpointName="chronos-2", ContentType="application/json", Body=text)
    return json.loads(reply["Body"].read())


def asking(target: Any = TARGET, steps: int = 3, **more: Any) -> dict[str, Any]:
    return {"inputs": [{"target": target, "item_id": "p"}], "parameters": {"prediction_length": steps, **more}}


def test_it_answers_every_level_that_is_asked(client: Any) -> None:
    """A row holds the mean and one path per level, rising with the level, and the id it was asked with."""
    (row,) = invoke(client, asking(quantile_levels=[0.1, 0.25, 0.5, 0.9]))["predictions"]
    assert row["item_id"] == "p"
    assert [len(row[name]) for name in ("mean", "0.1", "0.25", "0.5", "0.9")] == [3] * 5
    assert all(low < mid < top for low, mid, top in zip(row["0.1"], row["0.5"], row["0.9"], strict=True))
    assert invoke(client, asking())["predictions"] == invoke(client, asking())["predictions"]


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        {"inputs": []},
        asking(target=[1.0] * 4),
        asking(steps=0),
        asking(steps=1025),
        asking(["x"] * 9),
    ],
)
def test_what_the_container_cannot_read_is_a_model_error(client: Any, body: Any) -> None:
    """A request that the container refuses comes back as ModelError with the status that it answered."""
    with pytest.raises(ClientError) as refused:
        invoke(client, body)
    assert refused.value.response["Error"]["Code"] == "ModelError"
    assert refused.value.response["OriginalStatusCode"] == 400
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 424


def test_more_than_it_takes_at_once_are_throttled(world: World, client: Any) -> None:
    """Of four requests at once at an endpoint that takes two, two are answered and two are throttled, and counted."""
    httpx.post(f"{world.url}/_sagemaker", json={"seconds": 0.5, "at_once_max": 2}, timeout=10).raise_for_status()

    def outcome(_n: int) -> str:
        try:
            return str(len(invoke(client, asking())["predictions"]))
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    with ThreadPoolExecutor(4) as pool:
        found = sorted(pool.map(outcome, range(4)))
    assert found == ["1", "1", "ThrottlingException", "ThrottlingException"]
    seen = httpx.get(f"{world.url}/_sagemaker", timeout=10).json()
    assert {name: seen[name] for name in ("invocations", "series", "throttled", "most_at_once", "at_once")} == {
        "invocations": 2, "series": 2, "throttled": 2, "most_at_once": 2, "at_once": 0,
    }  # fmt: skip


def test_only_a_model_spoils_forecasts(world: World) -> None:
    """The faults of a model cannot be asked of another provider, nor strange manners of the endpoint."""
    fault = {"target": "binance", "kind": "nan"}
    assert httpx.post(f"{world.url}/_faults", json=fault, timeout=10).status_code == 400
    assert httpx.post(f"{world.url}/_sagemaker", json={"seconds": -1}, timeout=10).status_code == 400
