"""``trader model serve``: the container's code over HTTP, asked by real boto3 and by the desk's own adapter."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import tarfile
import threading
import urllib.error
import urllib.request
from datetime import UTC, datetime

import boto3
import numpy as np
import onnxruntime
import pytest
from botocore.exceptions import ClientError

from adapters.forecast.files import SHIPPED
from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from deployments.model.package import pack
from deployments.model.serve import PAYLOAD_BYTES_MAX, make_app, run, serve
from tests.conftest import ROOT
from trading.candles import candle_file, load_candles, window
from trading.errors import BadInput, Rejected
from trading.pairs import parse_pairs
from trading.signals.outlook import Series, series_of
from trading.strategy import load_strategy

AT = datetime(2023, 8, 17, 21, 40, tzinfo=UTC)
"""In the middle of a fall: the six pairs moved several percent in minutes."""
STEPS = 12
WALK = {"target": [100, 101, None, 102, 103, 104]}


@pytest.fixture(scope="module")
def url():
    """A server in a thread of this process, for the one endpoint ``chronos-2-test``."""
    loop, stop, ready, found = asyncio.new_event_loop(), asyncio.Event(), threading.Event(), []

    def started(address):
        found.append(address)
        ready.set()

    app = make_app(SHIPPED, "chronos-2-test")
    thread = threading.Thread(target=lambda: loop.run_until_complete(run(app, 0, started, stop)))
    thread.start()
    ready.wait(30)
    yield found[0]
    loop.call_soon_threadsafe(stop.set)
    thread.join()
    loop.close()


@pytest.fixture
def runtime(url, monkeypatch):
    """A real client, sent here by the variable that the help names."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", url)
    return boto3.client("sagemaker-runtime", region_name="ap-northeast-1")


def invoke(runtime, body, endpoint="chronos-2-test"):
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return runtime.invoke_endpoint(EndpointName=endpoint, ContentType="application/json", Body=data)


@pytest.fixture(scope="module")
def six(market_data):
    """The six pairs' real candles, as the desk forecasts them."""
    strategy = load_strategy(None)
    return [
        series_of(pair.key, window(load_candles(candle_file(market_data / "candles", pair.binance)), AT, 336), strategy)
        for pair in parse_pairs(None)
    ]


def directly(asked: list[Series]) -> np.ndarray:
    """What ONNX Runtime says of the same series, without any of our code: (series, levels, steps), sorted."""
    session = onnxruntime.InferenceSession(str(SHIPPED))
    levels = json.loads(session.get_modelmeta().custom_metadata_map["quantile_levels"])
    context = np.array([series.values[-336:] for series in asked], dtype=np.float32)
    (found,) = session.run(None, {"context": context})
    rows = [levels.index(level) for level in (0.1, 0.5, 0.9)]
    return np.sort(found[:, rows, :STEPS], axis=1)


def test_six_real_pairs_in_one_real_invocation_are_what_the_model_says(runtime, six):
    """boto3 -> HTTP -> the container's code -> the shipped model, against the model itself."""
    inputs = [
        {"target": [None if np.isnan(value) else value for value in one.values], "item_id": one.pair} for one in six
    ]
    parameters = {"prediction_length": STEPS, "quantile_levels": [0.1, 0.5, 0.9]}
    reply = invoke(runtime, {"inputs": inputs, "parameters": parameters})
    found = json.loads(reply["Body"].read())["predictions"]
    assert reply["InvokedProductionVariant"] == "AllTraffic"
    assert [one["item_id"] for one in found] == [series.pair for series in six]
    answered = np.array([[one[level] for level in ("0.1", "0.5", "0.9")] for one in found])
    np.testing.assert_allclose(answered, directly(six), rtol=1e-6)
    newest = np.array([[[series.values[-1]]] for series in six])
    assert (np.abs(answered / newest - 1) < 0.2).all()  # prices, not scaled numbers


def test_the_desks_adapter_is_served(runtime, six):
    """The forecaster that the desk uses gets the same quantiles through its own request."""
    model = SageMakerModel("chronos-2-test", open_runtime())
    answers = model.predict(six, STEPS)
    answered = np.array([[one.q10, one.q50, one.q90] for one in answers])
    np.testing.assert_allclose(answered, directly(six), rtol=1e-6)


def test_the_desks_adapter_hears_a_refusal(runtime):
    """A series with too few values is the container's 400, which the adapter calls Rejected."""
    few = Series("btc_usdt", AT, (1.0, 2.0), 2.0)
    (answer,) = SageMakerModel("chronos-2-test", open_runtime()).predict([few], STEPS)
    assert isinstance(answer, Rejected)


def test_what_the_container_refuses_is_a_model_error(runtime):
    """424 with the container's own status and words, as SageMaker passes them on."""
    with pytest.raises(ClientError) as said:
        invoke(runtime, {"inputs": [{"target": [1, 2]}]})
    told = said.value.response
    assert told["Error"]["Code"] == "ModelError"
    assert told["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert told["OriginalStatusCode"] == 400
    assert "at least 5" in told["OriginalMessage"]


def test_another_endpoint_is_not_here(runtime):
    """A mistyped name is a ValidationError, as on AWS."""
    with pytest.raises(ClientError, match="chronos-2-other not found; here is chronos-2-test") as said:
        invoke(runtime, {"inputs": [WALK]}, endpoint="chronos-2-other")
    assert said.value.response["Error"]["Code"] == "ValidationError"


def test_a_payload_over_four_megabytes_is_refused(runtime):
    """The limit of a serverless endpoint."""
    with pytest.raises(ClientError, match="payload is over") as said:
        invoke(runtime, b" " * (PAYLOAD_BYTES_MAX + 1))
    assert said.value.response["Error"]["Code"] == "ValidationError"


def test_the_containers_own_addresses_answer(url):
    """/ping says it is ready, /invocations answers 200 with JSON or 400 with the words."""
    with urllib.request.urlopen(f"{url}/ping", timeout=10) as ping:  # noqa: S310
        assert ping.status == 200
    request = urllib.request.Request(f"{url}/invocations", headers={"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, json.dumps({"inputs": [WALK]}).encode(), timeout=10) as reply:  # noqa: S310
        assert set(json.load(reply)["predictions"][0]) == {"mean", "0.1", "0.5", "0.9"}
    with pytest.raises(urllib.error.HTTPError) as said:
        urllib.request.urlopen(request, b"{}", timeout=10)  # noqa: S310
    assert said.value.code == 400
    assert b"1 to 1000 series" in said.value.read()


def test_an_unpacked_package_is_served(tmp_path):
    """A folder as the container sees it loads like the file it came from."""
    with tarfile.open(pack(SHIPPED, tmp_path / "model.tar.gz").file) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    make_app(tmp_path / "unpacked")


def test_what_cannot_be_served_is_one_line(tmp_path, url):
    """No such file, no model in the folder, a checkpoint without torch, a port that is taken."""
    with pytest.raises(BadInput, match="there is no model"):
        make_app(tmp_path / "none.onnx")
    with pytest.raises(BadInput, match=r"neither model\.onnx nor"):
        make_app(tmp_path)
    facts = {"context_length": 8192, "output_patch_size": 16, "max_output_patches": 64, "quantiles": [0.5]}
    (tmp_path / "config.json").write_text(json.dumps({"chronos_config": facts}))
    with pytest.raises(BadInput, match="needs chronos; export it to ONNX"):
        make_app(tmp_path)
    with pytest.raises(BadInput, match="choose another one with --port"):
        serve(make_app(SHIPPED), int(url.rpartition(":")[2]), ready=print)


def test_the_program_serves_until_it_is_stopped():
    """One JSON line with the address when it is ready, and exit 0 on SIGTERM."""
    code = "from deployments.commands.model import model; model(['serve', '--json'])"
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True
    ) as program:
        try:
            url = json.loads(program.stdout.readline())["url"]
            with urllib.request.urlopen(f"{url}/ping", timeout=10) as ping:  # noqa: S310
                assert ping.status == 200
        finally:
            program.send_signal(signal.SIGTERM)
        assert program.wait(30) == 0
