"""With Prefect where its API answers, without it where not: exits must happen either way."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import wraps
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

    Without an API, or with one that does not answer, or whose answers fail before the flow's body has begun, the flow
    runs as a plain call. Once it has begun it is not begun again: what failed then is for the next event. And once it
    has ended, its result stands, whether Prefect could be told or not.

    unseen:  called when Prefect was to see this run, and cannot.
    """
    missing = unreachable()
    if missing is None:
        body = _Body()
        try:
            return _engine(flow, body, given, left_s), "prefect"
        except Exception as error:
            missing = f"{type(error).__name__}: {error}"
            if body.ended:
                log.exception("all is done, and Prefect could not be told")
                return body.ended[0], "prefect"
            if body.begun:
                raise
    if os.environ.get("PREFECT_API_URL"):
        log.error("runs without Prefect, this run will not be seen there: %s", missing)
        unseen()
    from deployments.prefect_runs import pointed_at
    from deployments.without_prefect import without_prefect

    with pointed_at(""), without_prefect():  # nowhere: limits and blocks then do not wait for it either
        return flow(**given), "plain"


@dataclass(slots=True)
class _Body:
    """How far a flow's own function has come, which no state in Prefect says."""

    begun: bool = False
    ended: list[Any] = field(default_factory=list)

    def watched(self, flow: Any) -> Any:
        """The same flow; its parameters are checked by the function itself, whose module has the types' names."""
        watched, function = flow.with_options(), flow.fn

        @wraps(function)
        def noted(*args: Any, **given: Any) -> Any:
            self.begun = True
            self.ended.append(function(*args, **given))
            return self.ended[0]

        watched.fn, watched.validate_parameters = noted, flow.validate_parameters
        return watched


def _engine(flow: Any, body: _Body, given: Mapping[str, Any], left_s: LeftS) -> Any:
    from deployments.prefect_runs import without_heartbeats

    try:
        with without_heartbeats():
            return body.watched(flow)(**given)
    finally:
        if body.begun:  # else the plain call comes first: there is little to tell, and nobody who listens
            _told(left_s)


def _told(left_s: LeftS) -> None:
    """Tell Prefect everything, as far as there is time. What was traded is not undone by a line that was not told."""
    from deployments.prefect_runs import flush

    started, limit_s = time.monotonic(), min(FLUSH_LIMIT_S, left_s() - KEPT_BACK_S) / 2  # it waits twice
    if limit_s > 0:
        try:
            flush(limit_s)
        except Exception:
            log.exception("could not tell Prefect everything")
    log.info("flush took %.2f s", time.monotonic() - started)
