"""A place for ``remediate_error/trader`` before it is deployed, so that the automation has something to name.

``prefect deploy --all`` fills it in and keeps its id: init and deploy may come in either order, once each.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound

from deployments.as_code.things import Site, Thing
from deployments.pools import POOL
from flows import FLOWS

NAME, QUEUE = "trader", "money"
ANSWERING, ANALYSING = "remediate_error", "analyze"


def things(_client: SyncPrefectClient, site: Site) -> list[Thing]:
    """The deployments that the automations of this site start."""
    return [_deployment(flow, site) for flow in started(site)]


def started(site: Site) -> tuple[str, ...]:
    """Flows that automations start: answers to failures always, analyses where candle events start them."""
    return (ANSWERING, ANALYSING) if site.settings.analysis == "event" else (ANSWERING,)


def of_flows(flows: Iterable[str]) -> dict[str, Any]:
    """What a trigger matches runs of these flows by."""
    return {"prefect.resource.role": "flow", "prefect.resource.name": sorted(flows)}


def found(client: SyncPrefectClient, flow: str) -> str | None:
    """The id of a flow's deployment."""
    try:
        return str(client.read_deployment_by_name(f"{flow}/{NAME}").id)
    except ObjectNotFound:
        return None


def _deployment(flow: str, site: Site) -> Thing:
    return Thing(
        f"deployment {flow}/{NAME}",
        "",
        lambda client: found(client, flow),
        lambda client: client.create_deployment(
            client.create_flow_from_name(flow),
            NAME,
            description="A place kept by `trader init`; `prefect deploy --all` fills it in.",
            work_pool_name=POOL,
            work_queue_name=QUEUE,
            entrypoint=FLOWS[flow].replace(".", "/").replace(":", ".py:"),
            parameters={"desk": site.desk},
        ),
        None,
    )
