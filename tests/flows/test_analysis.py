"""One analysis as the Prefect server shows it."""

from __future__ import annotations

from datetime import timedelta

from blocks.desk import Desk
from deployments.embedded import World
from flows.analyze import analyze
from flows.collect_prices import collect_prices
from tests.flows.conftest import Seen
from tests.flows.runs import flow_run_named, task_runs_of
from trading.candles import INTERVAL

KINDS = ("technical", "forecast", "sentiment")


def test_an_analysis_is_eighteen_mapped_task_runs_with_pair_names(seen: Seen) -> None:
    """Six pairs from three sides are 6 x 3 task runs, each named after side, pair and time, each completed."""
    run = flow_run_named("analyze", seen.at)
    runs = {one.name: one for one in task_runs_of(run.id, expected=24)}
    wanted = {f"{kind}-{pair.key} {seen.at:%m-%d %H:%M}" for kind in KINDS for pair in seen.desk.pairs}
    assert len(wanted) == 18
    assert wanted <= set(runs)
    assert all(runs[name].state_name == "Completed" for name in wanted)


def test_a_venue_that_answers_503_twice_is_retried_and_the_run_succeeds(world: World, desk: Desk) -> None:
    """Two 503 answers to one pair's candles are two visible retries of its task run; the flow run completes."""
    at = world.now()
    world.faults([{"target": "binance", "path": "klines", "kind": "5xx", "status": 503, "times": 2}])
    collect_prices(desk="embedded", at=at)
    run = flow_run_named("collect", at)
    assert run.state_name == "Completed"
    counts = [one.run_count for one in task_runs_of(run.id, expected=8) if one.name.startswith("collect-")]
    assert sum(counts) == len(desk.pairs) + 2


def test_the_same_analysis_twice_books_its_orders_once(world: World, desk: Desk) -> None:
    """Two runs of one analysis, as a late schedule makes them, leave one set of trades and no second order (I20)."""
    at = world.now()
    first = collect_prices(desk="embedded", at=at).analysis
    assert first is not None
    again = analyze(desk="embedded", at=at, with_orders=True)
    booked = {trade.intent.trade_id for trade in desk.ledger.pending_trades()}
    assert booked == set(first.trade_ids) | set(again.trade_ids)
    assert len(booked) <= 1


def test_an_analysis_without_orders_books_nothing(world: World, desk: Desk) -> None:
    """Whoever only looks leaves no signal, no record, no trade; what is due afterwards comes as it would have."""
    at = world.now()
    collect_prices(desk="embedded", at=at - INTERVAL)
    world.step_to(at + INTERVAL)
    later = world.now()
    looked = analyze(desk="embedded", at=later, with_orders=False)
    span = (at + INTERVAL / 2, later)
    assert len(looked.rows) == len(desk.pairs)
    assert not [row for pair in desk.pairs for row in desk.ledger.signals_of(pair.key, *span)]
    booked = analyze(desk="embedded", at=later)
    assert booked.decision.ranking == looked.decision.ranking
    assert {row["pair"] for pair in desk.pairs for row in desk.ledger.signals_of(pair.key, *span)} == {
        pair.key for pair in desk.pairs
    }


def test_a_pair_without_candles_sits_out_and_the_others_are_judged(world: World, desk: Desk) -> None:
    """Candles that nobody has and nobody can fetch are data unfit to be judged, by name; nothing is made up (I18)."""
    at = world.now()
    collect_prices(desk="embedded", at=at)
    world.step_to(at + timedelta(hours=3))
    world.faults([{"target": "binance", "path": "klines", "kind": "5xx", "status": 503, "times": None}])
    analysis = analyze(desk="embedded")
    assert analysis.decision.action == "HOLD"
    assert all("data" in row["missing"][0] for row in analysis.rows)
    assert not analysis.trade_ids


def test_a_run_for_the_future_is_a_run_for_now(world: World, desk: Desk) -> None:
    """Asked for a time to come, a collection stores no forming candle, and an analysis dates itself now (I19)."""
    now = world.now()
    collect_prices(desk="embedded", at=now + timedelta(hours=2))
    newest = desk.candles.newest(desk.pairs[0])
    assert newest is not None
    assert newest + INTERVAL <= now
    assert analyze(desk="embedded", at=now + timedelta(hours=2)).at == now
