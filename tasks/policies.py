"""The four ways a step may be retried. A task names one; nothing retries in any other way.

ASK    reading the outside world: repeated while it is only unavailable.
WRITE  conditional, idempotent writes of ours: repeated quickly, since repeating changes nothing.
SEND   an order to a venue: never repeated here; the books decide what an unanswered send was.
THINK  pure: a retry would only repeat the bug.
"""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun

from trading.errors import Transient


def is_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the attempt failed with Transient, the only error that says "the same call may be sent again"."""
    try:
        state.result()
    except Transient:
        return True
    except Exception:  # noqa: BLE001 (any other error is final; its run shows it)
        return False
    return False


ASK: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 15],
    "retry_jitter_factor": 0.3,
    "retry_condition_fn": is_transient,
    "cache_policy": NO_CACHE,
}
WRITE: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": [1, 2, 4, 8],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
    "cache_policy": NO_CACHE,
}
SEND: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE}
THINK: dict[str, Any] = {"retries": 0, "cache_policy": NO_CACHE}
