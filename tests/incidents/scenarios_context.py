"""Incidents of what is known of the market: a bullish forecast in extreme fear, defaults where nothing was measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import httpx

from adapters.context import BitcoinDominance, FearGreed, context_sources
from flows.collect_context import collect_context
from flows.outcomes import StepsFailedError
from tests.incidents.stage import Incident, Stage
from tests.services.conftest import PAIRS
from trading import scoring, thresholds
from trading.errors import InsufficientData, TradingError
from trading.ports.context import Measured
from trading.scoring import ContextInputs, Decision, Market, MissingInputs, PairInputs
from trading.services import collect, judge
from trading.services.looks import Outcomes, inputs_of, looks_of
from trading.signals.context import FUNDING, ContextSignal, funding_value

BULLISH = PairInputs(
    technical_score=0.1,
    forecast_score=1.0,
    forecast_confidence=0.9,
    sentiment_score=0.0,
    bb_width=0.03,
    macd_histogram=0.0,
    macd_histogram_slope=0.0,
)
RATE = 0.0001


def _collected(stage: Stage, index: Any = 21, share: Any = 56.0) -> str:
    """One run of ``collect_context`` with providers that say this; what the run failed with. A status is an answer."""
    now_s = int(stage.room.now().timestamp())
    due_ms = now_s // 28_800 * 28_800_000
    rates = [
        {"symbol": pair.binance, "lastFundingRate": f"{RATE:f}", "time": now_s * 1000, "nextFundingTime": due_ms}
        for pair in PAIRS.values()
    ]
    said: dict[str, Any] = {
        "/fng/": index if index == 429 else {"data": [{"value": str(index), "timestamp": str(now_s - 3600)}]},
        "/fapi/v1/premiumIndex": rates,
        "/fapi/v1/fundingInfo": [],
        "/api/v3/global": {"data": {"market_cap_percentage": {"btc": share}, "updated_at": now_s - 60}},
        "/api/v3/simple/price": {"tether": {"jpy": 150.0, "last_updated_at": now_s - 60}},
    }

    def answer(request: httpx.Request) -> httpx.Response:
        body = said[request.url.path]
        return httpx.Response(body) if isinstance(body, int) else httpx.Response(200, json=body)

    http = httpx.Client(transport=httpx.MockTransport(answer))
    sources = context_sources("https://a", "https://b", "https://c", tuple(PAIRS.values()), http=http)
    with stage.patch.context() as patch:
        patch.setattr(Stage, "desk", replace(stage.desk, moods=sources))
        try:
            stage.run(collect_context)
        except StepsFailedError as error:
            return str(error)
    return ""


def _mood(stage: Stage) -> ContextSignal:
    return judge.context(stage.room.now(), stage.desk.readings, stage.room.strategy)


def _decided(stage: Stage, pairs: Mapping[str, PairInputs | MissingInputs]) -> Decision:
    """The decision on these pairs in the stored mood, with nothing held and nothing forbidden."""
    mood = _mood(stage)
    known = ContextInputs(mood.score, mood.fear_greed, mood.btc_dominance, mood.age_s or 0.0)
    return scoring.decide(Market(stage.room.now(), pairs, known, [], {}), stage.room.strategy)


# ----------------------------------------------------------------------------------------------------------------- I14


def a_bullish_forecast_in_extreme_fear(stage: Stage) -> None:
    """The forecast could not be better, the chart says little: at an index of 21 that is a buy, at 20 it is not."""
    assert _collected(stage, index=21) == ""
    ordinary = _decided(stage, {"btc_usdt": BULLISH})
    assert (ordinary.action, ordinary.pairs) == ("BUY", ("btc_usdt",))
    stage.room.world.advance(1_800)
    assert _collected(stage, index=20) == ""
    fearful = _decided(stage, {"btc_usdt": BULLISH})
    assert fearful.action == "HOLD", "a very bullish forecast bought in extreme fear"
    assert round(fearful.buy_threshold / ordinary.buy_threshold, 9) == 1.35
    assert fearful.ranking[0].score > ordinary.ranking[0].score > ordinary.buy_threshold


def no_factor_for_fear(stage: Stage) -> None:
    """The mood moves no threshold."""
    stage.patch.setattr(thresholds, "mood_factor", lambda *_: 1.0)


# ----------------------------------------------------------------------------------------------------------------- I18


def throttled_and_impossible(stage: Stage) -> None:
    """One provider throttles us, another tells a share of 104.78 %; what is left is all that counts, and it is said."""
    said = _collected(stage, index=429, share=104.78)
    mood = _mood(stage)
    assert mood.sources == (FUNDING,), "a default stands where nothing was measured"
    assert mood.score == funding_value(RATE, stage.room.strategy), "the weight of what failed was not spread"
    assert (mood.fear_greed, mood.btc_dominance) == (None, None)
    assert mood.note == "market context without fear_greed, btc_dominance"
    stored = stage.desk.readings.context(stage.room.now())
    assert stored is not None
    for told in (said, "; ".join(stored["failed"]), stage.told.notices[-1].text):
        assert "fear_greed: Transient: alternative.me: too many requests" in told, "nobody was told"
        assert "btc_dominance: Rejected: CoinGecko: Bitcoin's share is 104.78, not a number" in told, "nobody was told"


def fifty_percent(stage: Stage) -> None:
    """A source that fails says 50."""
    for kind in (FearGreed, BitcoinDominance):
        stage.patch.setattr(kind, "read", _or_fifty(stage, kind.read))


def _or_fifty(stage: Stage, read: Any) -> Any:
    def always(self: Any) -> Measured:
        try:
            found: Measured = read(self)
        except TradingError:
            return Measured(self.name, 50.0, stage.room.now(), "nobody", "")
        return found

    return always


def candles_that_stopped(stage: Stage) -> None:
    """No candle of any pair comes in for three hours; the pairs sit out by name, though all else is bullish."""
    room = stage.room
    for pair in PAIRS.values():
        collect.collect(pair, room.now(), room.market, room.candles, room.strategy)
        judge.technical(pair, room.now(), room.candles, room.strategy)
    room.world.advance(10_800)
    _collected(stage)
    failed: dict[str, str] = {}
    for key, pair in PAIRS.items():
        try:
            judge.technical(pair, room.now(), room.candles, room.strategy)
        except InsufficientData as error:
            failed[key] = str(error)
    assert failed.keys() == PAIRS.keys(), "a pair was judged by candles of three hours ago"
    silent: Outcomes[Any] = Outcomes({}, failed)
    looks = looks_of(silent, silent, Outcomes({}, {}))
    decision = _decided(stage, {look.pair: inputs_of(look, busy=False) for look in looks})
    assert (decision.action, decision.ranking) == ("HOLD", ())
    assert all(any(key in reason for reason in decision.reasons) for key in PAIRS), "a pair sits out in silence"


def whatever_is_stored(stage: Stage) -> None:
    """The last candles count, however old."""
    stage.patch.setattr(judge, "must_be_fresh", lambda *_: None)


INCIDENTS = {
    "I14": Incident(
        a_bullish_forecast_in_extreme_fear, no_factor_for_fear, "a very bullish forecast bought in extreme fear"
    ),
    "I18, context": Incident(throttled_and_impossible, fifty_percent, "a default stands where nothing was measured"),
    "I18, candles": Incident(
        candles_that_stopped, whatever_is_stored, "a pair was judged by candles of three hours ago"
    ),
}
