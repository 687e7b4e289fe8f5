"""The three mapped judges of ``analyze``, and the one of the whole market."""

from __future__ import annotations

import logging
from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK
from trading.services import judge
from trading.services.quality import Checked
from trading.signals.context import ContextSignal
from trading.signals.forecast import ForecastSignal, in_words
from trading.signals.sentiment import SentimentSignal
from trading.signals.technical import TechnicalSignal


@task(task_run_name="technical-{pair} {at:%m-%d %H:%M}", **ASK)
def technical(desk: str, pair: str, at: datetime, checked: Checked) -> TechnicalSignal:
    """The chart of one pair, from the candles that were checked."""
    room = open_desk(desk)
    return judge.technical(room.pair(pair), at, room.candles, room.strategy, checked)


@task(task_run_name="forecast-{pair} {at:%m-%d %H:%M}", **ASK)
def forecast(desk: str, pair: str, at: datetime, checked: Checked) -> ForecastSignal:
    """The next hour of one pair, from the candles that were checked."""
    room = open_desk(desk)
    signal = judge.kept_forecast(
        room.pair(pair), at, room.candles, room.forecaster, room.forecasts, room.strategy, checked
    )
    say(in_words(signal), logging.WARNING if signal.fallback_reason or signal.note else logging.INFO)
    return signal


@task(task_run_name="sentiment-{pair} {at:%m-%d %H:%M}", **ASK)
def sentiment(desk: str, pair: str, at: datetime) -> SentimentSignal:
    """The news mood of one pair."""
    room = open_desk(desk)
    return judge.sentiment(room.pair(pair), at, room.news, room.readings, room.strategy)


@task(task_run_name="context", **ASK)
def context(desk: str, at: datetime) -> ContextSignal:
    """The mood of the whole market."""
    room = open_desk(desk)
    return judge.context(at, room.readings, room.strategy)
