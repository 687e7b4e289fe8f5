"""A model server that speaks the SageMaker runtime protocol, with a Chronos-2 container's request and reply.

``AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME=http://HOST:PORT/sagemaker`` points boto3 here. The forecast is a seeded drift with
bands as wide as the series moves: plausible, cheap, and a function of the seed and the series alone.
"""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np
from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulator.seeded import rng
from simulator.world import world_of

SPOILT = web.RequestKey("spoilt", str)
"""On a request: in which way its forecast is to be wrong."""

type Rows = list[dict[str, Any]]


@dataclass(slots=True)
class Endpoint:
    """How the endpoint behaves, and what it has seen.

    seconds    of real time that an invocation takes.  at_once_max  a further one is throttled, as serverless does.
    """

    seconds: float = 0.0
    at_once_max: int = 8
    invocations: int = 0
    series: int = 0
    throttled: int = 0
    at_once: int = 0
    most_at_once: int = 0


ENDPOINT = web.AppKey("endpoint", Endpoint)


class Manners(BaseModel):
    """What ``POST /_sagemaker`` may change."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seconds: float = Field(0.0, ge=0, le=600)
    at_once_max: int = Field(8, ge=1, le=200)


class Input(BaseModel):
    """One series of a request; missing values are null."""

    target: list[float | None] = Field(min_length=5)
    item_id: str = ""
    start: str | None = None


class Parameters(BaseModel):
    """What is asked about every series."""

    prediction_length: int = Field(1, ge=1, le=1024)
    quantile_levels: list[float] = Field([0.1, 0.5, 0.9], min_length=1)


class Request(BaseModel):
    """The container's request."""

    inputs: list[Input] = Field(min_length=1, max_length=1000)
    parameters: Parameters = Parameters()


async def invoke(request: web.Request) -> web.Response:
    """POST /endpoints/{name}/invocations."""
    endpoint, spoilt = request.app[ENDPOINT], request.get(SPOILT, "")
    if endpoint.at_once >= endpoint.at_once_max:
        endpoint.throttled += 1
        return error_reply("ThrottlingException", 429)
    endpoint.at_once += 1
    endpoint.most_at_once = max(endpoint.most_at_once, endpoint.at_once)
    try:
        await asyncio.sleep(endpoint.seconds)
        return _answered(await request.text(), world_of(request).config.seed, endpoint, spoilt)
    finally:
        endpoint.at_once -= 1


def _answered(text: str, seed: int, endpoint: Endpoint, spoilt: str) -> web.Response:
    """The reply to a body; a body that the container cannot read is the model's error, as with the real one."""
    if spoilt == "not_ready":
        return error_reply("ModelNotReadyException", 429)
    try:
        asked = Request.model_validate_json(text)
    except ValidationError as error:
        return model_error(400, str(error.errors()[0]["msg"]))
    if spoilt == "model_error":
        return model_error(500, "Worker died.")
    endpoint.invocations += 1
    endpoint.series += len(asked.inputs)
    rows = [predicted(one, asked.parameters, seed) for one in asked.inputs]
    return web.json_response({"predictions": SPOIL.get(spoilt, _same)(rows)})


def predicted(series: Input, parameters: Parameters, seed: int) -> dict[str, Any]:
    """One row of the reply: the mean, a list per quantile level, and the id that was given."""
    known = np.array([value for value in series.target if value is not None] or [1.0])
    moves = np.diff(np.log(np.abs(known) + 1e-12))[-48:]
    sigma = float(moves.std()) if len(moves) else 0.0
    tilt = float(rng(seed, "forecast", series.item_id).uniform(-0.2, 0.2)) * sigma
    steps = range(1, parameters.prediction_length + 1)

    def path(level: float) -> list[float]:
        wide = NormalDist().inv_cdf(min(max(level, 0.001), 0.999)) * sigma
        return [float(known[-1]) * math.exp(tilt * step + wide * math.sqrt(step)) for step in steps]

    levels = {str(level): path(level) for level in parameters.quantile_levels}
    return {"mean": path(0.5), **levels, "item_id": series.item_id, "start": series.start}


def error_reply(code: str, status: int, **more: Any) -> web.Response:
    """An error as the runtime words it."""
    body = {"Message": code, **more}
    return web.json_response(body, status=status, headers={"x-amzn-ErrorType": code})


def model_error(status: int, text: str) -> web.Response:
    """The container answered ``status``."""
    told = {"OriginalStatusCode": status, "OriginalMessage": text, "LogStreamArn": "arn:aws:logs:simulated"}
    return error_reply("ModelError", 424, **told)


async def show(request: web.Request) -> web.Response:
    """GET /_sagemaker: how the endpoint behaves, and what it has seen."""
    return web.json_response(asdict(request.app[ENDPOINT]))


async def change(request: web.Request) -> web.Response:
    """POST /_sagemaker with {"seconds": 0.2, "at_once_max": 8}: so it behaves from now on, and counts from 0."""
    try:
        asked = Manners.model_validate(json.loads(await request.text()))
    except (ValidationError, ValueError):
        return web.json_response({"error": 'the endpoint takes {"seconds": 0.2, "at_once_max": 8}'}, status=400)
    endpoint = request.app[ENDPOINT]
    for name, value in asdict(Endpoint(**asked.model_dump(), at_once=endpoint.at_once)).items():
        setattr(endpoint, name, value)
    return web.json_response(asdict(endpoint))


def routes() -> list[web.RouteDef]:
    """The endpoint below the provider's base."""
    return [web.post("/endpoints/{name}/invocations", invoke)]


def control_routes() -> list[web.RouteDef]:
    """The control of the endpoint; faults never hit it."""
    return [web.get("/_sagemaker", show), web.post("/_sagemaker", change)]


def _same(rows: Rows) -> Rows:
    return rows


def _changed(change_of: Callable[[list[float]], list[float]]) -> Callable[[Rows], Rows]:
    """Every path of every row, changed."""
    return lambda rows: [
        {name: change_of(value) if isinstance(value, list) else value for name, value in row.items()} for row in rows
    ]


def _crossed(rows: Rows) -> Rows:
    """Lowest and highest quantile change places at every step."""
    return [{**row, "0.1": row.get("0.9", row["mean"]), "0.9": row.get("0.1", row["mean"])} for row in rows]


SPOIL: dict[str, Callable[[Rows], Rows]] = {
    "fewer_series": lambda rows: rows[:-1],
    "fewer_steps": _changed(lambda path: path[:-1]),
    "missing_level": lambda rows: [{name: row[name] for name in row if name != "0.9"} for row in rows],
    "nan": _changed(lambda path: [math.nan, *path[1:]]),
    "crossing": _crossed,
    "absurd": _changed(lambda path: [value * 100 for value in path]),
    "shuffled": lambda rows: [*rows[1:], rows[0]],
}
