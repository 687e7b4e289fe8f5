"""Queues, topics and secrets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Queue:
    """A standard queue. After ``max_receives`` without a ``done``, a message moves to ``dead_letters``."""

    name: str
    visibility_s: int
    retention_s: int
    wait_s: int
    dead_letters: Queue | None = None
    max_receives: int = 0


DAY_S = 86_400
ORDER_REQUESTS_DLQ = Queue("order-requests-dlq", visibility_s=60, retention_s=14 * DAY_S, wait_s=0)
ORDER_REQUESTS = Queue("order-requests", 60, 4 * DAY_S, wait_s=20, dead_letters=ORDER_REQUESTS_DLQ, max_receives=3)
QUEUES = (ORDER_REQUESTS_DLQ, ORDER_REQUESTS)
"""In the order of making: a dead-letter queue comes before the queue that names it."""

TOPICS = ("system-events", "alerts")
SECRETS = (
    "coincheck/credentials",
    "mt5/credentials",
    "slack/webhook_url",
    "cryptopanic/api_key",
    "github/token",
)
