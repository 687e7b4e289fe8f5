"""A simulated exchange, our Coincheck client of it, and the check that every outcome is borne out by its ledger."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import httpx
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials
from adapters.http import http_client
from tests.contract.worlds import World
from tests.unit.coincheck_wire import ours
from trading.errors import Halt, Rejected, TradingError, Transient, Unknown
from trading.money import JPY, Price, Quantity, yen
from trading.order import MarketBuy, Order
from trading.pairs import Pair, lot_rules, parse_pairs

PAIRS = parse_pairs(None)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Desk:
    """A world, and our client in it."""

    world: World
    exchange: CoincheckExchange
    http: httpx.Client

    @property
    def credentials(self) -> Credentials:
        """The account's key."""
        return Credentials(SecretStr(self.world.config.access_key), SecretStr(self.world.config.secret_key))

    def accepted(self) -> list[str]:
        """The ids of all orders that the venue ever took."""
        ledger = self.http.get(f"{self.world.url}/_ledger").json()
        assert ledger["conserved"]
        return [str(order["id"]) for order in ledger["orders"]]

    def fault(self, **spec: Any) -> None:
        """Something goes wrong with Coincheck's orders from now on."""
        body = {"target": "coincheck", "path": "exchange/orders", **spec}
        self.http.post(f"{self.world.url}/_faults", json=body).raise_for_status()

    def attempt(self, order: Order, exchange: CoincheckExchange | None = None) -> TradingError | str:
        """Place an order once; its id or the error. Whichever it is, the venue's ledger says the same."""
        before = self.accepted()
        result: TradingError | str
        try:
            result = (exchange or self.exchange).place(order, ours)
        except TradingError as error:
            result = error
        new = self.accepted()[len(before) :]
        if isinstance(result, str):
            assert new == [result]
        else:
            assert type(result) in {Transient, Unknown, Rejected, Halt}
            assert len(new) <= isinstance(result, Unknown)
        return result

    def holding(self, pair: Pair, jpy: int = 200_000) -> Quantity:
        """Buy some; how many coins are free now."""
        assert isinstance(self.attempt(MarketBuy(pair.coincheck, yen(jpy))), str)
        return self.exchange.balances().free[pair.coin]


def desk_of(world: World, **http: Any) -> Desk:
    """A client of a world, unpaced."""
    keys = Credentials(SecretStr(world.config.access_key), SecretStr(world.config.secret_key))
    exchange = CoincheckExchange(
        f"{world.url}/coincheck", keys, PAIRS, http=http_client(**http), orders_per_s=None, details_per_s=None
    )
    return Desk(world, exchange, httpx.Client(timeout=10))


def smallest(pair: Pair) -> Quantity:
    """The smallest amount the venue trades."""
    return Quantity(lot_rules(pair).min_size, pair.coin)


def below(desk: Desk, pair: Pair, ratio: str) -> Price[JPY]:
    """A price below the market's, not rounded to anything."""
    return desk.exchange.ticker(pair.coincheck).bid.scaled(Decimal(ratio))
