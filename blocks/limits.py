"""Limits that an operator sees and turns in Prefect: how fast orders go out, how many forecasts are asked for at once.

None of them is the floor. Under the orders lies the venue's own window (``adapters/coincheck/pace.py``, in each
process), under the forecasts the budget in DynamoDB (``adapters/forecast/budget.py``, over all machines), under the
news the month's count there: those hold with no Prefect at all. So a limit here never fails a step and never holds it
long: without an API, without the limit, or after ``WAIT_S`` the step goes on. ``trader init`` makes what LIMITS names;
without it a process asks once whether a limit exists, and not again.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.context import SettingsContext, get_settings_context
from prefect.exceptions import ObjectNotFound
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, Settings

LOG = logging.getLogger("trader.limits")
WAIT_S = 2.0
"""The longest a step waits for its turn: an order is good for minutes, a price for seconds."""
CALL_S = 2.0
"""The longest one call to Prefect may take."""
LEASE_S = 300.0
"""After this a place whose process died is free; longer than the longest forecast with its retries."""


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit by name: ``slots`` at once, or, with ``per_s``, that many a second."""

    name: str
    slots: int
    per_s: float | None
    why: str


ORDERS = Limit("exchange-orders", 4, 4.0, "the venue takes four new orders a second and key")
FORECASTS = Limit("forecast-endpoint", 6, None, "quota 10, endpoint 8, ours 6: requests at once at the endpoint")
LIMITS = (ORDERS, FORECASTS)
"""All that ``trader init`` makes: each is obeyed, by ``tasks.execute.send`` and by ``blocks.judging.ShownBudget``."""


@contextmanager
def held(limit: Limit) -> Iterator[None]:
    """Run the block in its turn, as far as Prefect can say within ``WAIT_S``. What the block raises goes through."""
    lease = _entered(limit)
    try:
        yield
    finally:
        if lease is not None:
            _left(limit, lease)


def _entered(limit: Limit) -> UUID | None:
    """Wait for a place; the lease to give back, if there is one."""
    api_url = PREFECT_API_URL.value()
    if not api_url or not _exists(api_url, limit.name):
        return None
    deadline = time.monotonic() + WAIT_S
    while True:
        try:
            with _asking() as client:
                return _place(client, limit)
        except Exception as error:  # noqa: BLE001 (whatever it is: a limit that cannot be asked stops no order)
            pause_s = _told_to_wait(error)
            if pause_s is None or time.monotonic() + pause_s > deadline:
                LOG.warning("goes on without its turn at %s: %s", limit.name, type(error).__name__)
                return None
            time.sleep(pause_s)


def _place(client: SyncPrefectClient, limit: Limit) -> UUID | None:
    if limit.per_s is not None:
        client.increment_concurrency_slots([limit.name], 1, "rate_limit")
        return None
    reply = client.increment_concurrency_slots_with_lease([limit.name], 1, "concurrency", LEASE_S)
    return UUID(reply.json()["lease_id"])


def _told_to_wait(error: Exception) -> float | None:
    """How long the server asks us to wait when all places are taken (423); None for anything else."""
    reply = getattr(error, "response", None)
    if reply is None or reply.status_code != 423:
        return None
    return min(1.0, max(0.05, float(reply.headers.get("Retry-After", 1))))


def _left(limit: Limit, lease: UUID) -> None:
    try:
        with _asking() as client:
            client.release_concurrency_slots_with_lease(lease)
    except Exception as error:  # noqa: BLE001 (the lease's end frees it too)
        LOG.warning("a place at %s was not given back, its lease ends it: %s", limit.name, type(error).__name__)


@lru_cache(maxsize=16)
def _exists(_api_url: str, name: str) -> bool:
    """Whether the limit was made; asked once a process, and an API that is away then is not asked again."""
    try:
        with _asking() as client:
            client.read_global_concurrency_limit_by_name(name)
    except ObjectNotFound:
        return False
    except Exception as error:  # noqa: BLE001 (as above)
        LOG.warning("Prefect cannot say whether there is a limit %s: %s", name, type(error).__name__)
        return False
    return True


@contextmanager
def _asking() -> Iterator[SyncPrefectClient]:
    """A client that answers soon or not at all."""
    here = get_settings_context()
    with (
        SettingsContext(profile=here.profile, settings=_without_retries(PREFECT_API_URL.value())),
        get_client(httpx_settings={"timeout": CALL_S}, sync_client=True) as client,
    ):
        yield client


@lru_cache(maxsize=4)
def _without_retries(_api_url: str | None) -> Settings:
    """This process's settings of Prefect, but one attempt a call. Made once: it takes a tenth of a second."""
    return get_settings_context().settings.copy_with_update(updates={PREFECT_CLIENT_MAX_RETRIES: 0})
