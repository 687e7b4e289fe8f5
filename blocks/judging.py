"""What a desk judges with: its forecaster, its news and its sources of the market's mood."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from adapters.aws import Aws
from adapters.context import context_sources
from adapters.dynamodb.capacity import DynamoCapacity
from adapters.dynamodb.client import Dynamo
from adapters.dynamodb.quota import DynamoQuota
from adapters.forecast.budget import Budget
from adapters.forecast.chain import ForecastChain, Link
from adapters.forecast.coalesce import Coalesced
from adapters.forecast.files import model_file
from adapters.forecast.local import LocalModel
from adapters.forecast.model import ModelForecaster
from adapters.forecast.momentum import MomentumForecaster
from adapters.forecast.sagemaker import SageMakerModel
from adapters.news import open_news
from blocks.settings import Settings
from trading.pairs import Pair
from trading.ports import Clock, Forecaster
from trading.ports.capacity import Place
from trading.ports.context import ContextSource
from trading.ports.metrics import Metrics
from trading.ports.news import News
from trading.strategy import Strategy
from trading.tables import Names

ENDPOINT = "forecast-endpoint"
"""The capacity of an endpoint, with its name behind: all runs of all desks and machines share it (I13)."""


def forecaster_of(settings: Settings, shared: Names, aws: Aws, pairs: tuple[Pair, ...], metrics: Metrics) -> Forecaster:
    """The endpoint, where one is named; the model of this machine; momentum when neither answers.

    ``shared`` names the tables in which every desk counts its requests.
    """
    links: list[Link] = []
    if settings.sagemaker_endpoint:
        capacity = DynamoCapacity(shared, Dynamo(aws.dynamodb))
        budget = ShownBudget(capacity, f"{ENDPOINT} {settings.sagemaker_endpoint}", settings.forecast_concurrency)
        endpoint = SageMakerModel(settings.sagemaker_endpoint, budget=budget)
        links.append(ModelForecaster(Coalesced(endpoint, most=len(pairs))))
    local = LocalModel(partial(model_file, settings.forecast_model, aws.s3, settings.state / "models"))
    links.append(ModelForecaster(local))
    return ForecastChain(links, MomentumForecaster("no model answered"), metrics)


class ShownBudget(Budget):
    """The budget of requests, and over it the limit of the same size that an operator sees and can lower in Prefect."""

    @contextmanager
    def place(self) -> Iterator[Place]:
        """A place for the time of the block, first in Prefect, where that is at hand, then in the books."""
        if "prefect" not in sys.modules:  # no flow runs in this process
            with Budget.place(self) as place:
                yield place
            return
        from blocks.limits import FORECASTS, held  # noqa: PLC0415 (a desk is opened without Prefect too)

        with held(FORECASTS), Budget.place(self) as place:
            yield place


def news_of(settings: Settings, shared: Names, aws: Aws, strategy: Strategy, clock: Clock) -> News:
    """CryptoPanic with a key, its calls counted over all desks; without one the plain statement that there is none."""
    return open_news(
        settings.cryptopanic_url,
        settings.cryptopanic_plan,
        settings.cryptopanic_api_key,
        DynamoQuota(shared, Dynamo(aws.dynamodb)),
        strategy.news_calls_per_month,
        clock.now,
    )


def moods_of(settings: Settings, pairs: tuple[Pair, ...]) -> tuple[ContextSource, ...]:
    """Fear and greed, funding, Bitcoin's share, yen per dollar."""
    return context_sources(
        settings.fear_greed_url,
        settings.binance_futures_url,
        settings.coingecko_url,
        pairs,
        coingecko_key=settings.coingecko_api_key,
    )
