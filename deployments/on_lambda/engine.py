"""With Prefect where its API answers, without it where not: exits must happen either way."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

from deployments.prefect_api import unreachable

log = logging.getLogger(__name__)

FLUSH_LIMIT_S = 10.0
KEPT_BACK_S = 1.0
"""Of the time that is left, for the return itself."""

type LeftS = Callable[[], float]
"""Seconds until this function is ended."""


def without_limit() -> float:
    """Time enough: nobody said when we are ended."""
    return 60.0


def run(
    flow: Any,
    given: Mapping[str, Any],
    left_s: LeftS = without_limit,
    unseen: Callable[[], object] = lambda: None,
) -> tuple[Any, str]:
    """The flow's result, and which engine ran it: ``prefect`` or ``plain``.

    Without an API, or with one that does not answer, or whose answers fail before the flow has begun, the flow runs as
    a plain call. Once it has begun it is not begun again: what failed then is for the next event.

    unseen:  called when Prefect was to see this run, and cannot.
    """
    missing = unreachable()
    if missing is None:
        begun: list[bool] = []
        try:
            return _engine(_watched(flow, begun), given, left_s), "prefect"
        except Exception as error:
            if begun:
                raise
            missing = f"{type(error).__name__}: {error}"
    if os.environ.get("PREFECT_API_URL"):
        log.error("runs without Prefect, this run will not be seen there: %s", missing)
        unseen()
    from deployments.prefect_runs import pointed_at
    from deployments.without_prefect import without_prefect

    with pointed_at(""), without_prefect():  # nowhere: limits and blocks then do not wait for it either
        return flow(**given), "plain"


def _watched(flow: Any, begun: list[bool]) -> Any:
    """The same flow, which notes that it runs. Its function stays as it is: Prefect reads the types of it."""

    def noted(*_: Any) -> None:
        begun.append(True)

    return flow.with_options(on_running=[*flow.on_running_hooks, noted])


def _engine(flow: Any, given: Mapping[str, Any], left_s: LeftS) -> Any:
    from deployments.prefect_runs import flush, without_heartbeats

    try:
        with without_heartbeats():
            return flow(**given)
    finally:
        started, limit_s = time.monotonic(), min(FLUSH_LIMIT_S, left_s() - KEPT_BACK_S) / 2  # it waits twice
        if limit_s > 0:
            try:
                flush(limit_s)
            except Exception:  # what was traded is not undone by a log line that was not told
                log.exception("could not tell Prefect everything")
        log.info("flush took %.2f s", time.monotonic() - started)
