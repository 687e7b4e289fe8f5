"""Collect the news of all pairs and store how each of them reads; without a source, say so and store nothing."""

from __future__ import annotations

from datetime import datetime

from prefect import flow, unmapped

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.lots import each_pair
from flows.outcomes import SIX_THREADS, fail_if_any, pair_keys, run_name
from tasks.collect import market_time
from tasks.news import fetch_news, show_news, store_news
from tasks.notify import tell
from trading.services.news import NewsCollection, notices_of


@flow(name="collect_news", flow_run_name=run_name("news"), task_runner=SIX_THREADS, on_running=CATCHING_UP)
def collect_news(desk: DeskName = "embedded", at: datetime | None = None) -> NewsCollection:
    """Ask for the newest posts, value them and store one reading per pair.

    A run that fails stops no trade: the last reading grows stale, and then sentiment is neutral.

    Args:
        desk: whose news are read: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. Nothing published later counts.
    """
    pairs = pair_keys(desk)
    moment = market_time(desk, at)
    latest = fetch_news(desk, moment)
    asked = [] if latest.missing else pairs
    stored = each_pair(store_news, asked, desk, moment, latest=unmapped(latest))()
    collected = NewsCollection(stored.values, latest.left_out, latest.missing)
    show_news(desk, collected, moment)
    if notices := notices_of(latest, moment):
        tell(desk, notices)
    fail_if_any(stored.errors)
    return collected
