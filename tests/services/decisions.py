"""Decisions made by the functions that ``analyze`` calls, in its order, on tables in memory: something to explain."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

from adapters.aws import Aws
from adapters.dynamodb import open_tables
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.lineage import DynamoLineage
from adapters.dynamodb.revisions import DynamoRevisions
from adapters.forecast.momentum import MomentumForecaster
from adapters.news import NoNews
from tests.days import PAIRS, generated_candles
from tests.services.files import Files
from tests.services.kept import MemoryItems
from tests.simulation.tables import MemoryDynamo
from trading.basis import Rate, premiums
from trading.calibration.weight import EarnedWeight
from trading.candles import INTERVAL
from trading.lineage.inputs import range_of
from trading.lineage.record import Inputs, Origin
from trading.money import JPY, Price, Quantity, yen
from trading.order import Event, Execution, Intent
from trading.pairs import Pair
from trading.ports import Booking
from trading.ports.payloads import Payload
from trading.position import closed, opened
from trading.quality.findings import Finding, Validation
from trading.scoring import decide
from trading.services import books, intents, judge, lineage, monitor, payloads
from trading.services.decide import book
from trading.services.execute import claim
from trading.services.explain import Sources
from trading.services.looks import Look
from trading.services.quality import Checked, Gate
from trading.services.rows import signal_rows
from trading.strategy import Strategy
from trading.tables import LINEAGE, MARKET_CONTEXT, PRICES, SENTIMENT, Names
from trading.venue import Balances, Ticker

START = datetime(2024, 1, 1, tzinfo=UTC)
COUNT = 600
WINDOW = 336
"""Candles that are stored: what an analysis looks at, and no more."""
AT = START + 400 * INTERVAL + timedelta(seconds=7)
KEEN = Strategy(
    base_buy_threshold=0.01,
    size_1_score=Decimal("0.04"),
    size_2_score=Decimal("0.03"),
    size_3_score=Decimal("0.02"),
    size_4_score=Decimal("0.01"),
)
"""Buys whatever is liked at all."""
RATE = Decimal(150)


class Decisions:
    """A desk in memory. ``price``: what a coin costs at the venue, as a part of what it should."""

    def __init__(self, strategy: Strategy = KEEN) -> None:
        dynamo: Any = MemoryDynamo()
        none: Any = SimpleNamespace()
        aws = Aws("nowhere", "memory", dynamo, none, none, none, dynamo)
        names, client = Names("why"), Dynamo(dynamo)
        tables = open_tables(names, aws, lambda: AT)
        self.ledger, self.readings, self.forecasts = tables.ledger, tables.readings, tables.forecasts
        self.candles, self.revisions = tables.candles, DynamoRevisions(names, client)
        files: Any = Files
        self.lineage, self.archive, self.dynamo, self.names = DynamoLineage(names, client), files(), dynamo, names
        self.strategy, self.price, self.market = strategy, Decimal(1), {}
        for pair in PAIRS:
            self.market[pair.key] = generated_candles(pair, seed=3, count=COUNT, start=START)
        self.collect(AT)
        mood = {"fear_greed": 50, "funding": {"BTC": 0.0001}, "btc_dominance": 52.5, "sources": {}}
        self.readings.put_context(AT - timedelta(minutes=20), {**mood, "score": 0.0, "sources": _of_sources(mood)})
        raw = payloads.keep([Payload("cryptopanic", "posts", "market", "https://x", b"{}")], AT, self.archive)
        for pair in PAIRS:
            self.readings.put_sentiment(pair, AT - timedelta(minutes=25), _news(raw))

    def collect(self, at: datetime) -> None:
        """Candles closed by a time that are not stored yet, with their payload in the archive."""
        for pair in PAIRS:
            candles, newest = self.market[pair.key], self.candles.newest(pair)
            known = candles[candles["open_time"] + INTERVAL <= at].tail(WINDOW).reset_index(drop=True)
            known = known if newest is None else known[known["open_time"] > newest].reset_index(drop=True)
            raw = payloads.keep([Payload("binance", "klines", pair.key, "https://x", b"[]")], at, self.archive)
            self.candles.put(pair, known, raw)

    # ----------------------------------------------------------------------------------------------- as an exchange

    def ticker(self, trading_pair: str) -> Ticker:
        """The price at the venue: of the next candle's open, in yen."""
        pair = next(one for one in PAIRS if one.coincheck == trading_pair)
        close = Decimal(str(round(float(self.market[pair.key]["close"].iloc[399]), 6)))
        ask = Price((close * RATE * self.price).quantize(Decimal("0.0001")), pair.coin, JPY)
        return Ticker(trading_pair, ask.scaled(Decimal("0.9998")), ask, ask, AT)

    def balances(self) -> Balances:
        """A hundred thousand yen."""
        return Balances(yen(100_000), yen(0), {}, {})

    # -------------------------------------------------------------------------------------------------- the pipeline

    def analyse(
        self,
        at: datetime = AT,
        trigger: str = "btc_usdt last analysed 08:20 UTC",
        quarantined: dict[str, str] | None = None,
    ) -> str:
        """Judge, decide, record and book; the decision's id. ``quarantined``: what is wrong with which pair's data."""
        self.collect(at)
        gate = self._gate(at, quarantined or {})
        looks = [self._look(pair, at, gate) for pair in PAIRS]
        mood, weight = judge.context(at, self.readings, self.strategy), self.strategy.weight_forecast
        earned = EarnedWeight(weight, weight, "momentum-fallback", None, "fixed")
        exchange: Any = self
        account, basis = books.read_books(at, self.ledger, exchange), self._basis()
        decision = decide(books.market_of(looks, mood, earned, account, at, self.strategy, basis), self.strategy)
        keys = {pair.key: pair for pair in PAIRS}
        seen = Inputs(
            looks, mood, earned, account, gate, basis, {},
            lineage.readings_seen(looks, keys, at, self.readings, NoNews(), self.strategy),
            lineage.context_seen(mood, at, self.readings, self.strategy),
        )  # fmt: skip
        origin = Origin("embedded", trigger, "0.1.0", "abc1234", "run-1")
        link = lineage.trace(origin, at, seen, decision, self.lineage, self.strategy)
        wanted = [intents.entry(decision, keys[key], account, at, exchange, self.strategy) for key in decision.pairs]
        found = [one for one in wanted if isinstance(one, Intent)]
        rows = signal_rows(looks, mood, earned, decision, at, trigger, self.strategy, basis, link.record_id)
        notes = [one.reason for one in wanted if not isinstance(one, Intent)]
        rows = [{**row, "notes": notes} for row in rows]
        book(Booking(intents.decision_id_of(at), at, rows, found, list(keys)), self.ledger)
        return intents.decision_id_of(at)

    def entry(self) -> str:
        """The order that the last analysis booked."""
        return next(one.intent.trade_id for one in self.ledger.pending_trades())

    def fill(self, trade_id: str, at: datetime, part: str = "1") -> str:
        """Execute a booked order at the venue's price times ``part``; the position's id."""
        trade = claim(trade_id, "me", at, self.ledger, self.strategy)
        pair = next(one for one in PAIRS if one.key == trade.intent.pair)
        price = self.ticker(pair.coincheck).ask.scaled(Decimal(part))
        for event, more in ((Event.SEND, {"sent_at": at}), (Event.ACCEPT, {"order_id": "4711"})):
            trade = trade.on(event, at, **more)
            self.ledger.save_trade(trade)
        size = trade.intent.quantity
        if size is None and trade.intent.spend is not None:
            size = Quantity((trade.intent.spend.number / price.number).quantize(Decimal("0.00000001")), pair.coin)
        assert size is not None
        funds = yen((size.number * price.number).quantize(Decimal("0.01")))
        done = Execution(size, funds, yen(0), price)
        if (position := self.ledger.position(trade.intent.position_id or "")) is not None:
            over = closed(position, done, trade.intent.reason, at)
            self.ledger.close_position(trade.on(Event.FILL, at, executed=done), over)
            return position.position_id
        held = opened(trade, done, at, self.strategy)
        self.ledger.open_position(trade.on(Event.FILL, at, executed=done), held)
        return held.position_id

    def look_at(self, position_id: str, at: datetime) -> str:
        """One look of the monitor; the exit that it booked."""
        position = self.ledger.position(position_id)
        assert position is not None
        seen = monitor.look_at(position, at, self.ledger, self, self.strategy)  # type: ignore[arg-type]
        assert seen.exit is not None
        return seen.exit.trade_id

    def items(self) -> MemoryItems:
        """A copy of the tables that are archived or name payloads."""
        found = MemoryItems()
        for table in (LINEAGE, PRICES, SENTIMENT, MARKET_CONTEXT):
            found.put(table, *self.dynamo.scan(TableName=self.names.table(table))["Items"])
        return found

    def sources(self, now: datetime = AT) -> Sources:
        """What explanations are looked up in."""
        return Sources(
            PAIRS, self.ledger, self.lineage, self.candles, self.revisions, self.readings, self.forecasts,
            self.strategy, now, self.archive,
        )  # fmt: skip

    def _look(self, pair: Pair, at: datetime, gate: Gate) -> Look:
        if found := gate.quarantined.get(pair.key):
            return Look(pair.key, None, None, None, {"technical": f"quarantined: {found[0].words}"})
        kept = judge.kept_forecast(
            pair, at, self.candles, MomentumForecaster("none here"), self.forecasts, self.strategy
        )
        return Look(
            pair.key,
            judge.technical(pair, at, self.candles, self.strategy),
            kept,
            judge.sentiment(pair, at, NoNews(), self.readings, self.strategy),
            {},
        )

    def _gate(self, at: datetime, quarantined: dict[str, str]) -> Gate:
        checked = {}
        for pair in PAIRS:
            window = self.candles.window(pair, at, self.strategy.candles_window)
            says = Validation("candles", pair.key, at, len(window))
            checked[pair.key] = Checked(pair.key, at, range_of(pair.key, window), "warm", (), 0, says)
        wrong = {key: (Finding("high is the highest", 3, words),) for key, words in quarantined.items()}
        return Gate(tuple(key for key in checked if key not in wrong), wrong, checked)

    def _basis(self) -> Any:
        closes = {pair.key: float(self.market[pair.key]["close"].iloc[399]) for pair in PAIRS}
        asked = {pair.key: self.ticker(pair.coincheck).ask.number for pair in PAIRS}
        return premiums(closes, asked, Rate(float(RATE)), self.strategy)


def _of_sources(mood: dict[str, Any]) -> dict[str, Any]:
    as_of = int((AT - timedelta(minutes=30)).timestamp())
    names = [name for name in mood if name != "sources"]
    return {name: {"as_of": as_of, "provider": "made", "url": "https://x"} for name in names}


def _news(raw: str) -> dict[str, Any]:
    headline = {"key": "post-1", "title": "A title", "value": 0.6, "published_at": AT - timedelta(hours=1)}
    return {"value": 0.6, "score": 0.2, "article_count": 1, "headlines": [headline], "raw": raw}
