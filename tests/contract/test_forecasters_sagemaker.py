"""The SageMaker forecaster through real boto3, against our model server: every fault is a fallback that says why."""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest
from botocore.response import StreamingBody
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import wait_none

from adapters.forecast.chain import ForecastChain
from adapters.forecast.coalesce import Coalesced
from adapters.forecast.model import ModelForecaster
from adapters.forecast.momentum import MomentumForecaster
from adapters.forecast.sagemaker import TRIES, SageMakerModel, open_runtime, request_body
from tests.contract.worlds import World, open_world
from tests.unit.forecast_models import series
from trading.candles import frame
from trading.errors import Halt, TradingError
from trading.pairs import parse_pairs
from trading.signals.forecast import MOMENTUM
from trading.signals.outlook import Quantiles, Series
from trading.strategy import Strategy

PAIRS, S = parse_pairs(None), Strategy()
START = datetime(2026, 1, 5, tzinfo=UTC)
ENDPOINT = "chronos-2-test"
PRICES = {pair.key: 100.0 * (1 + number) for number, pair in enumerate(PAIRS)}


class Counted:
    def __init__(self) -> None:
        self.counts: list[Any] = []

    def count(self, *given: Any) -> bool:
        self.counts.append(given)
        return True


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    with open_world(seed=5) as world:
        yield world


@pytest.fixture
def world(served: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """The model server, calm, its counts at 0, and boto3 pointed at it as an operator would."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{served.url}/sagemaker")
    served.calm()
    httpx.post(f"{served.url}/_sagemaker", json={}, timeout=10).raise_for_status()
    return served


def seen(world: World) -> Any:
    return httpx.get(f"{world.url}/_sagemaker", timeout=10).json()


def model(**options: Any) -> SageMakerModel:
    return SageMakerModel(ENDPOINT, open_runtime(**options), pauses=wait_none())


def candles(pair: str) -> Any:
    """A day and more of candles around the pair's own price, three of them missing."""
    walk = PRICES[pair] * np.exp(np.random.default_rng(3).normal(0, 1e-3, 400).cumsum())
    rows = [(START + timedelta(minutes=5 * n), *([float(price)] * 4), 1.0) for n, price in enumerate(walk)]
    return frame([row for n, row in enumerate(rows) if n not in {200, 201, 300}])


def near(signal: Any, pair: str) -> bool:
    """Whether all quantiles belong to this pair's price and to no other's."""
    last = float(candles(pair)["close"].iloc[-1])
    return all(abs(value / last - 1) < 0.1 for value in (*signal.q10, *signal.q50, *signal.q90))


def test_six_pairs_at_once_are_one_invocation(world: World) -> None:
    """Six threads forecast a pair each: one invocation with six series, six answers that are each their own."""
    chain = ForecastChain([ModelForecaster(Coalesced(model(), most=6))], MomentumForecaster(), Counted())
    with ThreadPoolExecutor(6) as pool:
        signals = list(pool.map(lambda pair: chain.forecast(pair, candles(pair.key), S), PAIRS))
    assert (seen(world)["invocations"], seen(world)["series"]) == (1, 6)
    assert {signal.model for signal in signals} == {ENDPOINT}
    assert all(near(signal, pair.key) for signal, pair in zip(signals, PAIRS, strict=True))
    assert {len(signal.q50) for signal in signals} == {S.forecast_steps}


THROTTLED = f"ThrottlingException after {TRIES} tries"
WRONG = {
    "model_error": "ModelError, the model itself answered 500",
    "429": THROTTLED,
    "not_ready": f"ModelNotReadyException after {TRIES} tries",
    "5xx": f"503 after {TRIES} tries",
    "reset": f"ConnectionClosedError after {TRIES} tries",
    "lost_reply": f"ConnectionClosedError after {TRIES} tries",
    "html": "the answer is not JSON",
    "truncated": "the answer is not JSON",
    "fewer_series": "the answer has 0 predictions for 1 series",
    "fewer_steps": "the forecast has 11 and 11 and 11 steps, not 12",
    "missing_level": "the answer lacks one of the levels",
    "nan": "the forecast holds nan",
    "absurd": "out of all reason",
}


@pytest.mark.parametrize("kind", sorted(WRONG))
def test_every_fault_is_a_fallback_that_says_why(world: World, kind: str) -> None:
    """A broken endpoint never raises and never gives a number: momentum answers, the reason is recorded and counted."""
    world.fault(target="sagemaker", kind=kind, times=None)
    counted = Counted()
    chain = ForecastChain([ModelForecaster(model())], MomentumForecaster(), counted)
    signal = chain.forecast(PAIRS[0], candles(PAIRS[0].key), S)
    assert (signal.model, signal.q50) == (MOMENTUM, ())
    assert signal.fallback_reason is not None
    assert signal.fallback_reason.startswith("sagemaker: ")
    assert WRONG[kind] in signal.fallback_reason
    assert len(counted.counts) == 1


@pytest.mark.parametrize("kind", ["429", "not_ready", "5xx", "reset"])
def test_what_passes_is_tried_again(world: World, kind: str) -> None:
    """An endpoint that is busy or out of reach for a moment answers in the end, and nothing is a fallback."""
    world.fault(target="sagemaker", kind=kind, times=TRIES - 1)
    signal = ModelForecaster(model()).forecast(PAIRS[0], candles(PAIRS[0].key), S)
    assert (signal.model, signal.fallback_reason) == (ENDPOINT, None)


@pytest.mark.parametrize("kind", ["model_error", "html", "nan"])
def test_what_stays_wrong_is_asked_once(world: World, kind: str) -> None:
    """The model's own error and its wrong answers are not asked for again: the same request would fail the same way."""
    world.fault(target="sagemaker", kind=kind, times=None)
    with pytest.raises(TradingError):
        ModelForecaster(model()).forecast(PAIRS[0], candles(PAIRS[0].key), S)
    assert httpx.get(f"{world.url}/_faults", timeout=10).json()[0]["fired"] == 1


def test_an_endpoint_that_does_not_answer_is_given_up(world: World) -> None:
    """A stalled answer is waited for once, as long as the read time-out says, and the reason tells of it."""
    world.fault(target="sagemaker", kind="latency", seconds=0.6, times=None)
    (answer,) = model(read_timeout_s=0.2).predict([series("p0")], 12)
    assert str(answer) == "ReadTimeoutError, no answer to be had"
    assert httpx.get(f"{world.url}/_faults", timeout=10).json()[0]["fired"] == 1


def test_quantiles_that_cross_are_sorted(world: World) -> None:
    """A model whose quantiles cross gives the very forecast that it gives when they do not."""
    straight = ModelForecaster(model()).forecast(PAIRS[0], candles(PAIRS[0].key), S)
    world.fault(target="sagemaker", kind="crossing")
    assert ModelForecaster(model()).forecast(PAIRS[0], candles(PAIRS[0].key), S) == straight
    assert all(low < high for low, high in zip(straight.q10, straight.q90, strict=True))


def test_answers_in_another_order_reach_nobody(world: World) -> None:
    """Rows that come back for other pairs than they were asked for are refused, not handed to the wrong pair."""
    world.fault(target="sagemaker", kind="shuffled")
    found = model().predict([series("p0", 10.0), series("p1", 11.0)], 12)
    assert [str(one) for one in found] == ["the answer is about another pair"] * 2


def test_one_bad_row_is_one_pairs_error(world: World) -> None:
    """Of three rows the middle one is unusable: its pair gets the error, the others get their forecasts."""
    found = _answering(json.dumps({"predictions": [_row(), {**_row(), "0.1": [math.nan] * 12}, _row()]}).encode())
    assert [type(one).__name__ for one in found.predict([series(f"p{n}") for n in range(3)], 12)] == [
        "Quantiles", "BadInput", "Quantiles",
    ]  # fmt: skip


def test_refused_credentials_need_a_person_and_show_nothing(world: World) -> None:
    """A credential error is a Halt that quotes neither the key nor the signed request."""
    world.fault(target="sagemaker", kind="status", status=403)
    (answer,) = model().predict([series("p0")], 12)
    assert isinstance(answer, Halt)
    assert "testing" not in str(answer)


def test_the_request_is_the_containers(world: World) -> None:
    """Missing slots travel as null, never as NaN, with the ids, the start, the steps and the levels that are asked."""
    given_ = Series("btc_usdt", START, (math.nan, 1.5), 1.5)
    assert json.loads(request_body([given_], 12)) == {
        "inputs": [{"target": [None, 1.5], "item_id": "btc_usdt", "start": "2026-01-05T00:00:00"}],
        "parameters": {
            "prediction_length": 12, "quantile_levels": [0.1, 0.5, 0.9], "freq": "5min", "cross_learning": False,
        },
    }  # fmt: skip


# ------------------------------------------------------------------------------------------------------------ fuzzed


def _row(**changed: Any) -> dict[str, Any]:
    return {"mean": [100.0] * 12, "0.1": [99.0] * 12, "0.5": [100.0] * 12, "0.9": [101.0] * 12, **changed}


def _answering(body: bytes) -> SageMakerModel:
    """The adapter with a client that answers this."""

    class Client:
        def invoke_endpoint(self, **_: Any) -> Any:
            return {"Body": StreamingBody(io.BytesIO(body), len(body))}

    return SageMakerModel(ENDPOINT, Client(), pauses=wait_none())


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ("chronos-2@0123abcd", f"{ENDPOINT}/chronos-2@0123abcd"),
        *((odd, ENDPOINT) for odd in ("", None, 7, ["x"], {"name": "x"}, "a b", "a/b", "x" * 81, "a\n")),
    ],
)
def test_a_forecast_bears_the_name_of_who_gave_it(told: Any, name: str) -> None:
    """The endpoint's name and the model's that it tells; where it tells none, or something odd, only the first."""
    body = json.dumps({"predictions": [_row()], "model": told}).encode()
    signal = ModelForecaster(Coalesced(_answering(body), most=1)).forecast(PAIRS[0], candles_at_100(), S)
    assert signal.model == name


def candles_at_100() -> Any:
    """A day and more at one price."""
    return frame([(START + timedelta(minutes=5 * n), *([100.0] * 4), 1.0) for n in range(400)])


numbers = st.one_of(st.floats(), st.integers(-(10**400), 10**400), st.floats(90, 110))
junk = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text(max_size=5)),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=3), inner, max_size=3)),
    max_leaves=8,
)
paths = st.one_of(
    junk, st.lists(numbers, min_size=11, max_size=13), st.lists(st.floats(50, 200), min_size=12, max_size=12)
)
rows = st.one_of(
    junk,
    st.fixed_dictionaries(
        {"0.1": paths, "0.5": paths, "0.9": paths}, optional={"item_id": st.sampled_from(["p0", "x", 1])}
    ),
)
prices = st.lists(st.floats(50, 200), min_size=12, max_size=12)
answers = st.one_of(
    st.fixed_dictionaries({"0.1": prices, "0.5": prices, "0.9": prices}).map(
        lambda row: json.dumps({"predictions": [row]}).encode()
    ),
    st.binary(max_size=200),
    junk.map(lambda read: json.dumps(read).encode()),
    st.lists(rows, max_size=2).map(lambda found: json.dumps({"predictions": found}).encode()),
    st.fixed_dictionaries({"0.1": paths, "0.5": paths, "0.9": paths}).map(
        lambda row: json.dumps({"predictions": [row]}).encode()
    ),
    st.integers(1, 3000).map(lambda depth: b"[" * depth),
)


@settings(max_examples=400)
@given(answers)
def test_no_answer_whatever_makes_a_wrong_number(body: bytes) -> None:
    """Whatever an endpoint answers, the pair gets one error of ours, or sorted prices that stood in the answer."""
    (answer,) = _answering(body).predict([series("p0")], 12)
    if isinstance(answer, TradingError):
        assert len(str(answer)) < 200
        return
    assert isinstance(answer, Quantiles)
    (row,) = json.loads(body)["predictions"]
    told = list(zip(*(map(float, row[level]) for level in ("0.1", "0.5", "0.9")), strict=True))
    assert list(zip(answer.q10, answer.q50, answer.q90, strict=True)) == [tuple(sorted(step)) for step in told]
    assert all(0 < value < math.inf for value in (*answer.q10, *answer.q50, *answer.q90))
