"""The four ways a step may be retried. A task names one; nothing retries in any other way.

ASK    reading the outside world: repeated while it is only unavailable.
WRITE  conditional, idempotent writes of ours: repeated quickly, since repeating changes nothing.
SEND   an order to a venue: never repeated here; the books decide what an unanswered send was.
THINK  pure: a retry would only repeat the bug.

Prefect logs every attempt that is repeated. A step that has failed for good says in its log who acts now.
"""

from __future__ import annotations

from typing import Any

from prefect import Task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.logging.loggers import task_run_logger

from trading.errors import Halt, Rejected, Transient, Unknown

WHO_ACTS = {
    Transient: "Nothing happened, in any attempt: the next run asks again. If this goes on, see who is down.",
    Unknown: "It may have happened: it is looked up before anything else is done. Nobody sends it again.",
    Rejected: "A clear no, and nothing happened: asking again will not help.",
    Halt: "Only a person can put this right: docs/runbook.md.",
}
"""Errors and who acts on them (docs/errors.md); an error of no such kind is a mistake in our code."""


def is_transient(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """Whether the attempt failed with Transient, the only error that says "the same call may be sent again"."""
    try:
        state.result()
    except Transient:
        return True
    except Exception:  # noqa: BLE001 (any other error is final; its run shows it)
        return False
    return False


def say_who_acts(task: Task[Any, Any], run: TaskRun, state: State[Any]) -> None:
    """The last line of a step that failed: what was wrong, and what happens now."""
    error = state.result(raise_on_failure=False)
    words = next((words for kind, words in WHO_ACTS.items() if isinstance(error, kind)), "A mistake in our code.")
    attempts = f" after {run.run_count} attempts" if run.run_count > 1 else ""
    task_run_logger(run, task).error("failed%s: %s: %s | %s", attempts, type(error).__name__, error, words)


ASK: dict[str, Any] = {
    "retries": 3,
    "retry_delay_seconds": [1, 5, 15],
    "retry_jitter_factor": 0.3,
    "retry_condition_fn": is_transient,
    "on_failure": [say_who_acts],
    "cache_policy": NO_CACHE,
}
WRITE: dict[str, Any] = {
    "retries": 4,
    "retry_delay_seconds": [1, 2, 4, 8],
    "retry_jitter_factor": 0.5,
    "retry_condition_fn": is_transient,
    "on_failure": [say_who_acts],
    "cache_policy": NO_CACHE,
}
SEND: dict[str, Any] = {"retries": 0, "on_failure": [say_who_acts], "cache_policy": NO_CACHE}
THINK: dict[str, Any] = {"retries": 0, "on_failure": [say_who_acts], "cache_policy": NO_CACHE}
