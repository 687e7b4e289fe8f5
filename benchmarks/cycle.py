"""One analysis cycle of six pairs, split into bare computing, I/O to the stand-ins and orchestration.

The same analysis is run three ways over the same candles: pure functions on frames in memory; the services over ports,
six threads wide, without Prefect; and the ``analyze`` flow. Differences of medians are the shares.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from deployments.demo import DESK, DemoOptions, Played, prepared
from deployments.embedded import MarketOptions
from deployments.prefect_runs import without_heartbeats
from trading import scoring
from trading.limits import Equity, breakers
from trading.money import yen
from trading.ports import Booking
from trading.scoring import Market
from trading.services import books, calibrate, decide, intents, judge
from trading.services.looks import Look, Outcomes, inputs_of, looks_of, models_of
from trading.services.rows import signal_rows
from trading.signals.forecast import momentum_signal
from trading.signals.sentiment import sentiment_signal
from trading.signals.technical import technical_signal

if TYPE_CHECKING:
    from blocks.desk import Desk

ROUNDS = 9


def median_s(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Median wall seconds of a call, after one unmeasured."""
    work()
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        took.append(time.perf_counter() - began)
    return statistics.median(took)


def computing(desk: Desk, at: datetime) -> Callable[[], object]:
    """The pure part: three judges for each pair and one decision, on frames already in memory."""
    strategy = desk.strategy
    frames = {pair.key: desk.candles.window(pair, at, strategy.candles_window) for pair in desk.pairs}
    equity = Equity(yen(100_000), yen(100_000))

    def work() -> object:
        looks = [
            Look(
                key,
                technical_signal(frame, strategy),
                momentum_signal(frame, strategy, "benchmark"),
                sentiment_signal(None, at, strategy),
                missing={},
            )
            for key, frame in frames.items()
        ]
        pairs = {look.pair: inputs_of(look, busy=False) for look in looks}
        return scoring.decide(Market(at, pairs, None, (), breakers((), at, equity, strategy)), strategy)

    return work


def with_io(desk: Desk, at: datetime) -> Callable[[], object]:
    """The services over ports as the flow calls them, six threads wide, without Prefect."""
    strategy = desk.strategy

    def work() -> object:
        with ThreadPoolExecutor(6) as pool:
            charts = pool.map(lambda pair: judge.technical(pair, at, desk.candles, strategy), desk.pairs)
            outlooks = pool.map(
                lambda pair: judge.kept_forecast(pair, at, desk.candles, desk.forecaster, desk.forecasts, strategy),
                desk.pairs,
            )
            moods = pool.map(lambda pair: judge.sentiment(pair, at, desk.news, desk.readings, strategy), desk.pairs)
        context = judge.context(at, desk.readings, strategy)
        looks = looks_of(*(_outcomes(desk, side) for side in (charts, outlooks, moods)))
        earned = calibrate.weigh(desk.pairs, at, models_of(looks), desk.candles, desk.forecasts, strategy)
        account = books.read_books(at, desk.ledger, desk.exchange)
        decision = scoring.decide(books.market_of(looks, context, earned, account, at, strategy), strategy)
        rows = signal_rows(looks, context, earned, decision, at, "benchmark", strategy)
        booking = Booking(intents.decision_id_of(at), at, rows, (), [pair.key for pair in desk.pairs])
        return decide.book(booking, desk.ledger)

    return work


def _outcomes(desk: Desk, values: object) -> Outcomes[object]:

    return Outcomes(dict(zip((pair.key for pair in desk.pairs), values, strict=True)), {})  # type: ignore[call-overload]


def orchestrated(at: datetime) -> Callable[[], object]:
    """The flow itself, with its 18 mapped task runs and the rest, against a local Prefect server."""
    from flows.analyze import analyze

    return lambda: analyze(desk=DESK, at=at, with_orders=True)


def main() -> None:
    """Measure and print: a table for people, one JSON line for notes."""
    from flows.collect_prices import collect_prices

    market = MarketOptions(candles=None, start=None, seed=1, jpy=100_000)
    with tempfile.TemporaryDirectory() as folder:
        options = DemoOptions(market, 1, Path(folder))
        with prepared(options, Played()) as (world, desk), without_heartbeats():
            at = world.now()
            collect_prices(desk=DESK, at=at)
            pure, ports, flow = (median_s(one) for one in (computing(desk, at), with_io(desk, at), orchestrated(at)))
    shares = {"computing": pure, "io_to_stand_ins": ports - pure, "orchestration": flow - ports}
    table = Table("part", "seconds", "of the cycle", title=f"one analysis of 6 pairs, median of {ROUNDS}")
    for name, seconds in shares.items():
        table.add_row(name, f"{seconds:.3f}", f"{seconds / flow:.0%}")
    table.add_row("whole cycle", f"{flow:.3f}", f"{flow / pure:.1f} x computing")
    Console().print(table)
    print(json.dumps({name: round(seconds, 4) for name, seconds in {**shares, "cycle": flow}.items()}))
