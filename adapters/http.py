"""The HTTP client that every provider is asked with, and how a whole answer is read."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

import httpx

TIMEOUTS = httpx.Timeout(connect=5.0, read=15.0, write=5.0, pool=5.0)
"""Seconds. The read is long: giving up on an order that was accepted costs a look-up and blocks its pair."""
WHOLE_S_MAX, WHOLE_BYTES_MAX = 40.0, 8_000_000
"""How long the whole of an answer may take and how large it may be; a client's own time-outs are per packet."""


def http_client(timeouts: httpx.Timeout = TIMEOUTS, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Thread-safe; no redirects, which would carry a key along, and no retries, which would send an order again."""
    return httpx.Client(
        timeout=timeouts,
        transport=transport or httpx.HTTPTransport(retries=0),
        follow_redirects=False,
        headers={"Accept": "application/json", "User-Agent": "crypto-trader"},
    )


def get_whole(
    http: httpx.Client,
    url: str,
    params: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
    monotonic: Callable[[], float] = time.monotonic,
) -> httpx.Response:
    """GET, read to its end within a time and a size, however slowly it trickles in.

    Raises httpx's errors: ReadTimeout for an answer that does not end in time, ReadError for one that is too large.
    """
    until_s = monotonic() + WHOLE_S_MAX
    with http.stream("GET", url, params=params, headers=headers) as response:
        content = bytearray()
        for packet in response.iter_bytes():
            content += packet
            if len(content) > WHOLE_BYTES_MAX:
                raise httpx.ReadError(f"the answer is over {WHOLE_BYTES_MAX:,} bytes", request=response.request)
            if monotonic() > until_s:
                msg = f"the answer did not end within {WHOLE_S_MAX:g} s"
                raise httpx.ReadTimeout(msg, request=response.request)
    kind = {name: response.headers[name] for name in ("content-type",) if name in response.headers}
    return httpx.Response(response.status_code, headers=kind, content=bytes(content), request=response.request)
