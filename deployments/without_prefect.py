"""Flows and tasks without Prefect's engine: plain calls, each task under the retries of its own policy.

For a process that has no Prefect server, or whose server is gone just when a position has to be closed. The code of
flows and tasks is the very same; what the engine would add (states, limits, artifacts, events) is left out, and said
in the log where a person would miss it.
"""

from __future__ import annotations

import inspect
import logging
import random
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from prefect import Flow, State, Task
from prefect.utilities.annotations import unmapped
from tenacity import RetryCallState, Retrying, retry_if_exception, stop_after_attempt

from blocks.runners import THREADS

log = logging.getLogger(__name__)

TOLD_ELSEWHERE = frozenset({"prefect.artifacts", "prefect.events.utilities"})
"""Where the functions live that tell a server something."""
NOBODY = UUID(int=0)


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
def without_prefect(
    *,
    threads: int = THREADS,
    sleep: Callable[[float], None] = time.sleep,
    jitter: Callable[[], float] = random.random,
) -> Iterator[None]:
    """Flows and tasks as plain calls, in the whole process, until the block ends.

    threads:  for mapped tasks; one works them off in this thread.  sleep, jitter: what a retry waits with.
    """

    def run_flow(self: Flow[Any, Any], *args: Any, **given: Any) -> Any:
        return self.fn(*args, **given)

    def submit(self: Task[Any, Any], *args: Any, **given: Any) -> Ended:
        return _attempted(self, args, given, sleep, jitter)

    def run_task(self: Task[Any, Any], *args: Any, **given: Any) -> Any:
        return submit(self, *args, **given).result()

    def mapped(self: Task[Any, Any], *args: Any, **given: Any) -> list[Ended]:
        each = list(_each(self, args, given))
        if threads == 1:
            return [submit(self, **one) for one in each]
        with ThreadPoolExecutor(threads, thread_name_prefix=self.name) as pool:
            begun = [pool.submit(copy_context().run, partial(submit, self, **one)) for one in each]
            return [one.result() for one in begun]

    with ExitStack() as patches:
        patches.enter_context(_in_place(Flow, "__call__", run_flow))
        for name, ours in (("__call__", run_task), ("submit", submit), ("map", mapped)):
            patches.enter_context(_in_place(Task, name, ours))
        for module, name in _telling():
            patches.enter_context(_in_place(module, name, _said(name)))
        yield


@contextmanager
def _in_place(owner: Any, name: str, ours: Any) -> Iterator[None]:
    theirs = vars(owner)[name]
    setattr(owner, name, ours)
    try:
        yield
    finally:
        setattr(owner, name, theirs)


def _attempted(
    task: Task[Any, Any],
    args: Sequence[Any],
    given: Mapping[str, Any],
    sleep: Callable[[float], None],
    jitter: Callable[[], float],
) -> Ended:
    """One task with its policy's retries; only an Exception is an outcome, anything wilder ends the process."""
    condition: Any = task.retry_condition_fn

    def again(error: BaseException) -> bool:
        return isinstance(error, Exception) and (condition is None or condition(task, None, Ended(error=error)))

    def pause_s(attempt: RetryCallState) -> float:
        return _delay_s(task, attempt.attempt_number - 1) * (1 + (task.retry_jitter_factor or 0) * jitter())

    policy = Retrying(
        stop=stop_after_attempt((task.retries or 0) + 1),
        retry=retry_if_exception(again),
        wait=pause_s,
        sleep=sleep,
        reraise=True,
    )
    try:
        value = policy(task.fn, *args, **given)
    except Exception as error:  # noqa: BLE001 (whatever it is, it is this task's outcome)
        log.info("%s failed: %s: %s", task.name, type(error).__name__, error)
        return Ended(error=error)
    return Ended(None if isinstance(value, State) else value)  # a state is a word to the engine, not a value


def _delay_s(task: Task[Any, Any], retries: int) -> float:
    delays: Any = task.retry_delay_seconds or 0
    return float(delays[min(retries, len(delays) - 1)] if isinstance(delays, list) else delays)


def _each(task: Task[Any, Any], args: Sequence[Any], given: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """The arguments of each run of a mapped task: what is unmapped goes to all of them."""
    bound = inspect.signature(task.fn).bind(*args, **given).arguments
    lists = [value for value in bound.values() if not isinstance(value, unmapped)]
    for index in range(len(lists[0])):
        yield {name: value.value if isinstance(value, unmapped) else value[index] for name, value in bound.items()}


def _telling() -> list[tuple[Any, str]]:
    """Wherever our flows and tasks hold a function that tells a server something: artifacts and events."""
    import prefect.artifacts

    ours = [module for name, module in list(sys.modules.items()) if name.partition(".")[0] in {"tasks", "flows"}]
    return [
        (module, name)
        for module in (prefect.artifacts, *ours)
        for name, value in list(vars(module).items())
        if inspect.isroutine(value) and value.__module__ in TOLD_ELSEWHERE and not name.startswith("_")
    ]


def _said(name: str) -> Callable[..., UUID]:
    """Instead of telling a server: one line in the log, of what it would have been about."""

    def say(*args: Any, **given: Any) -> UUID:
        about = given.get("key") or given.get("event") or next((one for one in args if isinstance(one, str)), "")
        log.info("%s %s: %s", name, str(about)[:80], given.get("description") or "no server to tell")
        return NOBODY

    return say
