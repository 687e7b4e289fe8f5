"""What people turned in Prefect, so that deploying again leaves it so: Prefect itself resumes whatever it deploys.

A file of deployments cannot say "as it is", but schedules that are inactive stay so. So what is paused has its
schedules switched off before it is deployed, and is paused again, with its schedules on, when the command ends. Nothing
runs in between, and a command that dies leaves it stopped.
"""

from __future__ import annotations

import atexit
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import DeploymentFilter, DeploymentFilterName

from deployments.as_code.deployed import NAME

TRIGGER = "an order was queued"
"""The automation that prefect.yaml declares; each deploy makes it anew, switched on unless it is told otherwise."""


def ours(client: Any) -> list[Any]:
    """Our deployments as the server has them."""
    of_ours = DeploymentFilter(name=DeploymentFilterName(any_=[NAME]))
    return list(client.read_deployments(deployment_filter=of_ours))


def desks(there: Iterable[Any]) -> set[str]:
    """The desks that deployments run, by their parameter and by their tag."""
    deployments = list(there)
    told = {str(one.parameters["desk"]) for one in deployments if "desk" in (one.parameters or {})}
    tags = {tag.removeprefix("desk:") for one in deployments for tag in one.tags or () if tag.startswith("desk:")}
    return told | tags


def trigger_on(client: Any) -> bool:
    """Whether the trigger is switched on; so it begins."""
    return all(one.enabled for one in client.read_automations_by_name(TRIGGER))


def hold(client: Any) -> dict[UUID, list[UUID]]:
    """Switch off the schedules of what is paused; deployment -> the schedules that were on."""
    held: dict[UUID, list[UUID]] = {}
    for one in ours(client):
        if one.paused:
            held[one.id] = [schedule.id for schedule in one.schedules if schedule.active]
            for schedule in held[one.id]:
                client.update_deployment_schedule(one.id, schedule, active=False)
    return held


def give_back(client: Any, held: dict[UUID, list[UUID]]) -> None:
    """Pause again what was paused, and only then switch its schedules on."""
    for deployment, schedules in held.items():
        client.pause_deployment(deployment)
        there = {schedule.id for schedule in client.read_deployment(deployment).schedules}
        for schedule in there & set(schedules):
            client.update_deployment_schedule(deployment, schedule, active=True)


def keep_pauses() -> None:
    """Hold what is paused until this process ends."""
    with get_client(sync_client=True) as client:
        held = hold(client)

    def at_the_end() -> None:
        with get_client(sync_client=True) as client:
            give_back(client, held)

    if held:
        atexit.register(at_the_end)
