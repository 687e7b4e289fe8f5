"""Deploying from the one file, and runs that a worker carries out, on a fresh server."""

from __future__ import annotations

import json
from typing import Any

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId

from deployments.processes import Child
from flows import FLOWS
from tests.operations.conftest import Operated

pytestmark = pytest.mark.timeout(900)


def deployed(operated: Operated) -> dict[str, dict[str, Any]]:
    """What the server has, by flow: its id, schedules, limit and strategy; not whether a schedule is paused.

    Prefect starts a schedule again that was paused when its flow is deployed again.
    """
    with operated.client() as client:
        flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
        return {
            flows[one.flow_id]: {
                "id": str(one.id),
                "name": one.name,
                "schedules": [(str(s.id), s.slug, s.schedule.model_dump(mode="json")) for s in one.schedules],
                "limit": one.global_concurrency_limit.limit,
                "strategy": str(one.concurrency_options.collision_strategy.value),
                "version": one.version,
                "queue": one.work_queue_name,
            }
            for one in client.read_deployments()
        }


def automated(operated: Operated) -> list[str]:
    """The names of the automations there are."""
    with operated.client() as client:
        replies = client.request("POST", "/automations/filter").json()
    return sorted(one["name"] for one in replies)


def test_deploying_again_changes_nothing(operated: Operated) -> None:
    """Every flow is deployed once; deploying all again keeps every id, schedule and limit, and adds no automation."""
    before, automations = deployed(operated), automated(operated)
    operated.prefect("deploy", "--all")
    after = deployed(operated)
    operated.pause_all()
    assert set(before) == set(FLOWS)
    assert after == before
    assert automated(operated) == automations


def test_one_flow_is_deployed_by_its_name(operated: Operated) -> None:
    """`prefect deploy -n analyze/trader` deploys that flow and leaves the others as they are."""
    before = deployed(operated)
    said = operated.prefect("deploy", "--name", "analyze/trader").stdout
    assert said.count("successfully created") == 1
    assert "analyze/trader" in said
    assert deployed(operated) | {"analyze": before["analyze"]} == before


def test_an_analysis_that_a_person_asks_for_completes(operated: Operated, worker: Child) -> None:
    """`prefect deployment run` with other parameters completes through a process worker, with its mapped tasks."""
    pairs = ["btc_usdt", "eth_usdt"]
    asked = ("analyze/trader", "--param", f"pairs={json.dumps(pairs)}", "--param", 'trigger="a test asks"')
    operated.prefect("deployment", "run", *asked, "--watch")
    with operated.client() as client:
        run = next(one for one in client.read_flow_runs(limit=20) if one.parameters.get("trigger") == "a test asks")
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    assert run.parameters["pairs"] == pairs
    assert run.state_name == "Completed"
    assert {pair for pair in pairs if sum(pair in one.name for one in tasks) >= 3} == set(pairs)
