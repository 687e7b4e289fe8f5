"""Prefect without its engine: a flow runs its function, a task its function under its own retries, in this thread.

What is proven here is the code of the flows and tasks as they are, thousands of times a minute. That Prefect itself
runs them so is shown by tests/flows.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from prefect import Flow, Task
from prefect.utilities.annotations import unmapped

import tasks.artifacts
from blocks import desk as desks


@dataclass(frozen=True, slots=True)
class Ended:
    """What a task came to, as the futures and states that our code asks."""

    value: Any = None
    error: Exception | None = None

    def result(self, *, raise_on_failure: bool = True) -> Any:
        """The value; an error is raised, or given back like a value."""
        if self.error is not None and raise_on_failure:
            raise self.error
        return self.value if self.error is None else self.error


@contextmanager
def without_engine(open_desk: Callable[[], Any], sleep: Callable[[float], None]) -> Iterator[None]:
    """Flows and tasks as plain calls. ``open_desk``: the desk of who runs now. ``sleep``: what a retry waits with."""

    def run_flow(self: Flow[Any, Any], *args: Any, **given: Any) -> Any:
        return self.fn(*args, **given)

    def run_task(self: Task[Any, Any], *args: Any, **given: Any) -> Any:
        return _attempted(self, args, given, sleep).result()

    def submit(self: Task[Any, Any], *args: Any, **given: Any) -> Ended:
        return _attempted(self, args, given, sleep)

    def mapped(self: Task[Any, Any], *args: Any, **given: Any) -> list[Ended]:
        return [_attempted(self, *one, sleep) for one in _each(self, args, given)]

    with ExitStack() as patches:
        for owner, name, stand_in in (
            (Flow, "__call__", run_flow),
            (Task, "__call__", run_task),
            (Task, "submit", submit),
            (Task, "map", mapped),
            (tasks.artifacts, "create_markdown_artifact", lambda *_, **__: None),
            (desks, "load_settings", lambda: None),
            (desks, "_open", lambda _name, _settings: open_desk()),
        ):
            patches.enter_context(patch.object(owner, name, stand_in))
        yield


def _attempted(
    task: Task[Any, Any], args: Sequence[Any], given: Mapping[str, Any], sleep: Callable[[float], None]
) -> Ended:
    """One task with its policy's retries; only an Exception is an outcome, anything wilder ends the process."""
    for attempt in range(task.retries + 1):
        try:
            return Ended(task.fn(*args, **given))
        except Exception as error:  # noqa: BLE001 (whatever it is, it is this task's outcome)
            failed = Ended(error=error)
        condition: Any = task.retry_condition_fn
        if attempt == task.retries or not (condition is None or condition(task, None, failed)):
            break
        sleep(_delay_s(task, attempt))
    return failed


def _delay_s(task: Task[Any, Any], attempt: int) -> float:
    delays: Any = task.retry_delay_seconds or 0
    return float(delays[min(attempt, len(delays) - 1)] if isinstance(delays, list) else delays)


def _each(
    task: Task[Any, Any], args: Sequence[Any], given: Mapping[str, Any]
) -> Iterator[tuple[list[Any], dict[str, Any]]]:
    """The arguments of each run of a mapped task: what is unmapped goes to all of them."""
    bound = inspect.signature(task.fn).bind(*args, **given).arguments
    lists = [value for value in bound.values() if not isinstance(value, unmapped)]
    for index in range(len(lists[0])):
        yield [], {name: value.value if isinstance(value, unmapped) else value[index] for name, value in bound.items()}
