"""Every provider whose answers we read: real bodies of it, how it is asked over a scripted wire, what is a valid value.

The bodies are the providers' own (recorded, or the examples of their reference), shortened.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from itertools import count
from typing import Any

import httpx
import requests
from pydantic import SecretStr
from requests.adapters import BaseAdapter

from adapters.binance import BinanceMarketData
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.context import context_sources
from tests.contract import providers_of_judges as judges
from tests.contract.mutations import Answer
from trading.candles import COLUMNS, problems
from trading.money import yen
from trading.order import Fill, MarketBuy
from trading.pairs import parse_pairs
from trading.ports.context import Measured
from trading.signals.context import RANGES
from trading.venue import Availability, Balances, Ticker, VenueOrder

PAIRS = parse_pairs(None)
SINCE = datetime(2015, 1, 1, tzinfo=UTC)
_keys = count()
AT_MS = 1_767_571_200_000

type Ask = Callable[[Answer], Any]


@dataclass(frozen=True, slots=True)
class Question:
    """One question to one provider. valid: whether a value is one that may be acted on, or that says what it lacks."""

    seeds: tuple[Any, ...]
    ask: Ask
    valid: Callable[[Any], bool]
    cases: int = 400
    sends: bool = False


def _answering(answer: Answer) -> httpx.Client:
    """A client that gets this answer, whatever it asks."""
    return httpx.Client(transport=httpx.MockTransport(lambda _: httpx.Response(answer.status, content=answer.body)))


# ----------------------------------------------------------------------------------------------- Binance, through ccxt


class _Script(BaseAdapter):
    """What ccxt's HTTP library is answered with."""

    def __init__(self) -> None:
        super().__init__()
        self.answer = Answer(200, b"")

    def send(self, request: Any, **_: Any) -> requests.Response:  # type: ignore[override]
        response = requests.Response()
        response.status_code, response.raw = self.answer.status, io.BytesIO(self.answer.body)
        response.headers["Content-Type"], response.url, response.request = "application/json", request.url, request
        response.reason = "?"
        return response

    def close(self) -> None:
        """Nothing is open."""


@cache
def _binance() -> tuple[BinanceMarketData, _Script]:
    market, script = BinanceMarketData("http://binance.test", PAIRS), _Script()
    client = market._new_client()
    client.session.mount("http://", script)
    client.enableRateLimit = False
    market._idle.put(client)
    return market, script


def _of_binance(ask: Callable[[BinanceMarketData], Any]) -> Ask:
    def asked(answer: Answer) -> Any:
        market, script = _binance()
        script.answer = answer
        return ask(market)

    return asked


def _candles_are_valid(found: Any) -> bool:
    """Sorted prices, or a frame of which the collector says what is wrong before anything is stored."""
    numbers = found[list(COLUMNS[1:])]
    return bool(((numbers > 0) & (numbers < math.inf)).all().all()) or bool(problems(found)) or found.empty


KLINES = [
    [AT_MS + n * 300_000, "93548.91", "93610.93", "93460.20", "93576.00", "25.51", AT_MS + (n + 1) * 300_000 - 1,
     "2386837.5", 5431, "13.1", "1225702.9", "0"]
    for n in range(3)
]  # fmt: skip

# ---------------------------------------------------------------------------------------------------------- Coincheck


def _of_coincheck(ask: Callable[[CoincheckExchange], Any]) -> Ask:
    def asked(answer: Answer) -> Any:
        http = _answering(answer)
        own_key = Credentials(SecretStr(f"fuzz-{next(_keys)}"), SecretStr("planted-secret"))  # nonces jump by key
        unpaced: Any = {"orders_per_s": None, "details_per_s": None}
        return ask(CoincheckExchange("https://coincheck.test", own_key, PAIRS, http=http, **unpaced))

    return asked


def _exact(*numbers: Decimal) -> bool:
    return all(isinstance(number, Decimal) and number.is_finite() for number in numbers)


def _aware(at: datetime) -> bool:
    return at.utcoffset() == timedelta(0)


def _ticker_is_valid(found: Ticker) -> bool:
    prices = [found.bid.number, found.ask.number, found.last.number]
    return _exact(*prices) and 0 < prices[0] <= prices[1] and prices[2] > 0 and _aware(found.at)


def _balances_are_valid(found: Balances) -> bool:
    coins = [one.number for one in (*found.free.values(), *found.reserved.values())]
    return _exact(found.jpy_free.number, found.jpy_reserved.number, *coins) and all(one >= 0 for one in coins)


def _order_is_valid(found: VenueOrder) -> bool:
    sizes = [one.number for one in (found.spend, found.quantity, found.executed) if one is not None]
    return found.order_id.isdecimal() and _exact(*sizes) and min(sizes, default=0) >= 0 and _aware(found.created_at)


def _fill_is_valid(found: Fill) -> bool:
    return _exact(found.quantity.number, found.funds.number, found.fee.number) and found.quantity.number > 0


ORDER = {
    "success": True, "id": 12345, "pair": "btc_jpy", "status": "PARTIALLY_FILLED_EXPIRED", "order_type": "buy",
    "rate": "0.1", "stop_loss_rate": None, "amount": "1.0", "market_buy_amount": None, "executed_amount": "0",
    "executed_market_buy_amount": None, "created_at": "2015-01-10T05:55:38.000Z",
}  # fmt: skip
OPENS = {"success": True, "orders": [
    {"id": 202835, "order_type": "buy", "rate": 26890, "pair": "btc_jpy", "pending_amount": "0.5527",
     "pending_market_buy_amount": None, "stop_loss_rate": None, "created_at": "2015-01-10T05:55:38.000Z"},
    {"id": 38632107, "order_type": "buy", "rate": None, "pair": "btc_jpy", "pending_amount": None,
     "pending_market_buy_amount": "10000.0", "stop_loss_rate": "50000.0", "created_at": "2016-02-23T12:14:50.000Z"},
]}  # fmt: skip
ROWS = {"success": True, "pagination": {"limit": 1, "order": "desc"}, "data": [
    {"id": 38, "order_id": 12345, "created_at": "2015-11-18T07:02:21.000Z", "funds": {"btc": "0.1", "jpy": "-4096.135"},
     "pair": "btc_jpy", "rate": "40900.0", "fee_currency": "JPY", "fee": "6.135", "liquidity": "T", "side": "buy"},
    {"id": 37, "order_id": 48, "created_at": "2015-11-18T07:02:21.000Z", "funds": {"btc": "-0.1", "jpy": "4094.09"},
     "pair": "btc_jpy", "rate": "40900.0", "fee_currency": "JPY", "fee": "-4.09", "liquidity": "M", "side": "sell"},
]}  # fmt: skip
BALANCE = {"success": True, "jpy": "0.8401", "btc": "7.75052654", "jpy_reserved": "3000.0", "btc_reserved": "3.5002"}
STATUS = {"exchange_status": [{"pair": "btc_jpy", "status": "available", "timestamp": 1780367907,
                               "availability": {"order": True, "market_order": True, "cancel": True}}]}  # fmt: skip
REFUSALS = tuple(
    {"success": False, "error": words}
    for words in (
        "JPYの所持金額が足りません",
        "量が最低量(0.001 BTC)を下回っています",
        "Nonce must be incremented",
        "too_many_requests",
    )
)
PLACED = {"success": True, "id": 12345, "rate": None, "amount": None, "order_type": "market_buy", "pair": "btc_jpy"}
BUY = MarketBuy("btc_jpy", yen(5_000))

# ------------------------------------------------------------------------------------------------------ market context


def _of_context(number: int) -> Ask:
    def asked(answer: Answer) -> Measured:
        urls = ("https://fng.test", "https://fapi.test", "https://gecko.test")
        return context_sources(*urls, PAIRS, http=_answering(answer))[number].read()

    return asked


def _measured_is_valid(found: Measured) -> bool:
    values = list(found.value.values()) if isinstance(found.value, dict) else [found.value]
    low, high = RANGES[found.name]
    return bool(values) and all(math.isfinite(v) and low <= v <= high for v in values) and _aware(found.as_of)


FEAR_GREED = {"name": "Fear and Greed Index", "metadata": {"error": None}, "data": [
    {"value": "12", "value_classification": "Extreme Fear", "timestamp": "1780704000", "time_until_update": "36278"}
]}  # fmt: skip
PREMIUM = [
    {"symbol": pair.binance, "markPrice": "76916.95122464", "indexPrice": "76959.67847826",
     "lastFundingRate": "0.00008972", "interestRate": "0.00010000", "nextFundingTime": 1789488000000,
     "time": 1789478303000, "fundingIntervalHours": 8}
    for pair in PAIRS
]  # fmt: skip
READ = ("symbol", "lastFundingRate", "nextFundingTime", "time", "fundingIntervalHours")
LEAN = [{key: row[key] for key in READ} for row in PREMIUM]  # what we read of it is changed more often so
GLOBAL = {"data": {
    "active_cryptocurrencies": 11687, "markets": 955, "total_market_cap": {"usd": 1731998238933.44, "jpy": 2.46e14},
    "market_cap_percentage": {"btc": 49.61, "eth": 15.54}, "market_cap_change_percentage_24h_usd": 2.93,
    "updated_at": 1703201062,
}}  # fmt: skip
TETHER = {"tether": {"jpy": 155.12, "last_updated_at": 1711356300}}

# -------------------------------------------------------------------------------------------------------------- all

QUESTIONS: dict[str, Question] = {
    "binance candles": Question(
        (KLINES,), _of_binance(lambda m: m.candles(PAIRS[0], datetime.fromtimestamp(AT_MS / 1000, UTC), 3)),
        _candles_are_valid, 600,
    ),
    "binance newest candles": Question(
        (KLINES,), _of_binance(lambda m: m.candles(PAIRS[0], None, 3)), _candles_are_valid
    ),
    "binance time": Question(({"serverTime": AT_MS},), _of_binance(lambda m: m.server_time()), _aware, 200),
    "coincheck ticker": Question(
        ({"last": 27390, "bid": 26900, "ask": 27390, "high": 27659, "volume": "50.29", "timestamp": 1423377841},),
        _of_coincheck(lambda v: v.ticker("btc_jpy")), _ticker_is_valid,
    ),
    "coincheck status": Question(
        (STATUS,), _of_coincheck(lambda v: v.availability("btc_jpy")),
        lambda found: isinstance(found, Availability), 200,
    ),
    "coincheck balances": Question((BALANCE,), _of_coincheck(lambda v: v.balances()), _balances_are_valid),
    "coincheck order": Question((ORDER,), _of_coincheck(lambda v: v.order("12345")), _order_is_valid),
    "coincheck open orders": Question(
        (OPENS,), _of_coincheck(lambda v: v.open_orders()), lambda found: all(map(_order_is_valid, found))
    ),
    "coincheck fills of an order": Question(
        (ROWS,), _of_coincheck(lambda v: v.fills("12345", SINCE)), lambda found: all(map(_fill_is_valid, found)), 600
    ),
    "coincheck executions": Question(
        (ROWS,), _of_coincheck(lambda v: v.executions(SINCE)), lambda found: all(map(_fill_is_valid, found)), 600
    ),
    "coincheck placing": Question(
        (PLACED, *REFUSALS), _of_coincheck(lambda v: v.place(BUY, lambda: True)), str.isdecimal, 600, sends=True
    ),
    "coincheck cancelling": Question(
        ({"success": True, "id": 12345}, *REFUSALS), _of_coincheck(lambda v: v.cancel("12345")),
        lambda found: found is None,
    ),
    "fear and greed": Question((FEAR_GREED,), _of_context(0), _measured_is_valid, 600),
    "funding": Question((PREMIUM, LEAN, LEAN), _of_context(1), _measured_is_valid, 600),
    "dominance": Question((GLOBAL,), _of_context(2), _measured_is_valid, 600),
    "yen per dollar": Question((TETHER,), _of_context(3), _measured_is_valid, 600),
    "news": Question((judges.POSTS,), judges.ask_news, judges.news_are_valid),
    "forecasts": Question((judges.PREDICTIONS,), judges.ask_model, judges.forecasts_are_valid),
}  # fmt: skip
