"""One Redis or Valkey server, asked briefly: whoever has just failed is left alone for a while.

A single server (or primary with replicas), not a sharded cluster: a pair's two keys are used in one step.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Any

from pydantic import SecretStr

from trading.errors import BadInput, Transient

TIMEOUT_S = 0.3
"""Longest wait for one answer: the warm tier takes some tens of milliseconds."""
PAUSE_S = 5.0
"""How long a server that failed is not asked: one dead tier costs a cycle one timeout, not one a pair."""


class Server:
    """Scripts on the server, safe for many threads. Its address is a secret: no error shows it.

    since_start_s: a clock that only goes forward, for the pause.
    """

    def __init__(
        self, url: SecretStr, timeout_s: float = TIMEOUT_S, since_start_s: Callable[[], float] = time.monotonic
    ) -> None:
        import redis  # noqa: PLC0415 - 0.2 s that a desk without a hot tier need not spend
        from redis.backoff import NoBackoff  # noqa: PLC0415
        from redis.retry import Retry  # noqa: PLC0415

        self._failures = (redis.RedisError, OSError)
        self._since_start_s, self._lock, self._quiet_until_s = since_start_s, threading.Lock(), float("-inf")
        try:
            self._client: Any = redis.Redis.from_url(
                url.get_secret_value(),
                socket_timeout=timeout_s,
                socket_connect_timeout=timeout_s,
                retry=Retry(NoBackoff(), 0),
                decode_responses=True,
            )
        except (ValueError, redis.RedisError):
            msg = "TRADER_REDIS_URL is not the address of a Redis; it looks like redis://host:6379/0"
            raise BadInput(msg) from None

    def run(self, script: str, keys: Sequence[str], values: Sequence[str | int | float]) -> Any:
        """What a script gives. Raises Transient when the server fails, or has just failed."""
        with self._lock:
            left_s = self._quiet_until_s - self._since_start_s()
        if left_s > 0:
            msg = f"the hot tier failed a moment ago and is left alone for {left_s:.0f} s"
            raise Transient(msg)
        try:
            return self._client.eval(script, len(keys), *keys, *values)
        except self._failures as error:
            with self._lock:
                self._quiet_until_s = self._since_start_s() + PAUSE_S
            msg = f"the hot tier does not answer ({type(error).__name__}); see that Redis runs at TRADER_REDIS_URL"
            raise Transient(msg) from None  # the original may quote the address
