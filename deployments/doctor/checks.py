"""All checks of a desk, by the names that ``--json`` promises."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from importlib import import_module
from threading import Lock
from typing import Any

from adapters.aws import open_aws
from blocks.desk import desk_names, inspect_desk, shared_names
from blocks.settings import Settings
from deployments.doctor import books, machine, orchestration, world
from deployments.doctor.findings import Check, Finding, State, warn
from trading.errors import TradingError

REAL = {"live": State.WARN}
"""Desks where what a paper desk may do without is worth a warning."""
KEYS = {"live": State.FAIL, "embedded": State.WARN}


class Rooms:
    """The desk, opened once for all checks that look at its books."""

    def __init__(self, desk: str) -> None:
        self._desk, self._lock = desk, Lock()
        self._room: Any = None
        self._error: TradingError | None = None

    def look(self, check: Callable[[Any], Finding]) -> Finding:
        """The check of the desk; a warning, not a failure of its own, when the desk cannot be opened."""
        with self._lock:
            if self._room is None and self._error is None:
                try:
                    self._room = inspect_desk(self._desk)
                except TradingError as error:
                    self._error = error
        if self._error is not None:
            return warn(f"not looked at: {self._error}", f"put that right, then: trader doctor --desk {self._desk}")
        return check(self._room)


def checks_of(desk: str, settings: Settings) -> dict[str, Check]:
    """Every check, in the order in which they are shown."""
    return {**_machine(settings), **_world(desk, settings), **_books(desk, settings), **_prefect(desk)}


def _machine(settings: Settings) -> dict[str, Check]:
    return {
        "python": machine.python,
        "packages": machine.packages,
        "settings": partial(machine.settings, dict(os.environ)),
        "strategy": partial(machine.strategy, settings.strategy),
        "disk": partial(machine.disk, settings.state),
    }


def _world(desk: str, settings: Settings) -> dict[str, Check]:
    see = world.reachable
    return {
        "clock": partial(world.clock, settings.coincheck_url, "/api/ticker"),
        "coincheck": partial(see, settings.coincheck_url, "/api/ticker", State.FAIL),
        "coincheck_keys": partial(world.coincheck_keys, settings, KEYS.get(desk, State.OK)),
        "binance": partial(see, settings.binance_url, "/api/v3/time", State.FAIL),
        "binance_futures": partial(see, settings.binance_futures_url, "/fapi/v1/time", State.WARN),
        "fear_greed": partial(see, settings.fear_greed_url, "/fng/?limit=1", State.WARN),
        "coingecko": partial(see, settings.coingecko_url, "/api/v3/global", State.WARN),
        # Its front page: a call of its API would count against the month.
        "cryptopanic": partial(see, settings.cryptopanic_url, "/", State.WARN),
    }


def _books(desk: str, settings: Settings) -> dict[str, Check]:
    look = Rooms(desk).look
    names, shared = desk_names(desk, settings), shared_names(settings)

    def quota(room: Any) -> Finding:
        return books.news_quota(shared, open_aws(), room.strategy.news_calls_per_month, room.clock.now())

    return {
        "aws": lambda: books.aws_clock(open_aws(), datetime.now(UTC)),
        "tables": lambda: books.there(names, open_aws(), desk),
        "order_queue": lambda: look(books.queue),
        "dead_letters": lambda: look(books.dead_letters),
        "orders": lambda: look(partial(books.orders, desk=desk)),
        "reconciliation": lambda: look(partial(books.reconciliation, desk=desk)),
        "kill_switch": lambda: look(partial(books.kill_switch, desk=desk)),
        "heartbeat": lambda: look(books.heartbeat),
        "candles": lambda: look(books.candles),
        "news_quota": lambda: look(quota),
    }


def _prefect(desk: str) -> dict[str, Check]:
    api = orchestration.Api(os.environ.get("PREFECT_API_URL"), os.environ.get("PREFECT_API_KEY"))
    found: dict[str, Check] = {"prefect": partial(orchestration.server, api)}
    if api.url is None:
        return found
    import_module("deployments.as_code")  # Prefect loads slowly; that is nobody's hanging
    return found | {
        "prefect_database": partial(orchestration.database, api, REAL.get(desk, State.OK)),
        "work_pool": partial(orchestration.pool, api),
        "worker": partial(orchestration.worker, api),
        "deployments": partial(orchestration.deployed, api, desk),
        "as_code": partial(orchestration.as_code, desk),
    }
