"""With Prefect where its API answers, without it where not: exits must happen either way."""

from __future__ import annotations

import base64
import logging
import os
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

log = logging.getLogger(__name__)

ANSWER_LIMIT_S = 2.0
"""How long the API may take to say that it is there."""
FLUSH_LIMIT_S = 10.0
KEPT_BACK_S = 1.0
"""Of the time that is left, for the return itself."""

type LeftS = Callable[[], float]
"""Seconds until this function is ended."""


def without_limit() -> float:
    """Time enough: nobody said when we are ended."""
    return 60.0


def run(flow: Any, given: Mapping[str, Any], left_s: LeftS = without_limit) -> tuple[Any, str]:
    """The flow's result, and which engine ran it: ``prefect`` or ``plain``.

    Without an API, or with one that does not answer, or whose answers fail before the flow has begun, the flow runs as
    a plain call. Once it has begun it is not begun again: what failed then is for the next event.
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
    from deployments.without_prefect import without_prefect

    with without_prefect():
        return flow(**given), "plain"


def unreachable() -> str | None:
    """Why Prefect's API cannot be used, in words; None when it answers."""
    url = os.environ.get("PREFECT_API_URL")
    if not url:
        return "PREFECT_API_URL is not set"
    request = urllib.request.Request(f"{url.rstrip('/')}/health", headers=_headers())  # noqa: S310 (a setting)
    try:
        with urllib.request.urlopen(request, timeout=ANSWER_LIMIT_S):  # noqa: S310 (a setting)
            return None
    except urllib.error.HTTPError as error:
        return f"Prefect's API answers {error.code}"
    except (OSError, ValueError) as error:
        return f"Prefect's API does not answer ({type(error).__name__})"


def _headers() -> dict[str, str]:
    if key := os.environ.get("PREFECT_API_KEY"):
        return {"Authorization": f"Bearer {key}"}
    if auth := os.environ.get("PREFECT_API_AUTH_STRING"):
        return {"Authorization": f"Basic {base64.b64encode(auth.encode()).decode()}"}
    return {}


def _watched(flow: Any, begun: list[bool]) -> Any:
    """The same flow, which notes that its body has begun."""
    from functools import wraps

    watched, body = flow.with_options(), flow.fn

    @wraps(body)
    def noted(*args: Any, **more: Any) -> Any:
        begun.append(True)
        return body(*args, **more)

    watched.fn = noted
    return watched


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
