"""A Chronos-2 container behind a SageMaker endpoint, serverless or not.

Source: the InvokeEndpoint API, the Chronos-2 container's request and reply (amazon-science notebook, June 2026), and
"Serverless endpoints": an answer comes within 60 s, a cold start included.
"""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from tenacity import Retrying, retry_if_exception, stop_after_attempt, stop_after_delay, wait_random_exponential
from tenacity.wait import wait_base
from urllib3.exceptions import HTTPError

from adapters.aws import open_client
from adapters.aws_errors import Meaning, meaning
from adapters.forecast.budget import Budget
from adapters.forecast.model import Answer
from trading.errors import BadInput, Halt, Rejected, TradingError, Transient
from trading.signals.outlook import LEVELS, Quantiles, Series, checked

ENDPOINT_S_MAX, READ_TIMEOUT_S = 60, 70
"""When the endpoint gives up, and when we do: who waits less pays for answers that nobody reads."""
CALL_S_MAX, GAP_S_MAX = 75, 5
"""How long one request may take in all, and how long an answer may pause once it has begun."""
TRIES, BEGIN_S_MAX, PAUSE_S_MAX = 4, 60, 8
"""Requests of one call, how long after the first another may begin, and the longest pause before it."""
JITTER = wait_random_exponential(multiplier=0.5, max=PAUSE_S_MAX)
ANSWER_BYTES_MAX = 6_291_456
"""What an endpoint may answer at most."""
TOLD = re.compile(r"[\w.@-]{1,80}", re.ASCII)
"""What a container may call its model: a name and a digest."""

RETRIED = frozenset({
    "ServiceUnavailable", "ServiceUnavailableException", "InternalFailure", "InternalFailureException",
    "InternalDependencyException", "ModelNotReadyException", "ThrottlingException",
})  # fmt: skip
UNREACHED = frozenset({
    "ConnectTimeoutError", "EndpointConnectionError", "ProxyConnectionError", "ConnectionClosedError",
})  # fmt: skip


def open_runtime(read_timeout_s: float = READ_TIMEOUT_S) -> Any:
    """The ``sagemaker-runtime`` client, which never retries by itself. No request is made. Raises BadInput."""
    return open_client("sagemaker-runtime", attempts=1, read_timeout_s=read_timeout_s)


class SageMakerModel:
    """A QuantileModel at an endpoint, safe for many threads. Its name is the endpoint's.

    An answer that says which model gave it (``model``, beside ``predictions``, as our own container does) bears the
    name ``<endpoint>/<model>``: what is deployed there next does not go on with the record of what was.

    budget  shared by all runs of all machines; without one nothing limits us but the endpoint.
    """

    kind = "sagemaker"

    def __init__(
        self,
        endpoint: str,
        client: Any = None,
        budget: Budget | None = None,
        pauses: wait_base = JITTER,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoint = endpoint
        self._client = client or open_runtime()
        self._budget, self._pauses, self._monotonic = budget, pauses, monotonic

    @property
    def name(self) -> str:
        """The endpoint: which model it runs is the deployment's to say."""
        return self._endpoint

    def predict(self, asked: Sequence[Series], steps: int) -> list[Answer]:
        """One answer or one error per series, in their order, out of one request at the endpoint."""
        try:
            told, rows = _predictions(self._answer(request_body(asked, steps)), len(asked))
        except TradingError as error:
            return [error] * len(asked)
        by = f"{self._endpoint}/{told}" if told else ""
        return [_of_row(row, series, steps, by) for row, series in zip(rows, asked, strict=True)]

    def _answer(self, body: bytes) -> bytes:
        """The endpoint's answer, asked for again while it is only busy or out of reach, within one place."""
        tries = Retrying(
            retry=retry_if_exception(passes),
            stop=stop_after_attempt(TRIES) | stop_after_delay(BEGIN_S_MAX),
            wait=self._pauses,
            reraise=True,
        )
        place: AbstractContextManager[Any] = nullcontext() if self._budget is None else self._budget.place()
        with place:
            try:
                return tries(self._invoke, body)
            except TradingError:
                raise
            except (BotoCoreError, ClientError) as error:
                raise _ours(error, tries.statistics.get("attempt_number", 1)) from None
            except HTTPError as error:  # urllib3's, when the body of an error breaks off
                raise Transient(f"{type(error).__name__}, the answer broke off") from None
            except Exception as error:  # botocore's reader trips over error bodies such as [] or bytes that are no text
                raise BadInput(f"{type(error).__name__}, the answer cannot be read; who answers there?") from error

    def _invoke(self, body: bytes) -> bytes:
        until_s = self._monotonic() + CALL_S_MAX
        reply = self._client.invoke_endpoint(
            EndpointName=self._endpoint, ContentType="application/json", Accept="application/json", Body=body
        )
        return self._whole(reply["Body"], until_s)

    def _whole(self, stream: Any, until_s: float) -> bytes:
        """The answer, read to its end. Raises Transient when it does not end in time, BadInput when it is too large.

        One byte a time: a larger read is only over when it is full, however slowly it trickles in. An answer has a few
        thousand, and what has arrived lies in a buffer.
        """
        with suppress(AttributeError):  # a stream without a socket cannot pause
            stream.set_socket_timeout(GAP_S_MAX)
        answer = bytearray()
        while piece := stream.read(1):
            answer += piece
            if len(answer) > ANSWER_BYTES_MAX:
                raise BadInput("the answer is larger than any endpoint's may be")
            if self._monotonic() > until_s:
                raise Transient(f"the answer did not end within {CALL_S_MAX} s")
        return bytes(answer)


def request_body(asked: Sequence[Series], steps: int) -> bytes:
    """The container's request: a slot without a candle is null."""
    inputs = [
        {
            "target": [None if math.isnan(value) else value for value in series.values],
            "item_id": series.pair,
            "start": f"{series.starts_at:%Y-%m-%dT%H:%M:%S}",
        }
        for series in asked
    ]
    parameters = {"prediction_length": steps, "quantile_levels": list(LEVELS), "freq": "5min", "cross_learning": False}
    return json.dumps({"inputs": inputs, "parameters": parameters}, allow_nan=False).encode()


def passes(error: BaseException) -> bool:
    """Whether the same request may go through a moment later.

    A time-out is not repeated: the endpoint has 60 s and had 70, and another wait would hold up the whole analysis.
    """
    if isinstance(error, ClientError):
        return _code(error) in RETRIED or (_code(error) != "ModelError" and _status(error) in {429, 502, 503, 504})
    return isinstance(error, BotoCoreError) and type(error).__name__ in UNREACHED


def _ours(error: BotoCoreError | ClientError, tries: int) -> TradingError:
    """The error in our words, without AWS's own, which may quote a request."""
    said = _code(error) if isinstance(error, ClientError) else type(error).__name__
    if passes(error):
        return Transient(f"{said} after {tries} tries")
    if said == "ModelError":
        status = error.response.get("OriginalStatusCode", "no status") if isinstance(error, ClientError) else ""
        return Rejected(f"ModelError, the model itself answered {status}; see the endpoint's log")
    if meaning(error) is Meaning.IDENTITY:
        return Halt(f"AWS does not accept our credentials or permissions ({said}); check them")
    if meaning(error) in {Meaning.NOT_DONE, Meaning.LOST}:
        return Transient(f"{said}, no answer to be had")
    return Halt(f"{said}; check the endpoint's name and the request")


def _predictions(answer: bytes, count: int) -> tuple[str, list[object]]:
    """Which model answered, empty when it does not say, and its rows, one per series. Raises BadInput."""
    try:
        read = json.loads(answer)
    except (ValueError, RecursionError):
        raise BadInput("the answer is not JSON; something else than the model answered") from None
    rows = read.get("predictions") if isinstance(read, dict) else None
    if not isinstance(rows, list) or len(rows) != count:
        has = len(rows) if isinstance(rows, list) else "no"
        raise BadInput(f"the answer has {has} predictions for {count} series")
    told = read.get("model")
    return told if isinstance(told, str) and TOLD.fullmatch(told) else "", rows


def _of_row(row: object, series: Series, steps: int, by: str) -> Answer:
    try:
        return replace(_quantiles(row, series, steps), by=by)
    except TradingError as error:
        return error


def _quantiles(row: object, series: Series, steps: int) -> Quantiles:
    """The quantiles of one row. Raises BadInput, also for a row that says it is about another pair."""
    if not isinstance(row, Mapping):
        raise BadInput("a prediction is not an object")
    if row.get("item_id", series.pair) != series.pair:
        raise BadInput("the answer is about another pair")
    paths = [row.get(str(level)) for level in LEVELS]
    if not all(isinstance(path, list) for path in paths):
        raise BadInput(f"the answer lacks one of the levels {', '.join(map(str, LEVELS))}")
    return checked([path for path in paths if isinstance(path, list)], steps)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "no code"))


def _status(error: ClientError) -> int:
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
