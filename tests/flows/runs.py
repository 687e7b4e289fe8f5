"""Asking the Prefect server what it recorded."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import FlowFilter, FlowFilterName, FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, TaskRun
from prefect.client.schemas.sorting import FlowRunSort

SETTLE_LIMIT_S = 60


def task_runs_of(flow_run_id: UUID, expected: int) -> list[TaskRun]:
    """The task runs of a flow run, once the server has seen as many as expected finish (events arrive late)."""
    deadline = time.monotonic() + SETTLE_LIMIT_S
    runs: list[TaskRun] = []
    with get_client(sync_client=True) as client:
        while time.monotonic() < deadline:
            runs = client.read_task_runs(
                flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[flow_run_id])), limit=200
            )
            if len(runs) >= expected and all(run.state is not None and run.state.is_final() for run in runs):
                break
            time.sleep(0.5)
    return runs


def flow_run_named(verb: str, at: datetime) -> FlowRun:
    """The newest flow run of that verb and market time."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(sort=FlowRunSort.START_TIME_DESC, limit=200)
    return next(run for run in runs if run.name == f"{verb} {at:%m-%d %H:%M}")


def number_of_runs(flow: str) -> int:
    """How many runs of a flow the server knows."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(flow_filter=FlowFilter(name=FlowFilterName(any_=[flow])), limit=200)
    return len(runs)
