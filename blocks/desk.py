"""The composition root: the only place that knows which exchange, tables and clock a desk is made of."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from adapters.aws import open_aws
from adapters.binance import BinanceMarketData
from adapters.clock import MarketClock
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.dynamodb import open_tables
from adapters.forecast.momentum import MomentumForecaster
from adapters.notices import LoggedAlerts
from adapters.s3 import S3Archive
from adapters.slack import SlackAlerts
from adapters.sqs import SqsOrderQueue
from blocks.settings import Settings, load_settings
from trading.errors import BadInput, Halt
from trading.pairs import Pair, parse_pairs
from trading.ports import (
    Alerts,
    Archive,
    CandleStore,
    Clock,
    Exchange,
    Forecaster,
    Ledger,
    MarketData,
    OrderQueue,
    Readings,
)
from trading.strategy import Strategy, load_strategy
from trading.tables import Names

DeskName = Literal["embedded", "paper", "live"]


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything one desk trades with, as ports: the code below never asks what is behind them."""

    name: DeskName
    pairs: tuple[Pair, ...]
    strategy: Strategy
    clock: Clock
    market: MarketData
    exchange: Exchange
    candles: CandleStore
    readings: Readings
    ledger: Ledger
    queue: OrderQueue
    archive: Archive
    alerts: Alerts
    forecaster: Forecaster

    def pair(self, key: str) -> Pair:
        """A configured pair by its key. Raises BadInput with the keys there are."""
        for pair in self.pairs:
            if pair.key == key:
                return pair
        msg = f"unknown pair {key!r}; configured are {', '.join(pair.key for pair in self.pairs)}"
        raise BadInput(msg)


def open_desk(name: str) -> Desk:
    """The desk of that name, made once per process and settings.

    Raises BadInput for a wrong setting or an unknown desk, Halt when the desk may not or cannot be opened.
    """
    return _open(name, load_settings())


@lru_cache(maxsize=4)
def _open(name: str, settings: Settings) -> Desk:
    must_be_open(name)
    return _embedded(settings)


def must_be_open(name: str) -> None:
    """Raises Halt for a desk that is not built yet, BadInput for one that is not known."""
    if name in {"paper", "live"}:
        msg = f"the {name} desk is not open yet: its exchange and its reconciliation are still to be built"
        raise Halt(msg)
    if name != "embedded":
        msg = f"unknown desk {name!r}; desks are embedded, paper and live"
        raise BadInput(msg)


def _embedded(settings: Settings) -> Desk:
    """A venue on this machine and its clock: our own Coincheck client against whatever answers at its URL."""
    pairs = parse_pairs(settings.pairs_config)
    market = BinanceMarketData(settings.binance_url)
    names = Names(settings.prefix)
    aws = open_aws()
    aws.reachable()
    tables = open_tables(names, aws)
    return Desk(
        name="embedded",
        pairs=pairs,
        strategy=load_strategy(settings.strategy),
        clock=MarketClock(market),
        market=market,
        exchange=CoincheckExchange(settings.coincheck_url, _credentials(settings), pairs),
        candles=tables.candles,
        readings=tables.readings,
        ledger=tables.ledger,
        queue=SqsOrderQueue(names, aws),
        archive=S3Archive(names, aws),
        alerts=SlackAlerts(settings.slack_webhook_url) if settings.slack_webhook_url else LoggedAlerts(),
        forecaster=MomentumForecaster("no forecast model is set up on this desk"),
    )


def _credentials(settings: Settings) -> Credentials:
    if settings.coincheck_access_key is None or settings.coincheck_secret_key is None:
        msg = "the exchange needs credentials: set TRADER_COINCHECK_ACCESS_KEY and TRADER_COINCHECK_SECRET_KEY"
        raise Halt(msg)
    return Credentials(settings.coincheck_access_key, settings.coincheck_secret_key)
