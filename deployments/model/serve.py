"""The endpoint on this machine: the container's own code over HTTP, as the container and as SageMaker's runtime speak.

``AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=http://127.0.0.1:PORT`` points boto3 here. Loopback only.
Source: SageMaker developer guide, "Custom inference code with hosting services" (``/ping``, ``/invocations``) and the
API reference of InvokeEndpoint: what the container refuses arrives as ModelError with its status.
"""

from __future__ import annotations

import asyncio
import json
import signal
from collections.abc import Callable, Mapping
from pathlib import Path

from aiohttp import web

from deployments.model.container import inference
from deployments.model.package import loaded
from trading.errors import BadInput

HOST = "127.0.0.1"
PAYLOAD_BYTES_MAX = 4 * 1024 * 1024
"""Of a serverless endpoint, each way."""
MODEL = web.AppKey("model", inference.Model)
ENDPOINT = web.AppKey("endpoint", str)
"""The one endpoint that is here; empty: any name is answered."""

type Reply = tuple[int, str]


def make_app(source: Path, endpoint: str = "") -> web.Application:
    """The server of an ONNX file or of a folder that the container could load. Raises BadInput when it cannot."""
    app = web.Application(client_max_size=PAYLOAD_BYTES_MAX)
    app[MODEL], app[ENDPOINT] = _model(source), endpoint
    app.router.add_get("/ping", _ping)
    app.router.add_post("/invocations", _container)
    app.router.add_post("/endpoints/{name}/invocations", _runtime)
    return app


def serve(app: web.Application, port: int, ready: Callable[[str], None]) -> None:
    """Run until SIGINT or SIGTERM; ``ready`` gets the base URL. Raises BadInput for a port in use."""

    async def until_told() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await run(app, port, ready, stop)

    try:
        asyncio.run(until_told())
    except OSError as error:
        raise BadInput(f"port {port} cannot be used: {error.strerror}; choose another one with --port") from error


async def run(app: web.Application, port: int, ready: Callable[[str], None], stop: asyncio.Event) -> None:
    """Serve until ``stop`` is set. Raises OSError for a port in use."""
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, HOST, port).start()
        ready(f"http://{HOST}:{runner.addresses[0][1]}")
        await stop.wait()
    finally:
        await runner.cleanup()


def _model(source: Path) -> inference.Model:
    if not source.exists():
        raise BadInput(f"there is no model {source}; give --model an ONNX file or a model folder")
    if source.is_file():
        return loaded(source)
    try:
        return inference.model_fn(str(source))
    except ImportError as error:
        msg = (
            f"{source} is a checkpoint and needs {error.name}; export it to ONNX, or serve it where torch is installed"
        )
        raise BadInput(msg) from error
    except (OSError, KeyError, ValueError) as error:
        raise BadInput(f"{source} cannot be served: {error}") from error


async def _ping(_: web.Request) -> web.Response:
    return web.Response(text="\n")


async def _container(request: web.Request) -> web.Response:
    """What the container answers: 200 with the forecast, 400 with what is wrong, 500 when the model failed."""
    status, text = await _answered(request)
    return web.Response(status=status, text=text, content_type=inference.JSON if status == 200 else "text/plain")


async def _runtime(request: web.Request) -> web.Response:
    """What InvokeEndpoint answers: the container's reply, or one of SageMaker's errors."""
    name, here = request.match_info["name"], request.app[ENDPOINT]
    if here and name != here:
        return _error(400, "ValidationError", {"Message": f"Endpoint {name} not found; here is {here}."})
    try:
        status, text = await _answered(request)
    except web.HTTPRequestEntityTooLarge:
        words = f"the payload is over {PAYLOAD_BYTES_MAX} bytes, the most that a serverless endpoint takes"
        return _error(400, "ValidationError", {"Message": words})
    if status != 200:
        side = "client" if status < 500 else "server"
        words = f'Received {side} error ({status}) from primary with message "{text}".'
        told = {"Message": words, "OriginalMessage": text, "OriginalStatusCode": status, "LogStreamArn": ""}
        return _error(424, "ModelError", told)
    headers = {"x-Amzn-Invoked-Production-Variant": "AllTraffic"}
    return web.Response(text=text, content_type=inference.JSON, headers=headers)


async def _answered(request: web.Request) -> Reply:
    body = await request.read()
    wants = request.headers.get("Accept", "*/*")
    return await asyncio.to_thread(transform, request.app[MODEL], body, request.content_type, wants)


def transform(model: inference.Model, body: bytes, content_type: str | None, accept: str) -> Reply:
    """Status and text, as the container's toolkit makes them of the four functions."""
    try:
        question = inference.input_fn(body, content_type)
        return 200, inference.output_fn(inference.predict_fn(question, model), accept)
    except inference.BadRequest as refused:
        return refused.status_code, str(refused.message)
    except Exception as error:  # noqa: BLE001 - the container too answers 500 for whatever it was
        return 500, f"{type(error).__name__}: {error}"


def _error(status: int, kind: str, told: Mapping[str, object]) -> web.Response:
    headers = {"x-amzn-ErrorType": kind}
    return web.Response(status=status, text=json.dumps(told), content_type=inference.JSON, headers=headers)
