"""The providers of news and forecasts, to be asked like those in providers.py."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3.session
import httpx
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from pydantic import SecretStr
from tenacity import wait_none

from adapters.forecast.sagemaker import SageMakerModel
from adapters.news.cryptopanic import Allowance, CryptoPanic, posts_url
from tests.contract.mutations import Answer
from trading.errors import TradingError
from trading.pairs import parse_pairs
from trading.ports.news import Article, Latest
from trading.signals.outlook import Quantiles, Series

PAIRS = parse_pairs(None)
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
STEPS = 3

# --------------------------------------------------------------------------------------------------------- CryptoPanic


class _Plenty:
    """A quota without an end."""

    def take(self, _now: datetime, _limit: int) -> bool:
        return True

    def first_refusal(self, _now: datetime) -> bool:
        return False


POSTS = {"next": "https://cryptopanic.com/?auth_token=planted-token&page=2", "previous": None, "results": [
    {"id": 101, "slug": "bitcoin-rallies", "title": "Bitcoin rallies past $90K", "published_at": "2026-01-05T11:00:00Z",
     "created_at": "2026-01-05T11:00:03Z", "kind": "news", "source": {"title": "CoinDesk", "domain": "coindesk.com"},
     "instruments": [{"code": "BTC", "title": "Bitcoin"}], "panic_score": 12, "panic_score_1h": None,
     "votes": {"negative": 1, "positive": 9, "important": 2, "liked": 3, "disliked": 0, "toxic": 0, "comments": 1}},
    {"id": 102, "title": "Markets shrug", "published_at": "2026-01-05T10:30:00Z", "kind": "media", "instruments": None},
]}  # fmt: skip


def ask_news(answer: Answer) -> Latest:
    """Both calls of a run get this answer."""
    wire = httpx.MockTransport(lambda _: httpx.Response(answer.status, content=answer.body))
    plan = Allowance(_Plenty(), 3_000, lambda: NOW)
    url = posts_url("https://cryptopanic.test", "growth")
    return CryptoPanic(url, SecretStr("planted-token"), plan, lambda _title: 0.5, wire).latest(PAIRS, NOW)


def news_are_valid(found: Latest) -> bool:
    """Articles of the past, each with a title, with counts that count, and never with the token in them."""
    return all(map(_article_is_valid, found.articles)) and all(count > 0 for count in found.left_out.values())


def _article_is_valid(one: Article) -> bool:
    panic = one.panic is None or (math.isfinite(one.panic) and 0 <= one.panic <= 100)
    text = f"{one.key} {one.title} {one.source} {one.kind} {' '.join(one.coins)}"
    return (
        bool(one.title and text.encode())
        and one.published_at <= NOW
        and panic
        and all(type(count) is int and count > 0 for count in one.votes.values())
    )


# ----------------------------------------------------------------------------------------------------------- SageMaker


class _Body(io.BytesIO):
    """What botocore reads an answer from."""

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self.read()


@dataclass
class _Script:
    """What botocore's HTTP session is answered with."""

    answer: Answer

    def send(self, request: Any) -> AWSResponse:
        headers = {"Content-Type": "application/json"}
        return AWSResponse(request.url, self.answer.status, headers, _Body(self.answer.body))

    def close(self) -> None:
        """Nothing is open."""


@cache
def _endpoint() -> tuple[SageMakerModel, _Script]:
    session, script = (
        boto3.session.Session("testing", "testing", region_name="ap-northeast-1"),
        _Script(Answer(200, b"")),
    )
    client = session.client("sagemaker-runtime", config=Config(retries={"mode": "standard", "total_max_attempts": 1}))
    client._endpoint.http_session = script
    return SageMakerModel("chronos-2", client, pauses=wait_none()), script


ASKED = [Series(key, NOW, (1.0, 1.1, 1.2), 1.2) for key in ("btc_usdt", "eth_usdt")]
PREDICTIONS = {"predictions": [
    {"item_id": one.pair, "start": "2026-01-05T12:00:00", "mean": [1.2, 1.2, 1.2],
     "0.1": [1.1, 1.0, 0.9], "0.5": [1.2, 1.2, 1.2], "0.9": [1.3, 1.4, 1.5]}
    for one in ASKED
]}  # fmt: skip


def ask_model(answer: Answer) -> list[Quantiles | TradingError]:
    """Two series in one request that is answered so."""
    model, script = _endpoint()
    script.answer = answer
    return model.predict(ASKED, STEPS)


def forecasts_are_valid(found: list[Quantiles | TradingError]) -> bool:
    """Each series has an error of one line, or quantiles that are positive and in order at every step."""
    return len(found) == len(ASKED) and all(map(_forecast_is_valid, found))


def _forecast_is_valid(one: Quantiles | TradingError) -> bool:
    if isinstance(one, TradingError):
        return len(str(one).splitlines()) == 1 and bool(str(one).encode())
    steps = list(zip(one.q10, one.q50, one.q90, strict=True))
    return len(steps) == STEPS and all(0 < a <= b <= c < math.inf for a, b, c in steps)
