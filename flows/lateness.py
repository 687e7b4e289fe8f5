"""Late runs: the first one that starts does the work, and those that wait behind it are cancelled.

``on_running=CATCHING_UP`` on a flow whose run of now does what each missed run would do. Not on two:
``report_daily`` reports the day of its own schedule, so each missed one runs; ``execute_orders`` carries out what is on
the queue, ten messages a run, so each run helps, and what is too old is refused by its own expiry.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType
from prefect.flows import FlowStateHook
from prefect.runtime import flow_run as this_run
from prefect.states import Cancelled

from trading.lateness import LATE_AFTER, Due, in_words, late_by, overtaken

log = logging.getLogger("trader.lateness")

PAGE = 200
"""As many runs as the server gives at once; a later late run takes the rest."""


def cancel_overtaken(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:  # noqa: ARG001 (a hook)
    """Cancel the due runs of the same deployment that wait, when this one starts late. Never stops the run itself."""
    now = datetime.now(UTC)
    mine = _due(flow_run)
    if flow_run.deployment_id is None or not mine.scheduled or late_by(mine.at, now) < LATE_AFTER:
        return
    try:
        with get_client(sync_client=True) as client:
            waiting = _waiting(client, flow_run, now)
            for one in overtaken(mine, [_due(other) for other in waiting], now):
                _cancel(client, one, in_words(mine, one, now))
    except Exception as error:  # noqa: BLE001 (tidying up must not keep a position from being watched)
        log.warning("runs that wait could not be cancelled: %s: %s", type(error).__name__, error)


CATCHING_UP: list[FlowStateHook[..., Any]] = [cancel_overtaken]
"""The hook of flows that catch up: ``on_running``."""


def own_lateness() -> timedelta:
    """By how much the run that asks is behind its schedule; nothing for a run that nobody scheduled."""
    at = this_run.scheduled_start_time
    return late_by(at, datetime.now(UTC)) if isinstance(at, datetime) else timedelta(0)


def _due(run: FlowRun) -> Due:
    at = run.expected_start_time or datetime.now(UTC)
    return Due(str(run.id), at, bool(run.auto_scheduled), run.parameters)


def _waiting(client: SyncPrefectClient, run: FlowRun, now: datetime) -> list[FlowRun]:
    """The runs of this deployment that are due and have not begun."""
    return client.read_flow_runs(
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[run.deployment_id])),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=now),
        ),
        limit=PAGE,
    )


def _cancel(client: SyncPrefectClient, one: Due, why: str) -> None:
    client.set_flow_run_state(UUID(one.run_id), Cancelled(message=why))
