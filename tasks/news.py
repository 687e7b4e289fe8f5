"""Tasks of ``collect_news``."""

from __future__ import annotations

import logging
from datetime import datetime

from prefect import task
from prefect.artifacts import create_markdown_artifact

from blocks.desk import open_desk
from tasks.lines import say
from tasks.policies import ASK, THINK, WRITE
from trading.ports.news import Latest
from trading.services import news as verbs
from trading.services.news import NewsCollection, PairNews
from trading.services.payloads import filed


@task(task_run_name="fetch-news", **ASK)
def fetch_news(desk: str, at: datetime) -> Latest:
    """What the source of news has, for all pairs: two calls, each counted before it is made. The answers are kept."""
    room = open_desk(desk)
    latest, trouble = filed(room.news.latest(room.pairs, at), at, room.archive)
    if trouble:
        say(trouble, logging.WARNING)
    return latest


@task(task_run_name="news-{pair} {at:%m-%d %H:%M}", **WRITE)
def store_news(desk: str, pair: str, latest: Latest, at: datetime) -> PairNews:
    """Weigh the articles for one pair and store its reading."""
    room = open_desk(desk)
    return verbs.store(room.pair(pair), latest, at, room.readings, room.strategy)


@task(task_run_name="show-news", **THINK)
def show_news(desk: str, collected: NewsCollection, at: datetime) -> None:
    """The headlines of each pair with their values, or why there are none."""
    create_markdown_artifact(verbs.page_of(collected), key="news", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC")
