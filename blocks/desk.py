"""The composition root: the only place that knows which exchange, tables and clock a desk is made of."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache, partial

from adapters.aws import Aws, open_aws
from adapters.binance import BinanceMarketData
from adapters.binance_perpetual import BinancePerpetual
from adapters.clock import MarketClock, SystemClock
from adapters.coincheck import CoincheckExchange, Credentials
from adapters.cold import ParquetCandles
from adapters.dynamodb import open_tables
from adapters.metrics import CloudWatchMetrics
from adapters.notices import LoggedAlerts
from adapters.paper import PaperExchange, open_paper_book
from adapters.s3 import S3Archive
from adapters.slack import SlackAlerts
from adapters.sqs import SqsOrderQueue
from blocks.arming import Arming, Opening, must_say_live
from blocks.data import candles_of, validator_of
from blocks.handed import with_handed
from blocks.judging import forecaster_of, moods_of, news_of
from blocks.logs import write_logs
from blocks.names import DESKS, DeskName, desk_names, must_be_known, shared_names
from blocks.secrets import with_secrets
from blocks.settings import Settings, load_settings
from trading.errors import BadInput, Halt
from trading.money import yen
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
    Metrics,
    OrderQueue,
    Readings,
)
from trading.ports.candles import ColdCandles, Revisions, SecondVenue
from trading.ports.context import ContextSource
from trading.ports.forecasts import Forecasts
from trading.ports.heartbeats import Heartbeats
from trading.ports.items import Items
from trading.ports.lineage import Lineage
from trading.ports.news import News
from trading.ports.quality import Validator
from trading.quality.memory import Memory
from trading.services import protect
from trading.services.revisions import History
from trading.strategy import Strategy, load_strategy
from trading.tables import Names

__all__ = [
    "DESKS", "Desk", "DeskName", "desk_names", "glance_at_desk", "inspect_desk", "must_be_known", "open_desk",
    "shared_names",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Desk:
    """Everything one desk trades with, as ports: the code below never asks what is behind them.

    second  another market of the same coins, asked when a candle is hard to believe.
    memory  what this process has found out of candles already.
    guard   keeps a stop at the venue for a position, or nothing.  arm  raises Halt unless entries may start here.
    """

    name: str
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
    forecasts: Forecasts
    news: News
    moods: tuple[ContextSource, ...]
    metrics: Metrics
    validator: Validator
    second: SecondVenue
    memory: Memory
    lineage: Lineage
    revisions: Revisions
    cold: ColdCandles
    items: Items
    heartbeats: Heartbeats
    guard: Callable[[str, datetime], object] = protect.leave
    arm: Callable[[], None] = lambda: None

    @property
    def history(self) -> History:
        """Where answers and changed candles are kept, and what this process knows of them."""
        return History(self.archive, self.revisions, self.memory)

    def pair(self, key: str) -> Pair:
        """A configured pair by its key. Raises BadInput with the keys there are."""
        for pair in self.pairs:
            if pair.key == key:
                return pair
        msg = f"unknown pair {key!r}; configured are {', '.join(pair.key for pair in self.pairs)}"
        raise BadInput(msg)


def open_desk(name: str) -> Desk:
    """The desk of that name, to trade with; made once per process and settings.

    Raises BadInput for a wrong setting or an unknown desk, Halt when the desk may not or cannot be opened.
    """
    return with_handed(_open(name, load_settings()))


def inspect_desk(name: str) -> Desk:
    """The same desk, to look at and to operate by hand: nothing has to be armed for that."""
    return _assembled(name, load_settings())


def glance_at_desk(name: str) -> Desk:
    """The same desk, only to be read: where the strategy file is broken, the default stands in, and the log says so."""
    settings = load_settings()
    try:
        load_strategy(settings.strategy)
    except BadInput as error:
        logging.getLogger("trader.desk").error("%s; NOTHING TRADES until it is put right", error)  # noqa: TRY400
        settings = settings.model_copy(update={"strategy": None})
    return _assembled(name, settings)


@lru_cache(maxsize=4)
def _open(name: str, settings: Settings) -> Desk:
    if must_be_known(name) == "live":
        must_say_live(settings)
    return _assembled(name, settings)


@lru_cache(maxsize=4)
def _assembled(name: str, settings: Settings) -> Desk:
    settings = with_secrets(settings, venue=name != "paper")
    write_logs(settings)
    names, market, aws = desk_names(name, settings), BinanceMarketData(settings.binance_url), open_aws()
    aws.reachable()
    pairs, strategy = parse_pairs(settings.pairs_config), load_strategy(settings.strategy)
    venue = _VENUES[name](_Site(settings, names, aws, pairs, market))
    tables, archive = open_tables(names, aws), S3Archive(names, aws)
    exchange, ledger, cold = venue.exchange, tables.ledger, ParquetCandles(archive)
    metrics = CloudWatchMetrics({"desk": name, "prefix": names.prefix})
    stops = venue.stops if settings.protective_stops is None else settings.protective_stops
    return Desk(
        name=name,
        pairs=pairs,
        strategy=strategy,
        clock=venue.clock,
        market=market,
        exchange=exchange,
        candles=candles_of(settings, f"{names.prefix}:{name}", tables, archive, cold, market, venue.clock),
        readings=tables.readings,
        ledger=ledger,
        queue=SqsOrderQueue(names, aws),
        archive=archive,
        alerts=SlackAlerts(settings.slack_webhook_url) if settings.slack_webhook_url else LoggedAlerts(),
        forecaster=forecaster_of(settings, shared_names(settings), aws, pairs, metrics),
        forecasts=tables.forecasts,
        news=news_of(settings, shared_names(settings), aws, strategy, venue.clock),
        moods=moods_of(settings, pairs),
        metrics=metrics,
        validator=validator_of(settings),
        second=BinancePerpetual(settings.binance_futures_url),
        memory=Memory(),
        lineage=tables.lineage,
        revisions=tables.revisions,
        cold=cold,
        items=tables.items,
        heartbeats=tables.heartbeats,
        guard=partial(protect.keep, ledger=ledger, exchange=exchange, strategy=strategy) if stops else protect.leave,
        arm=venue.opening(pairs, venue.clock, ledger, exchange, strategy),
    )


@dataclass(frozen=True, slots=True)
class _Venue:
    """What differs between desks: where orders go, by which clock, what protects them, and what opens them."""

    exchange: Exchange
    clock: Clock
    stops: bool = False
    opening: type[Opening] = Opening


@dataclass(frozen=True, slots=True)
class _Site:
    """What every desk is made from."""

    settings: Settings
    names: Names
    aws: Aws
    pairs: tuple[Pair, ...]
    market: BinanceMarketData


def _embedded(site: _Site) -> _Venue:
    """A venue on this machine and its clock: our own Coincheck client against whatever answers at its URL."""
    exchange = CoincheckExchange(site.settings.coincheck_url, _credentials(site.settings), site.pairs)
    return _Venue(exchange, MarketClock(site.market))


def _paper(site: _Site) -> _Venue:
    """The venue's real prices, and a ledger of our own that fills orders at them."""
    settings, clock = site.settings, MarketClock(site.market, SystemClock())
    book = open_paper_book(site.names, site.aws, yen(settings.paper_jpy), clock.now)
    prices = CoincheckExchange(settings.coincheck_url, None, site.pairs)
    return _Venue(PaperExchange(prices, book, clock.now, settings.paper_slippage_pct, settings.paper_fee_pct), clock)


def _live(site: _Site) -> _Venue:
    """The venue itself, with real money; entries start only once it is armed."""
    exchange = CoincheckExchange(site.settings.coincheck_url, _credentials(site.settings), site.pairs)
    return _Venue(exchange, MarketClock(site.market, SystemClock()), stops=True, opening=Arming)


_VENUES: dict[str, Callable[[_Site], _Venue]] = {"embedded": _embedded, "paper": _paper, "live": _live}


def _credentials(settings: Settings) -> Credentials:
    if settings.coincheck_access_key is None or settings.coincheck_secret_key is None:
        msg = "the exchange needs credentials: set TRADER_COINCHECK_ACCESS_KEY and TRADER_COINCHECK_SECRET_KEY"
        raise Halt(msg)
    return Credentials(settings.coincheck_access_key, settings.coincheck_secret_key)
