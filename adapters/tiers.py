"""Candles from whoever has them first: hot (Redis), warm (DynamoDB), cold (Parquet on S3), then the exchange.

The warm tier is the truth for as long as it keeps candles. A tier above may only lack some of them, never hold others:
the hot tier answers whole windows only, and what changes is withdrawn there before it changes below. Who fails makes
the answer slower, and is named in it; an answer that cannot be whole is an error.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pandas as pd

from adapters.cold.past import Keep, Known, Past
from adapters.dynamodb.candles import DynamoCandles
from adapters.hot import HotCandles
from trading import candles as frames
from trading.errors import Transient, Unknown
from trading.pairs import Pair
from trading.ports.candles import Answer, ColdCandles
from trading.ports.venues import MarketData
from trading.tables import PRICES

TIERS = ("hot", "warm", "cold", "exchange")
KEPT = timedelta(days=PRICES.ttl_days or 0)
EVER = datetime(1970, 1, 1, tzinfo=UTC)
log = logging.getLogger(__name__)


class TieredCandles:
    """The CandleStore port over all tiers, safe for many threads.

    hot: None without a Redis.  now: the market's time; asked only for windows that the warm tier does not fill.
    kept: how long the warm tier keeps a candle for certain.  keep: keeps what the exchange sent (``cold.past``).
    """

    def __init__(  # noqa: PLR0913 (each is a tier, or what they all need)
        self,
        hot: HotCandles | None,
        warm: DynamoCandles,
        cold: ColdCandles,
        market: MarketData,
        now: Callable[[], datetime],
        kept: timedelta = KEPT,
        keep: Keep | None = None,
    ) -> None:
        self._hot, self._warm, self._now, self._kept = hot, warm, now, kept
        self._past = Past(cold, market, keep)

    def put(self, pair: Pair, candles: pd.DataFrame, raw: str = "") -> int:
        """Store closed candles in the warm tier, whose errors are the caller's; then in the hot one, if it answers.

        While the hot tier cannot be told, candles that CHANGE stored ones are not stored, and Transient says so: it may
        still have the old ones, and answer others. New ones are stored in any case.
        """
        if candles.empty:
            return 0
        ticket = self._withdrawn(pair, candles)
        try:
            count = self._warm.put(pair, candles, raw, rewrite=self._hot is None or ticket is not None)
        except Unknown:
            raise  # it may still happen: until the hot tier's own limit, nobody brings these slots back
        except Exception:
            if self._hot and ticket:
                with suppress(Transient):
                    self._hot.give_up(pair, candles, ticket)
            raise
        if ticket:
            self._bring(pair, candles, ticket, after_put=True)
        return count

    def window(self, pair: Pair, at: datetime, count: int) -> pd.DataFrame:
        """The last ``count`` candles closed by ``at``, oldest first (fewer when there are fewer)."""
        return self.read(pair, at, count).candles

    def newest(self, pair: Pair) -> datetime | None:
        """Open time of the newest stored candle: the warm tier's, which decides what is stored."""
        return self._warm.newest(pair)

    def read(self, pair: Pair, at: datetime, count: int) -> Answer:
        """The same window, who answered, and who could not.

        Raises Transient when no tier can give the whole of it now, and Halt when the warm tier needs a person.
        """
        known, ticket = Known(), ""
        newest = frames.floor_time(at) - frames.INTERVAL
        if self._hot is not None:
            try:
                found = self._hot.window(pair, newest, count)
            except Transient as error:
                known.slower.append(f"hot: {error}")
            else:
                if found.candles is not None:
                    return Answer(found.candles, "hot")
                ticket = found.ticket
        try:
            stored = self._warm.window(pair, at, count)
        except Transient as error:
            known.slower.append(f"warm: {error}")
            return self._without_warm(known, pair, newest, count, error)
        if _whole(stored, newest, count):
            if ticket:
                self._bring(pair, stored, ticket, after_put=False)
            return Answer(stored, "warm", tuple(known.slower))
        return self._with_past(known, pair, newest, count, stored)

    # ------------------------------------------------------------------------------------------------ slower answers

    def _with_past(self, known: Known, pair: Pair, newest: datetime, count: int, stored: pd.DataFrame) -> Answer:
        """What the tables have, and before that what they had: they forget a candle some time after ``kept``.

        A window that lies within the tables' time is answered by them alone: what they lack does not exist.
        """
        kept_since, since = self._kept_since(), newest - (count - 1) * frames.INTERVAL
        known.add("warm", stored, EVER, newest)
        if since < kept_since:
            until = min(newest, kept_since - frames.INTERVAL)
            kept_since = self._past.extend(known, pair, since, until, count)
        return _answer(known, kept_since, count)

    def _without_warm(self, known: Known, pair: Pair, newest: datetime, count: int, error: Transient) -> Answer:
        """What the exchange has of the tables' time, all of it or an error: who else would know where a gap is."""
        kept_since, since = self._kept_since(), newest - (count - 1) * frames.INTERVAL
        recent = max(since, kept_since)
        self._past.add_exchange(known, pair, recent, newest)
        if known.count(recent) < (newest - recent) // frames.INTERVAL + 1:
            raise error
        if since < kept_since:
            until = min(newest, kept_since - frames.INTERVAL)
            kept_since = self._past.extend(known, pair, since, until, count)
        return _answer(known, kept_since, count)

    def _kept_since(self) -> datetime:
        """The first slot that the tables still have for certain."""
        return frames.floor_time(self._now() - self._kept) + frames.INTERVAL

    # ------------------------------------------------------------------------------------------------- the hot tier

    def _withdrawn(self, pair: Pair, candles: pd.DataFrame) -> str | None:
        if self._hot is None:
            return None
        try:
            return self._hot.withdraw(pair, candles)
        except Transient as error:
            log.warning("candles of %s are stored without the hot tier: %s", pair.key, error)
            return None

    def _bring(self, pair: Pair, candles: pd.DataFrame, ticket: str, *, after_put: bool) -> None:
        if self._hot is None:
            return
        try:
            self._hot.bring(pair, candles, ticket, after_put=after_put)
        except Transient as error:
            log.warning("candles of %s are not in the hot tier: %s", pair.key, error)


def _whole(candles: pd.DataFrame, newest: datetime, count: int) -> bool:
    """Whether these are all candles of the window: neither an older tier nor another day could add one."""
    if len(candles) < count or candles["open_time"].iloc[-1] != newest:
        return False
    return bool(candles["open_time"].iloc[0] == newest - (count - 1) * frames.INTERVAL)


def _answer(known: Known, since: datetime, count: int) -> Answer:
    """The last candles since the time from which on all are known, and the tiers that they came from."""
    times = sorted(at for at in known.rows if at >= since)[-count:]
    given = {known.rows[at][0] for at in times}
    tier = "+".join(tier for tier in TIERS if tier in given) or "warm"
    return Answer(frames.frame([known.rows[at][1] for at in times]), tier, tuple(known.slower))
