"""The limits of ``blocks.limits``, where an operator sees and turns them; every one of them is obeyed there."""

from __future__ import annotations

from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitCreate, GlobalConcurrencyLimitUpdate
from prefect.exceptions import ObjectNotFound

from blocks.limits import FORECASTS, LIMITS, Limit
from deployments.as_code.things import Site, Thing


def things(_client: SyncPrefectClient, site: Site) -> list[Thing]:
    """One for each limit that something of this site obeys: without an endpoint there is nothing to hold back."""
    obeyed = [limit for limit in LIMITS if limit is not FORECASTS or site.settings.sagemaker_endpoint]
    return [_limit(one, site.settings.forecast_concurrency if one is FORECASTS else one.slots) for one in obeyed]


def _limit(limit: Limit, slots: int) -> Thing:
    decay = limit.per_s or 0.0
    made = GlobalConcurrencyLimitCreate(name=limit.name, limit=slots, slot_decay_per_second=decay)
    changed = GlobalConcurrencyLimitUpdate(limit=slots, slot_decay_per_second=decay)
    return Thing(
        f"limit {limit.name}",
        {"slots": slots, "decay": decay},
        lambda client: _found(client, limit.name),
        lambda client: client.create_global_concurrency_limit(made),
        lambda client: client.update_global_concurrency_limit(limit.name, changed),
    )


def _found(client: SyncPrefectClient, name: str) -> dict[str, Any] | None:
    try:
        limit = client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        return None
    return {"slots": limit.limit, "decay": limit.slot_decay_per_second}
