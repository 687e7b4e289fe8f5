"""The forecast of an analysis: by which model, seen where, and what happens when a model fails."""

from __future__ import annotations

import json
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import MagicMock

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import LogFilter, LogFilterTaskRunId

from blocks.desk import Desk, open_desk
from deployments.embedded import World
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from tasks import judge
from tests.flows.conftest import Seen
from tests.flows.runs import flow_run_named, task_runs_of
from trading.services.decide import Analysis
from trading.signals.forecast import MOMENTUM, ForecastSignal

SHIPPED, ENDPOINT = "chronos-2-small", "chronos-2-test"
NOON = datetime(2024, 3, 5, 12, tzinfo=UTC)


@pytest.fixture
def endpoint(world: World, desk: Desk, monkeypatch: pytest.MonkeyPatch) -> World:
    """The desk has a SageMaker endpoint: our own model server, which has seen nothing yet."""
    del desk
    monkeypatch.setenv("TRADER_SAGEMAKER_ENDPOINT", ENDPOINT)
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"{world.simulator_url}/sagemaker")
    counted(world, {"seconds": 0.0, "at_once_max": 8})
    return world


def counted(world: World, change: dict[str, Any] | None = None) -> dict[str, Any]:
    """What the model server has seen; with ``change`` it counts from 0."""
    body = None if change is None else json.dumps(change).encode()
    with urllib.request.urlopen(f"{world.simulator_url}/_sagemaker", body, timeout=10) as reply:  # noqa: S310
        found: dict[str, Any] = json.load(reply)
        return found


def analysed(world: World) -> Analysis:
    """One analysis, of candles that are there."""
    found = collect_prices(desk="embedded", at=world.now()).analysis
    assert found is not None
    return found


def forecasts(analysis: Analysis) -> list[dict[str, Any]]:
    return [dict(row["forecast"]) for row in analysis.rows]


def test_every_forecast_is_the_shipped_models_with_its_quantiles(seen: Seen) -> None:
    """Without an endpoint the model that is shipped speaks for all pairs: twelve steps of three sorted quantiles."""
    for one in forecasts(seen.analysis):
        assert (one["model"], one["fallback_reason"]) == (SHIPPED, None)
        steps = list(zip(one["q10"], one["q50"], one["q90"], strict=True))
        assert len(steps) == seen.desk.strategy.forecast_steps
        assert all(0 < low <= middle <= high for low, middle, high in steps)


def test_a_forecasts_task_run_says_model_and_quantiles(seen: Seen) -> None:
    """In the log of each pair's own task run a person reads who forecast, and where the hour may end."""
    every = task_runs_of(flow_run_named("analyze", seen.at).id, expected=24)
    runs = [one for one in every if one.name.startswith("forecast-")]
    assert len(runs) == len(seen.desk.pairs)
    with get_client(sync_client=True) as client:
        for run in runs:
            lines = client.read_logs(LogFilter(task_run_id=LogFilterTaskRunId(any_=[run.id])))
            assert any(f"{SHIPPED}: q10 / q50 / q90 at the last step" in line.message for line in lines)


def test_six_pairs_are_one_request_of_the_endpoint(endpoint: World) -> None:
    """Six task runs, each visible, one invocation of six series; every pair has its own answer."""
    found = forecasts(analysed(endpoint))
    assert {one["model"] for one in found} == {ENDPOINT}
    assert {one["fallback_reason"] for one in found} == {None}
    assert len({tuple(one["q50"]) for one in found}) == len(found)
    told = counted(endpoint)
    assert (told["invocations"], told["series"]) == (1, len(found))


FAULTS = ("model_error", "nan", "fewer_series", "fewer_steps", "missing_level", "absurd", "html")
TWO = ("btc_usdt", "eth_usdt")
"""Pairs enough for an answer to be short of one; what all six do is shown above."""


def test_an_endpoint_that_fails_is_a_recorded_fallback(endpoint: World) -> None:
    """Whatever it does, each pair it failed for is forecast by the model of this machine, with the reason."""
    analysed(endpoint)
    for kind in FAULTS:
        endpoint.clear_faults()
        endpoint.faults([{"target": "sagemaker", "kind": kind, "times": 100}])
        endpoint.step_to(endpoint.now() + timedelta(seconds=1))
        found = forecasts(analyze(desk="embedded", at=endpoint.now(), pairs=list(TWO), with_orders=False))
        assert {one["model"] for one in found} <= {SHIPPED, ENDPOINT}, kind
        assert any(one["model"] == SHIPPED for one in found), kind
        for one in found:
            assert (one["model"] == SHIPPED) == bool(one["fallback_reason"]), kind
            assert one["fallback_reason"] is None or one["fallback_reason"].startswith("sagemaker: "), kind


def test_when_no_model_answers_momentum_stands_in_for_both_reasons(
    endpoint: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An endpoint in error and a model file that is not there: both are named, and confidence is low."""
    monkeypatch.setenv("TRADER_FORECAST_MODEL", "nowhere/model.onnx")
    endpoint.faults([{"target": "sagemaker", "kind": "model_error", "times": 100}])
    for one in forecasts(analysed(endpoint)):
        assert one["model"] == MOMENTUM
        assert "sagemaker: " in one["fallback_reason"]
        assert "local: " in one["fallback_reason"]
        assert one["confidence"] == pytest.approx(0.1)


@pytest.mark.parametrize(("note", "level"), [("not kept: throttled", "WARNING"), ("", "INFO")])
def test_a_forecast_that_is_not_kept_is_a_warning(
    note: str, level: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Its line in the log says so, as a warning; one that was kept is a plain line."""
    signal = ForecastSignal(0.1, 0.9, SHIPPED, None, 0.1, note=note)
    monkeypatch.setattr(judge, "open_desk", lambda _: MagicMock())
    monkeypatch.setattr("trading.services.judge.kept_forecast", lambda *_: signal)
    with caplog.at_level("INFO", "trader.tasks"):
        assert judge.forecast.fn("any", "btc_usdt", NOON, MagicMock()) is signal
    (line,) = [one for one in caplog.records if one.name == "trader.tasks"]
    assert (line.levelname, line.getMessage().endswith(f"; {note}")) == (level, bool(note))


def test_forecasts_are_settled_by_what_came_and_weigh_what_they_earned(world: World, desk: Desk) -> None:
    """An hour later each forecast has its twelve outcomes; with so few, the weight is 0 and the decision says why."""
    analysed(world)
    began = world.now()
    world.step_to(world.now() + timedelta(minutes=70))
    collect_prices(desk="embedded", at=world.now())
    world.step_to(world.now() + timedelta(seconds=1))
    last = analyze(desk="embedded", at=world.now())
    weights = {row["forecast_weight"]["weight"] for row in last.rows}
    whys = {row["forecast_weight"]["why"] for row in last.rows}
    assert weights == {0.0}
    assert any(f"forecasts of {SHIPPED}, skill" in why and "are needed" in why for why in whys)
    room = open_desk(desk.name)
    for pair in room.pairs:
        past = room.forecasts.settled(pair.key, began - timedelta(hours=1), world.now())
        assert past
        assert all(one.outcome and len(one.outcome) == room.strategy.forecast_steps for one in past)
