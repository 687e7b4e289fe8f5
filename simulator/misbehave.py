"""The faults carried out: a middleware around every provider's endpoints.

``lost_reply`` answers nothing although the call was carried out; ``reset`` answers nothing and does nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import Any

from aiohttp import web

from simulator.faults import MODEL_KINDS, Fault
from simulator.sagemaker import SPOILT, error_reply
from simulator.times import CANDLE_MS
from simulator.world import FROZEN_MS, HIDDEN, WORLD

type Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

HTML = "<!DOCTYPE html><html><head><title>Just a moment...</title></head><body>Checking your browser</body></html>"
OVERLOADED: dict[str, Any] = {
    "coincheck": {"success": False, "error": "too_many_requests"},
    "binance": {"code": -1003, "msg": "Too many requests; current limit of IP is 6000 request weight per 1 MINUTE."},
    "fapi": {"code": -1003, "msg": "Too many requests; current limit of IP is 2400 request weight per 1 MINUTE."},
    "coingecko": {"status": {"error_code": 429, "error_message": "You've exceeded the Rate Limit."}},
    "cryptopanic": {"status": "api_error", "info": "Rate limit exceeded"},
}


@web.middleware
async def misbehave(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let a call through, or let the fault that hits it have its way."""
    target, _, path = request.path.removeprefix("/").partition("/")
    fault = request.app[WORLD].faults.hit(target, request.method, "/" + path)
    if fault is None:
        return await handler(request)
    return await KINDS[fault.spec.kind](fault, request, handler)


async def _overload(fault: Fault, _request: web.Request, _handler: Handler) -> web.StreamResponse:
    """429, in the provider's own words."""
    if fault.spec.target == "sagemaker":
        return error_reply("ThrottlingException", 429)
    body = OVERLOADED.get(fault.spec.target)
    reply = web.json_response(body, status=429) if body else web.Response(text="rate_limited", status=429)
    reply.headers["Retry-After"] = "1"
    return reply


async def _fail(fault: Fault, _request: web.Request, _handler: Handler) -> web.StreamResponse:
    """An error status with the page of a load balancer."""
    status = fault.spec.status or HTTPStatus.SERVICE_UNAVAILABLE
    return web.Response(text=f"<html><body>{int(status)}</body></html>", status=status, content_type="text/html")


async def _page(_fault: Fault, _request: web.Request, _handler: Handler) -> web.StreamResponse:
    """200 with a web page where JSON belongs."""
    return web.Response(text=HTML, content_type="text/html")


async def _delay(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Wait first. The call is carried out even when the client has gone: that is what makes a time-out ambiguous."""
    await request.read()  # while the client is still there
    await asyncio.sleep(fault.spec.seconds)
    return await handler(request)


async def _freeze(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Show the prices of the moment the fault was set."""
    request[FROZEN_MS] = fault.set_ms
    return await handler(request)


async def _hide(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Leave out the candles before the last one that had closed when the fault was set."""
    forming_ms = fault.set_ms // CANDLE_MS * CANDLE_MS
    request[HIDDEN] = frozenset(forming_ms - n * CANDLE_MS for n in range(2, 2 + fault.spec.rows))
    return await handler(request)


async def _spoil(fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """Let the model answer wrongly, in the way that the fault is named after."""
    request[SPOILT] = fault.spec.kind
    return await handler(request)


async def _reset(_fault: Fault, request: web.Request, _handler: Handler) -> web.StreamResponse:
    """The connection is gone before anything was done."""
    return _drop(request)


async def _lose(_fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """It was done, and nobody will hear of it."""
    await handler(request)
    return _drop(request)


async def _cut(_fault: Fault, request: web.Request, handler: Handler) -> web.StreamResponse:
    """It was done, and the JSON ends in the middle."""
    reply = await handler(request)
    body = reply.body if isinstance(reply, web.Response) else b""
    whole = bytes(body) if isinstance(body, bytes | bytearray) else b""
    return web.Response(body=whole[: len(whole) * 2 // 3], content_type="application/json")


def _drop(request: web.Request) -> web.Response:
    """Reset the connection; what is returned can no longer be sent."""
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


KINDS: dict[str, Callable[[Fault, web.Request, Handler], Awaitable[web.StreamResponse]]] = {
    "429": _overload,
    "5xx": _fail,
    "status": _fail,
    "html": _page,
    "latency": _delay,
    "stale": _freeze,
    "gap": _hide,
    "reset": _reset,
    "lost_reply": _lose,
    "truncated": _cut,
    **dict.fromkeys(MODEL_KINDS, _spoil),
}
