"""All that the handlers share: one clock, one market, one exchange, one book of faults."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from aiohttp import web

from simulator.clock import Clock
from simulator.coincheck.auth import Keyring
from simulator.coincheck.exchange import Exchange
from simulator.coincheck.pace import Pace
from simulator.config import SimulatorConfig
from simulator.faults import FaultBook
from simulator.ledger import Ledger
from simulator.market import Market
from simulator.rates import Rates, read_rates
from simulator.replay import open_market


@dataclass(slots=True)
class World:
    """The state behind every endpoint; only the event loop's thread touches it."""

    config: SimulatorConfig
    clock: Clock
    market: Market
    rates: Rates
    exchange: Exchange
    keyring: Keyring
    faults: FaultBook
    new_orders: Pace
    order_details: Pace
    slack: list[dict[str, Any]] = field(default_factory=list)


WORLD = web.AppKey("world", World)
FROZEN_MS = web.RequestKey("frozen_ms", int)
"""On a request: the time whose prices it is shown, when they are stale."""
HIDDEN: web.RequestKey[frozenset[int]] = web.RequestKey("hidden", frozenset)
"""On a request: open times of the candles that are hidden from it."""


def make_world(config: SimulatorConfig) -> World:
    """Build the world that a configuration describes. Raises BadInput."""
    market, start = open_market(config)
    rates = read_rates(config.usdjpy)
    coins = [pair.coin.lower() for pair in config.pairs]
    exchange = Exchange(
        market=market,
        rates=rates,
        symbols={pair.coincheck: pair.binance for pair in config.pairs},
        ledger=Ledger({"jpy": config.jpy, **dict.fromkeys(coins, Decimal(0))}),
        seed=config.seed,
        spread_pct=config.spread_pct,
    )
    return World(
        config=config,
        # An endless market keeps this machine's time also when that was asleep, or was set right.
        clock=Clock(start, config.speed, time.monotonic if config.since is None else time.time),
        market=market,
        rates=rates,
        exchange=exchange,
        keyring=Keyring(config.access_key, config.secret_key),
        faults=FaultBook(config.seed),
        new_orders=Pace(config.orders_per_s),
        order_details=Pace(config.details_per_s),
    )


def world_of(request: web.Request) -> World:
    """The world a request belongs to."""
    return request.app[WORLD]


def seen_ms(request: web.Request) -> int:
    """The time whose prices this request gets to see: now, or when a ``stale`` fault froze them."""
    frozen = request.get(FROZEN_MS)
    return world_of(request).clock.ms() if frozen is None else frozen
