"""What flows share: names of runs, and results of mapped tasks with their failures kept."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from prefect.futures import PrefectFuture
from prefect.runtime import flow_run
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from blocks.desk import open_desk
from blocks.runners import THREADS, AsSet
from trading.errors import TradingError
from trading.services.looks import Outcomes

SIX_THREADS: TaskRunner[PrefectFuture[Any]] = ThreadPoolTaskRunner(max_workers=THREADS)  # type: ignore[assignment]
"""For a handful of steps that wait: orders, positions, sources."""
AS_SET: TaskRunner[PrefectFuture[Any]] = AsSet()  # type: ignore[no-untyped-call]
"""For the steps of every pair, of which there may be hundreds: the settings say where."""

NAMED_MOST = 3
"""Pairs that a run's name carries; more make it hard to read."""


class StepsFailedError(TradingError):
    """Some steps of this run failed after everything else was done; their task runs say why."""


def outcomes_of[T](keys: Sequence[str], futures: Sequence[PrefectFuture[T]]) -> Outcomes[T]:
    """Wait for mapped tasks; one that failed does not stop the others."""
    values: dict[str, T] = {}
    errors: dict[str, str] = {}
    for key, future in zip(keys, futures, strict=True):
        result = future.result(raise_on_failure=False)
        if isinstance(result, BaseException):
            errors[key] = f"{type(result).__name__}: {result}"
        else:
            values[key] = result
    return Outcomes(values, errors)


def fail_if_any(errors: Mapping[str, str]) -> None:
    """End the run as failed when a step of it failed: nothing is swallowed."""
    if errors:
        words = "; ".join(f"{key}: {error}" for key, error in errors.items())
        raise StepsFailedError(words)


def pair_keys(desk: str, only: Sequence[str] | None = None) -> list[str]:
    """The pairs of a desk, or those asked for. Opens the desk in this thread, before tasks share it."""
    room = open_desk(desk)
    return [room.pair(key).key for key in only] if only else [pair.key for pair in room.pairs]


def entries_may_start(desk: str) -> None:
    """Raises Halt when this desk may not start to make entries: a desk with real money must be armed first."""
    open_desk(desk).arm()


def run_name(verb: str) -> Callable[[], str]:
    """Names a flow run after what it does, the pairs it was asked for and its time in UTC: ``analyze 01-03 12:05``."""

    def name() -> str:
        given = flow_run.parameters or {}
        at = given.get("at") or flow_run.scheduled_start_time
        words = [verb, *(given.get("pairs") or [])[:NAMED_MOST]]
        return f"{' '.join(words)} {_in_utc(at):%m-%d %H:%M}" if at else " ".join(words)

    return name


def _in_utc(at: datetime | str) -> datetime:
    """A run's time, as a run parameter or as Prefect has it; without a zone it is UTC."""
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return moment.astimezone(UTC) if moment.tzinfo else moment
