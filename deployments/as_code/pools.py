"""The work pool of the type that one setting names, and its queues: money is served first, then the market."""

from __future__ import annotations

from functools import partial
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import WorkPoolCreate, WorkPoolUpdate
from prefect.exceptions import ObjectNotFound

from deployments.as_code.things import Site, Thing
from deployments.pools import POOL, QUEUES, template_of
from trading.errors import Halt

PUSHED = "ecs:push"
SERVED = {
    "money": "Positions and orders: monitor_positions, execute_orders, reconcile. Always first.",
    "market": "What decisions are made from: collecting and analysing.",
    "keeping": "What can wait: reports, archive, backup, backfill.",
}


def must_be_possible(site: Site) -> None:
    """Raises Halt for a push pool on a server of one's own: it takes the pool, and every run would stay Late."""
    if site.settings.work_pool == PUSHED and not site.cloud:
        msg = (
            "TRADER_WORK_POOL=ecs:push works on Prefect Cloud only (a server of one's own lets every run go Late): "
            "set TRADER_WORK_POOL=ecs and keep a worker running, or point PREFECT_API_URL at Prefect Cloud"
        )
        raise Halt(msg)


def things(client: SyncPrefectClient, site: Site) -> list[Thing]:
    """The pool, then its queues. Raises Halt when a pool of that name and another type is there."""
    kind = site.settings.work_pool
    there = _pool(client)
    if there is not None and there["type"] != kind:
        msg = (
            f"the work pool {POOL} is of the type {there['type']}, TRADER_WORK_POOL says {kind}, and a type stays: "
            f"set TRADER_WORK_POOL={there['type']}, or `prefect work-pool delete {POOL}`, init and deploy again"
        )
        raise Halt(msg)
    template = template_of(kind)
    text = f"Every flow of the trader runs here, on {kind}; made by `trader init`."
    wanted = {"type": kind, "description": text, "template": template}
    made = WorkPoolCreate(name=POOL, type=kind, description=text, base_job_template=template)
    changed = WorkPoolUpdate(description=text, base_job_template=template)
    pool = Thing(
        f"work pool {POOL}",
        wanted,
        _pool,
        lambda client: client.create_work_pool(made),
        lambda client: client.update_work_pool(POOL, changed),
    )
    return [pool, *(_queue(name, priority) for name, priority in QUEUES.items())]


def _pool(client: SyncPrefectClient) -> dict[str, Any] | None:
    try:
        pool = client.read_work_pool(POOL)
    except ObjectNotFound:
        return None
    return {"type": pool.type, "description": pool.description, "template": pool.base_job_template}


def _queue(name: str, priority: int) -> Thing:
    said: dict[str, Any] = {"priority": priority, "description": SERVED[name]}
    return Thing(
        f"work queue {name}",
        said,
        lambda client: _queued(client, name),
        partial(_make_queue, name=name, said=said),
        partial(_change_queue, name=name, said=said),
    )


def _queued(client: SyncPrefectClient, name: str) -> dict[str, Any] | None:
    try:
        queue = client.read_work_queue_by_name(name, POOL)
    except ObjectNotFound:
        return None
    return {"priority": queue.priority, "description": queue.description}


def _make_queue(client: SyncPrefectClient, name: str, said: dict[str, Any]) -> None:
    client.create_work_queue(name, work_pool_name=POOL, **said)


def _change_queue(client: SyncPrefectClient, name: str, said: dict[str, Any]) -> None:
    client.update_work_queue(client.read_work_queue_by_name(name, POOL).id, **said)
