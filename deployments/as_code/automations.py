"""What Prefect does by itself: answer failed runs, end dead ones, and speak when nobody watches.

A loop is impossible: the answering flow is in none of the lists of flows that are answered, and a run that an answer
started is not repeated (``tasks.remedy``). Without a webhook nothing speaks here; the watchdog outside Prefect does.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

from prefect.automations import (
    AutomationCore,
    EventTrigger,
    Posture,
    RunDeployment,
    SendNotification,
)
from prefect.client.orchestration import SyncPrefectClient

from deployments.as_code import dead_runs
from deployments.as_code.blocks import WAY_OUT, WEBHOOK
from deployments.as_code.dead_runs import BAD_ENDS
from deployments.as_code.deployed import ANALYSING, ANSWERING, NAME, of_flows
from deployments.as_code.things import Site, Thing
from flows import FLOWS

OURS = tuple(sorted(set(FLOWS) - {ANSWERING}))
UNWATCHED = timedelta(minutes=6)
"""Three schedules of monitor_positions (2 min)."""
LATE, LATE_WITHIN = 3, timedelta(minutes=15)
ADVICE = "Look at `trader doctor` and `trader positions`; what to do is in docs/runbook.md."


def things(client: SyncPrefectClient, site: Site) -> list[Thing]:
    """The automations of this site, by name."""
    made = [answer_failures(_deployment_id(client, ANSWERING)), *dead_runs.automations(site.settings.work_pool)]
    if site.settings.slack_webhook_url is not None:
        block = client.read_block_document_by_name(WAY_OUT, WEBHOOK).id
        made += [speak_of_unwatched(block, site.desk), speak_of_late(block, site.desk)]
    if site.settings.analysis == "event":
        made.append(analyse_by_event(_deployment_id(client, ANALYSING)))
    return [_thing(one) for one in made]


def answer_failures(deployment: UUID) -> AutomationCore:
    """A run of ours failed, crashed or ran out of time: say what it means, and do what is safe."""
    fields = {
        "flow_run_id": "{{ flow_run.id }}",
        "flow_name": "{{ flow.name }}",
        "state": "{{ flow_run.state.name }}",
        "message": "{{ flow_run.state.message or '' }}",
    }
    return AutomationCore(
        name="trader: answer a run that failed",
        description="Starts remediate_error for every run of ours that failed, crashed or ran out of time.",
        trigger=EventTrigger(
            expect=BAD_ENDS,
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=of_flows(OURS),
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[RunDeployment(deployment_id=deployment, parameters=_as_text(fields))],
    )


def speak_of_unwatched(block: UUID, desk: str, within: timedelta = UNWATCHED) -> AutomationCore:
    """Positions were looked at, and then no more: said once, until they are looked at again."""
    completed = {"prefect.flow-run.Completed"}
    return AutomationCore(
        name="trader: say that positions are unwatched",
        description="No run of monitor_positions completed in time after the last one that did.",
        trigger=EventTrigger(
            after=completed,
            expect=completed,
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=of_flows(("monitor_positions",)),
            for_each={"related:flow:prefect.resource.id"},  # else the clock starts with this automation, not a run
            posture=Posture.Proactive,
            threshold=1,
            within=within,
        ),
        actions=[
            SendNotification(
                block_document_id=block,
                subject=f"Positions are unwatched: no monitor_positions completed for {within.seconds // 60} minutes",
                body=f"The {desk} desk. {ADVICE}",
            )
        ],
    )


def speak_of_late(block: UUID, desk: str) -> AutomationCore:
    """Several runs waited for a worker that did not come."""
    return AutomationCore(
        name="trader: say that runs are late",
        description=f"{LATE} runs of ours were late within {LATE_WITHIN.seconds // 60} minutes: is a worker running?",
        trigger=EventTrigger(
            expect={"prefect.flow-run.Late"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related=of_flows(OURS),
            posture=Posture.Reactive,
            threshold=LATE,
            within=LATE_WITHIN,
        ),
        actions=[
            SendNotification(
                block_document_id=block,
                subject=f"{LATE} runs are late: no worker takes them",
                body=f"The {desk} desk. Is the worker of the pool running? {ADVICE}",
            )
        ],
    )


def analyse_by_event(deployment: UUID) -> AutomationCore:
    """Candles were stored and an analysis is due: start it, as the run that stored them would have."""
    fields = {name: f"{{{{ event.payload.{name} }}}}" for name in ("desk", "at", "trigger")}
    return AutomationCore(
        name="trader: analyse when candles say so",
        description="Starts analyze, which collect_prices leaves to Prefect where TRADER_ANALYSIS=event.",
        trigger=EventTrigger(
            expect={"trader.candles.collected"},
            match={"prefect.resource.id": "trader.candles.*", "trader.analysis": "due"},
            posture=Posture.Reactive,
            threshold=1,
        ),
        actions=[RunDeployment(deployment_id=deployment, parameters={**_as_text(fields), "with_orders": True})],
    )


def _as_text(templates: Mapping[str, str]) -> dict[str, Any]:
    """Templates whose values stay text: Prefect would read a bare one as JSON, and nothing as null."""
    return {name: {"__prefect_kind": "jinja", "template": text} for name, text in templates.items()}


def _deployment_id(client: SyncPrefectClient, flow: str) -> UUID:
    return client.read_deployment_by_name(f"{flow}/{NAME}").id


def _thing(wanted: AutomationCore) -> Thing:
    return Thing(
        f"automation {wanted.name!r}",
        _plain(wanted),
        lambda client: _found(client, wanted.name),
        lambda client: client.create_automation(wanted),
        lambda client: _change(client, wanted),
    )


def _plain(automation: AutomationCore) -> dict[str, Any]:
    return automation.model_dump(mode="json", include={"description", "trigger", "actions"})


def _found(client: SyncPrefectClient, name: str) -> dict[str, Any] | None:
    found = client.read_automations_by_name(name)
    return _plain(found[0]) if found else None


def _change(client: SyncPrefectClient, wanted: AutomationCore) -> None:
    """Ours again, but as switched on or off as people have it."""
    found = client.read_automations_by_name(wanted.name)[0]
    client.update_automation(found.id, wanted.model_copy(update={"enabled": found.enabled}))
