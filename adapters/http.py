"""The HTTP client that every provider is asked with."""

from __future__ import annotations

import httpx

TIMEOUTS = httpx.Timeout(connect=5.0, read=15.0, write=5.0, pool=5.0)
"""Seconds. The read is long: giving up on an order that was accepted costs a look-up and blocks its pair."""


def http_client(timeouts: httpx.Timeout = TIMEOUTS, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Thread-safe; no redirects, which would carry a key along, and no retries, which would send an order again."""
    return httpx.Client(
        timeout=timeouts,
        transport=transport or httpx.HTTPTransport(retries=0),
        follow_redirects=False,
        headers={"Accept": "application/json", "User-Agent": "crypto-trader"},
    )
