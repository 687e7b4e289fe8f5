"""Collect closed candles of every pair; when the market moved, or an hour passed, analyse all pairs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from prefect import flow

from blocks.desk import DeskName
from blocks.settings import load_settings
from flows.analyze import analyze
from flows.lateness import CATCHING_UP
from flows.lots import each_pair
from flows.outcomes import AS_SET, fail_if_any, pair_keys, run_name
from tasks.collect import collect_pair, find_trigger, market_time
from trading.services.decide import Analysis


@dataclass(frozen=True, slots=True)
class Collection:
    """What one run stored by pair, why it analysed, and the analysis it led to."""

    stored: dict[str, int]
    trigger: str | None
    analysis: Analysis | None


@flow(name="collect_prices", flow_run_name=run_name("collect"), task_runner=AS_SET, on_running=CATCHING_UP)
def collect_prices(desk: DeskName = "embedded", at: datetime | None = None) -> Collection:
    """Store what closed since the last run and, when it is due, run one analysis of all pairs.

    A pair that cannot be collected fails this run after the others were served.

    Args:
        desk: whose market is read: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: the market's time (UTC unless it has a zone); now when left out. A time to come counts as now.
    """
    pairs = pair_keys(desk)
    moment = market_time(desk, at)
    collected = each_pair(collect_pair, pairs, desk, moment)()
    trigger = find_trigger(desk, list(collected.values.values()), moment)
    inside = trigger if load_settings().analysis == "inside" else None
    analysis = analyze(desk, moment, with_orders=True, trigger=inside.text) if inside else None
    fail_if_any(collected.errors)
    stored = {pair: one.stored for pair, one in collected.values.items()}
    return Collection(stored, trigger.text if trigger else None, analysis)
