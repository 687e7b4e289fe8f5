"""Runs whose process is gone are ended: a dead run would hold the place of its flow, and every next one be cancelled.

A worker's run tells that it lives every ``BEAT_S`` (``deployments.prefect_server.RUNS``). One that dies before its
first word, while Python still imports, says nothing that could be missed: so the clock starts with Pending. Runs that
no worker started (a command, a function, a flow inside another one) hold no place, and beat as Prefect has it or not at
all; they get time.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from prefect.automations import AutomationCore, ChangeFlowRunState, EventTrigger, Posture
from prefect.client.schemas.objects import StateType

from deployments.as_code.deployed import of_flows
from deployments.prefect_server import BEAT_S
from flows import FLOWS

BAD_ENDS = {f"prefect.flow-run.{name}" for name in ("Failed", "Crashed", "TimedOut")}
ENDS = BAD_ENDS | {f"prefect.flow-run.{name}" for name in ("Completed", "Cancelled")}
"""Cancelling is none: of a dead run it would be the last word, and hold its place for the whole lease."""
AT_REST = {f"prefect.flow-run.{name}" for name in ("Suspended", "Paused", "AwaitingRetry")}
"""Silent by intention."""
BEAT = "prefect.flow-run.heartbeat"
TAKEN = {"prefect.flow-run.Pending", "prefect.flow-run.pull-step.executed"}
"""A worker took it; its process is there. Of a run that is taken within 5 minutes of its making, as after a deploy, the
first is looked at 15 minutes late: Prefect waits for the event of its making, which a schedule does not send."""
OF_A_WORKER = {"prefect.resource.role": "work-pool"}

SILENT = timedelta(seconds=3 * BEAT_S)
"""Three heartbeats."""
BEGINS = {"process": timedelta(minutes=2), "ecs": timedelta(minutes=5), "ecs:push": timedelta(minutes=5)}
"""How long a run may take from being taken to its first heartbeat: a process imports, a container comes first."""
ANY = timedelta(minutes=10)
"""Three of Prefect's own heartbeats (180 s), and some."""


def automations(pool: str) -> list[AutomationCore]:
    """What ends dead runs where the work pool is of this type."""
    return [
        _ending("trader: end a run whose process is gone", {BEAT}, SILENT, "No heartbeat", OF_A_WORKER),
        _ending("trader: end a run that never began", TAKEN, BEGINS[pool], "Taken, and no heartbeat", OF_A_WORKER),
        _ending("trader: end a run that fell silent, whoever started it", {BEAT}, ANY, "No heartbeat"),
    ]


def _ending(name: str, after: set[str], within: timedelta, words: str, *also: dict[str, Any]) -> AutomationCore:
    told = f"{words} for {within.total_seconds():.0f} s: the process is gone."
    return AutomationCore(
        name=name,
        description=f"{told} Crashed, it holds no concurrency slot any more.",
        trigger=EventTrigger(
            after=after,
            expect={BEAT, *ENDS, *AT_REST},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=[of_flows(FLOWS), *also],
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=within,
        ),
        actions=[ChangeFlowRunState(state=StateType.CRASHED, message=told)],
    )
