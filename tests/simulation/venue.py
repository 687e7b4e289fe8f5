"""The simulated Coincheck without sockets: our own client's requests, answered in process by the simulator's exchange.

What is accepted here is the truth that the invariants are checked against: every order with whose request made it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from decimal import ROUND_DOWN, Decimal
from functools import lru_cache
from types import SimpleNamespace
from typing import Any
from urllib.parse import parse_qsl

from simulator.coincheck import private, public
from simulator.coincheck.auth import Keyring
from simulator.coincheck.exchange import Exchange
from simulator.coincheck.orders import Order
from simulator.coincheck.pace import Pace
from simulator.coincheck.private import Call
from simulator.coincheck.rules import Refused, rule
from simulator.config import SimulatorConfig
from simulator.faults import FaultBook
from simulator.ledger import Ledger
from simulator.market import Bar, Market
from simulator.rates import Rates
from simulator.replay import open_market
from simulator.shapes import MarketShape
from simulator.times import CANDLE_MS
from simulator.world import World

KEY, SECRET = "storm-key", "storm-secret"
URL = "https://coincheck.storm"
START_JPY = Decimal(100_000)
RESTLESS = MarketShape("restless", 0.006, 0.0003, 0.02, 0.0, 0.0)
"""A market in which a price leaves an intent's band and hits a stop within minutes."""
CONFIG = SimulatorConfig(seed=11, shape=RESTLESS, history=300, future=3_000, access_key=KEY, secret_key=SECRET)
ORDERS = "/api/exchange/orders"

PRIVATE: dict[tuple[str, str], Callable[[Call], dict[str, Any]]] = {
    ("POST", ORDERS): private.place,
    ("GET", f"{ORDERS}/opens"): private.opens,
    ("GET", f"{ORDERS}/cancel_status"): private.cancel_status,
    ("GET", f"{ORDERS}/transactions"): private.transactions,
    ("GET", f"{ORDERS}/transactions_pagination"): private.transactions_page,
    ("GET", f"{ORDERS}/{{id}}"): private.show,
    ("DELETE", f"{ORDERS}/{{id}}"): private.cancel,
    ("GET", "/api/accounts/balance"): private.balance,
}
ORDER_ID = re.compile(r"\d+$")
PUBLIC: dict[str, Callable[[Any, World, int], Any]] = {
    "/api/ticker": public.ticker,
    "/api/exchange_status": public.exchange_status,
}


class LastBar(Market):
    """A market whose 24-hour figures are those of the last candle: nobody here reads them, and they take long."""

    def bars(
        self, symbol: str, now_ms: int, since_ms: int = 0, until_ms: int | None = None, limit: int = 500
    ) -> list[Bar]:
        """The candle that runs."""
        return super().bars(symbol, now_ms, 0, until_ms, 1)


@lru_cache(maxsize=1)
def market() -> LastBar:
    """The one generated market of this process."""
    made, _ = open_market(CONFIG)
    return LastBar(made._series)


@dataclass(frozen=True, slots=True)
class Request:
    """One request on the wire: what it says, which process sent it, for which trade or position, and when it left."""

    method: str
    url: str
    path: str
    query: dict[str, str]
    headers: Any
    body: str
    sender: str
    about: str
    left_ms: int


@dataclass(frozen=True, slots=True)
class Accepted:
    """An order that the venue took: for which trade (or position, a stop), and when the request left and arrived."""

    order: Order
    about: str
    sender: str
    left_ms: int
    at_ms: int


class Thin(Exchange):
    """An exchange whose book now and then is too thin for a stop: it sells a part, and the rest of it expires."""

    part: Callable[[int], Decimal] = staticmethod(lambda _: Decimal(1))

    def _against(self, order: Order, levels: Any) -> Any:
        parts = super()._against(order, levels)
        share = self.part(order.id) if order.stop_loss_rate is not None else Decimal(1)
        if share == 1:
            return parts
        step = rule(order.coin).amount_step
        cut = [replace(one, amount=(one.amount * share).quantize(step, ROUND_DOWN)) for one in parts]
        return [one for one in cut if one.amount > 0]


@dataclass
class Venue:
    """One account of one schedule. ``now_ms``: the world's time. ``foreign``: coins of each kind that are not ours.

    part: how much of a stop the book takes, by the order's id.
    """

    now_ms: Callable[[], int]
    foreign: Decimal = Decimal(0)
    part: Callable[[int], Decimal] = lambda _: Decimal(1)
    accepted: list[Accepted] = field(default_factory=list)

    def __post_init__(self) -> None:
        coins = [pair.coin.lower() for pair in CONFIG.pairs]
        self.ledger = Ledger({"jpy": START_JPY, **dict.fromkeys(coins, self.foreign)})
        rates = Rates([0], [Decimal(150)])
        symbols = {pair.coincheck: pair.binance for pair in CONFIG.pairs}
        self.exchange = Thin(market(), rates, symbols, self.ledger, CONFIG.seed, CONFIG.spread_pct)
        self.exchange.part = self.part
        clock: Any = SimpleNamespace(ms=self.now_ms)
        keys, nobody = Keyring(KEY, SECRET), FaultBook(CONFIG.seed)
        self.world = World(CONFIG, clock, market(), rates, self.exchange, keys, nobody, Pace(0), Pace(0))

    def answer(self, request: Request, seen_ms: int | None = None) -> tuple[int, bytes]:
        """Carry a request out: HTTP status and body. ``seen_ms``: the time whose prices a public one is shown."""
        try:
            body = self._public(request, seen_ms) if request.path in PUBLIC else self._private(request)
        except Refused as refused:
            return refused.status, json.dumps({"success": False, "error": refused.error}).encode()
        return 200, json.dumps(body).encode()

    def _public(self, request: Request, seen_ms: int | None) -> Any:
        asked = SimpleNamespace(query=request.query)
        return PUBLIC[request.path](asked, self.world, seen_ms if seen_ms is not None else self.now_ms())

    def _private(self, request: Request) -> Any:
        """As simulator.coincheck.private.signed does it, without a server."""
        self.world.keyring.check(request.headers, request.url, request.body)
        now_ms = self.now_ms()
        self.exchange.settle(now_ms)
        carry_out = PRIVATE[request.method, ORDER_ID.sub("{id}", request.path)]
        named = ORDER_ID.search(request.path)
        known = len(self.exchange.orders)
        order_id, fields = int(named.group()) if named else 0, dict(parse_qsl(request.body))
        said = carry_out(Call(self.world, now_ms, request.query, fields, order_id))
        if len(self.exchange.orders) > known:
            self._note(request, now_ms)
        return said

    def _note(self, request: Request, now_ms: int) -> None:
        order = next(reversed(self.exchange.orders.values()))
        self.accepted.append(Accepted(order, request.about, request.sender, request.left_ms, now_ms))

    def held(self, currency: str) -> Decimal:
        """All of a currency, tied up or not."""
        return self.ledger.free(currency) + self.ledger.reserved(currency)

    def moved(self, order_id: int) -> tuple[Decimal, Decimal]:
        """What an order moved: coins and yen, both positive."""
        fills = [fill for fill in self.ledger.fills if fill.order_id == order_id]
        return sum((f.amount for f in fills), Decimal(0)), sum((f.funds for f in fills), Decimal(0))

    def ask(self, pair: str, at_ms: int) -> Decimal:
        """The best ask at a time."""
        return self.exchange.book(pair, at_ms).asks[0].price


def starts_ms() -> tuple[int, int]:
    """The first and the last time at which a schedule may begin."""
    return market().first_ms + 100 * CANDLE_MS, market().end_ms - 100 * CANDLE_MS
