"""The simulator as a program: options in, one JSON line out when ready, a clean end on SIGTERM or SIGINT."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path

from simulator.app import make_app
from simulator.config import SimulatorConfig
from simulator.process import run
from simulator.shapes import SHAPES
from simulator.times import iso, parse_iso
from simulator.world import WORLD
from trading.errors import BadInput
from trading.pairs import parse_pairs


def from_options(  # noqa: PLR0913 - one argument per option of the command line
    *,
    candles: Path | None = None,
    port: int = 0,
    speed: float = 1.0,
    start: str | None = None,
    seed: int = 1,
    shape: str = "lively",
    history: int | None = None,
    future: int | None = None,
    usdjpy: str = "150",
    jpy: str = "100000",
    spread_pct: str = "0.06",
    orders_per_s: float = 4.0,
    details_per_s: float = 1.0,
    access_key: str = "simulator-key",
    secret_key: str = "simulator-secret",  # noqa: S107 - it opens a play exchange on the loopback interface
    fear_greed: int | None = None,
    pairs: str | None = None,
) -> SimulatorConfig:
    """A configuration from what a command line gives. ``pairs`` is ``TRADING_PAIRS_CONFIG``. Raises BadInput."""
    if shape not in SHAPES:
        msg = f"market {shape!r} is not known; there are {', '.join(SHAPES)}"
        raise BadInput(msg)
    if speed < 0:
        msg = f"speed is 0 (stepped), 1 (real time) or more, not {speed}"
        raise BadInput(msg)
    config = SimulatorConfig(
        candles=candles,
        pairs=parse_pairs(pairs),
        start=_time(start),
        speed=speed,
        seed=seed,
        shape=SHAPES[shape],
        usdjpy=usdjpy,
        jpy=_decimal("jpy", jpy),
        spread_pct=_decimal("spread-pct", spread_pct),
        orders_per_s=orders_per_s,
        details_per_s=details_per_s,
        access_key=access_key,
        secret_key=secret_key,
        port=port,
        fear_greed=fear_greed,
    )
    return replace(config, history=history or config.history, future=future or config.future)


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
