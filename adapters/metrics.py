"""``Metrics`` on CloudWatch: one call per count, tried once, never in the way of what is counted."""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from adapters.aws import open_client
from adapters.redaction import one_line

LOG = logging.getLogger("trader.metrics")
NAMESPACE = "TradingSystem"
READ_TIMEOUT_S = 3
"""Counting may hold up a step for so long, and no longer."""


def open_cloudwatch() -> Any:
    """The ``cloudwatch`` client, which never retries. No request is made. Raises BadInput."""
    return open_client("cloudwatch", attempts=1, read_timeout_s=READ_TIMEOUT_S)


class CloudWatchMetrics:
    """The Metrics port, safe for many threads. ``uncounted`` is what could not be counted since the start.

    of  dimensions of every metric of this desk, such as its prefix.
    """

    def __init__(self, of: Mapping[str, str], client: Any = None) -> None:
        self._of, self._client = dict(of), client or open_cloudwatch()
        self._lock = threading.Lock()
        self.uncounted = 0

    def count(self, name: str, value: float, at: datetime, of: Mapping[str, str] | None = None) -> bool:
        """Add ``value`` to a metric at a time; whether it could be counted. Never raises."""
        dimensions = [{"Name": key, "Value": said} for key, said in {**self._of, **(of or {})}.items()]
        datum = {"MetricName": name, "Dimensions": dimensions, "Timestamp": at, "Value": value, "Unit": "Count"}
        try:
            self._client.put_metric_data(Namespace=NAMESPACE, MetricData=[datum])
        except Exception as error:  # noqa: BLE001 - whatever it is, counting decides nothing
            with self._lock:
                self.uncounted += 1
            LOG.warning("%s not counted: %s", name, one_line(f"{type(error).__name__}: {error}"))
            return False
        return True
