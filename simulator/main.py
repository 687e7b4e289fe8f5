"""The simulator as a program: options in, one JSON line out when ready, a clean end on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import json
import signal
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from simulator.app import make_app
from simulator.config import SimulatorConfig
from simulator.process import run
from simulator.shapes import LIVELY, SHAPES
from simulator.times import iso, parse_iso
from simulator.world import WORLD
from trading.errors import BadInput
from trading.pairs import parse_pairs


def from_options(
    *,
    start: str | None = None,
    since: str | None = None,
    shape: str = LIVELY.name,
    jpy: str = "100000",
    spread_pct: str = "0.06",
    pairs: str | None = None,
    **plain: Any,
) -> SimulatorConfig:
    """A configuration from what a command line gives. Raises BadInput, one line that names the option.

    start, since: ISO 8601. shape: ``calm`` or ``lively``. jpy, spread_pct: decimal text.
    pairs: ``TRADING_PAIRS_CONFIG``.
    plain: any other field of SimulatorConfig as it is (candles, port, speed, seed, history, future, usdjpy,
    orders_per_s, details_per_s, access_key, secret_key, fear_greed); None leaves the default.
    """
    if shape not in SHAPES:
        raise BadInput(f"market {shape!r} is not known; there are {', '.join(SHAPES)}")
    given = {name: value for name, value in plain.items() if value is not None}
    for name in ("speed", "orders_per_s", "details_per_s"):
        if given.get(name, 0) < 0:
            raise BadInput(f"{name} must not be below zero, as {given[name]} is")
    if not 0 <= given.get("fear_greed", 0) <= 100:
        raise BadInput(f"fear_greed is an index from 0 to 100, not {given['fear_greed']}")
    if since is not None and given.get("speed", 1.0) != 1:
        raise BadInput("a market that runs in the time of this machine (--since) has no other speed than 1")
    return SimulatorConfig(
        start=_time(start),
        since=_time(since),
        shape=SHAPES[shape],
        jpy=_decimal("jpy", jpy),
        spread_pct=_decimal("spread_pct", spread_pct),
        pairs=parse_pairs(pairs),
        **given,
    )


def serve(config: SimulatorConfig) -> None:
    """Run until SIGTERM or SIGINT; prints {"url", "now"} when ready. Raises BadInput."""
    app = make_app(config)

    def ready(url: str) -> None:
        print(json.dumps({"url": url, "now": iso(app[WORLD].clock.ms())}), flush=True)  # noqa: T201 - the contract with callers

    async def until_told() -> None:
        stop = asyncio.Event()
        for name in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(name, stop.set)
        await run(config, app, ready, stop)

    try:
        asyncio.run(until_told())
    except OSError as error:
        msg = f"port {config.port} cannot be used: {error.strerror}; choose another one with --port"
        raise BadInput(msg) from error


def _time(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_iso(text)
    except ValueError as error:
        msg = f"start {text!r} is not a time such as 2023-05-19T12:00:00Z"
        raise BadInput(msg) from error


def _decimal(name: str, text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as error:
        msg = f"{name} {text!r} is not a number"
        raise BadInput(msg) from error
    if not value.is_finite() or value < 0:
        msg = f"{name} must not be below zero, as {text} is"
        raise BadInput(msg)
    return value
