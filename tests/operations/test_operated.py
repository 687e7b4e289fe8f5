"""A pipeline in operation: deployed from one file, run by workers, looked at in a browser; runs that are missed or die.

One file, so that one server serves it.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterId
from prefect.client.schemas.objects import FlowRun, StateType, TaskRun

from blocks.desk import Desk, open_desk
from blocks.watching import Guardhouse, open_guardhouse
from deployments.processes import Child
from flows import FLOWS
from tests.operations.browser import HAS_BROWSER, page_text, picture
from tests.operations.conftest import Operated
from tests.operations.dying import all_ended, asked, ended, frozen, killed_with_all_workers, missed, seen, until
from tests.services.conftest import Room
from trading.order import Status
from trading.services.reconcile import reconcile

pytestmark = pytest.mark.timeout(900)
SLOW_ORDER = {"target": "coincheck", "path": "/api/exchange/orders", "method": "POST", "kind": "latency", "seconds": 20}
NO_ANSWER = {"target": "binance", "kind": "latency", "seconds": 600}
PICTURES = ("deployments", "runs", "analysis", "retried", "artifacts")
"""Names of the pictures that the browser's test takes into the folder ``$PICTURES``."""

SIDES = {"technical", "forecast", "sentiment"}


def deployed(operated: Operated) -> dict[str, dict[str, Any]]:
    """What the server has, by flow: its id, schedules, limit and strategy; not whether a schedule is paused.

    Prefect starts a schedule again that was paused when its flow is deployed again.
    """
    with operated.client() as client:
        flows = {flow.id: flow.name for flow in client.read_flows(limit=200)}
        return {
            flows[one.flow_id]: {
                "id": str(one.id),
                "name": one.name,
                "schedules": [(str(s.id), s.slug, s.schedule.model_dump(mode="json")) for s in one.schedules],
                "limit": one.global_concurrency_limit.limit,
                "strategy": str(one.concurrency_options.collision_strategy.value),
                "version": one.version,
                "queue": one.work_queue_name,
            }
            for one in client.read_deployments()
        }


def automated(operated: Operated) -> list[str]:
    """The names of the automations there are."""
    with operated.client() as client:
        replies = client.request("POST", "/automations/filter").json()
    return sorted(one["name"] for one in replies)


def test_deploying_again_changes_nothing(operated: Operated) -> None:
    """Every flow is deployed once; deploying all again keeps every id, schedule and limit, and adds no automation."""
    before, automations = deployed(operated), automated(operated)
    operated.prefect("deploy", "--all")
    after = deployed(operated)
    operated.pause_all()
    assert set(before) == set(FLOWS)
    assert after == before
    assert automated(operated) == automations


def test_one_flow_is_deployed_by_its_name(operated: Operated) -> None:
    """`prefect deploy -n analyze/trader` deploys that flow and leaves the others as they are."""
    before = deployed(operated)
    said = operated.prefect("deploy", "--name", "analyze/trader").stdout
    assert said.count("successfully created") == 1
    assert "analyze/trader" in said
    assert deployed(operated) | {"analyze": before["analyze"]} == before


def test_an_analysis_that_a_person_asks_for_completes(operated: Operated, worker: Child) -> None:
    """`prefect deployment run` with other parameters completes through a process worker, with its mapped tasks."""
    pairs = ["btc_usdt", "eth_usdt"]
    asked = ("analyze/trader", "--param", f"pairs={json.dumps(pairs)}", "--param", 'trigger="a test asks"')
    operated.prefect("deployment", "run", *asked, "--watch")
    with operated.client() as client:
        run = next(one for one in client.read_flow_runs(limit=20) if one.parameters.get("trigger") == "a test asks")
        tasks = client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))
    assert run.parameters["pairs"] == pairs
    assert run.state_name == "Completed"
    assert {pair for pair in pairs if sum(pair in one.name for one in tasks) >= 3} == set(pairs)


def tasks_of(operated: Operated, run: FlowRun) -> list[TaskRun]:
    """The task runs of a flow run, as the server has them."""
    with operated.client() as client:
        return client.read_task_runs(flow_run_filter=FlowRunFilter(id=FlowRunFilterId(any_=[run.id])))


@pytest.fixture(scope="module")
def collection(operated: Operated, worker: Child) -> tuple[FlowRun, FlowRun]:
    """A first collection, whose venue answers 503 twice to each of six pairs, and the analysis that it led to."""
    operated.world.faults([{"target": "binance", "path": "klines", "kind": "5xx", "status": 503, "times": 12}])
    run = asked(operated, "collect_prices")
    assert until(lambda: ended(operated, run)) == "Completed"
    operated.world.clear_faults()
    with operated.client() as client:
        flow = client.read_flow_by_name("analyze").id
        [analysis] = [one for one in client.read_flow_runs(limit=50) if one.flow_id == flow and one.parent_task_run_id]
    return seen(operated, run), analysis


def test_a_task_that_fails_twice_shows_its_retries(operated: Operated, collection: tuple[FlowRun, FlowRun]) -> None:
    """The run completes; in the API and on the command line, the attempts are counted, and the log says why."""
    run, _ = collection
    counts = [one.run_count for one in tasks_of(operated, run) if one.name.startswith("collect-")]
    assert sum(counts) == len(counts) + 12
    retried = max(tasks_of(operated, run), key=lambda one: one.run_count)
    assert operated.asked("task-run", "inspect", str(retried.id))["run_count"] == retried.run_count >= 3
    logs = operated.prefect("task-run", "logs", str(retried.id)).stdout
    assert "503" in logs
    assert "retry" in logs.lower()


def test_every_pair_is_judged_from_three_sides_where_people_see_it(
    operated: Operated, collection: tuple[FlowRun, FlowRun]
) -> None:
    """An analysis that the worker ran has its 18 mapped task runs, named after pair and side, all completed."""
    _, analysis = collection
    judged = [one for one in tasks_of(operated, analysis) if one.name.split("-")[0] in SIDES]
    assert len(judged) == 18
    assert len({one.name for one in judged}) == 18
    assert {one.state_name for one in judged} == {"Completed"}


@pytest.mark.skipif(not HAS_BROWSER, reason="no chromium on this machine")
def test_a_browser_shows_deployments_runs_tasks_retries_and_artifacts(
    operated: Operated, collection: tuple[FlowRun, FlowRun]
) -> None:
    """Prefect's UI, opened in a real browser, has on its pages what people look for."""
    run, analysis = collection
    ui = operated.env["PREFECT_API_URL"].removesuffix("/api")
    retried = max(tasks_of(operated, run), key=lambda one: one.run_count)
    judged = [one.name for one in tasks_of(operated, analysis) if one.name.split("-")[0] in SIDES]
    found: dict[str, Sequence[str]] = {
        "/deployments": ("collect_prices", "analyze", "execute_orders", "monitor_positions", "Every 5 minutes"),
        "/v2/runs": (run.name, analysis.name),
        f"/v2/runs/flow-run/{analysis.id}?tab=TaskRuns": judged[:5],
        f"/v2/runs/task-run/{retried.id}": (retried.name, "Retry 1/3", "Retry 2/3"),
        f"/v2/runs/flow-run/{analysis.id}?tab=Artifacts": ("decision", "charts", "data-checks"),
    }
    pages = {path: page_text(ui + path) for path in found}
    lacking = {path: [one for one in wanted if one not in pages[path]] for path, wanted in found.items()}
    assert not any(lacking.values()), (lacking, pages)
    if folder := os.environ.get("PICTURES"):
        for name, path in zip(PICTURES, found, strict=True):
            picture(ui + path, Path(folder) / f"{name}.png", scale=0.75)


@pytest.fixture
def guardhouse(operated: Operated, monkeypatch: pytest.MonkeyPatch) -> Guardhouse:
    """The watchdog's post at the operated desk."""
    for name, value in operated.env.items():
        monkeypatch.setenv(name, value)
    operated.world.clear_faults()
    return open_guardhouse("embedded")


def test_of_the_runs_missed_in_half_an_hour_one_runs(operated: Operated, worker: Child) -> None:
    """Eight looks were missed: the first that starts looks, the others are cancelled and say why."""
    operated.prefect("work-pool", "pause", "trader")
    runs = missed(operated, "monitor_positions", [30, 26, 22, 18, 14, 10, 6, 2])
    operated.prefect("work-pool", "resume", "trader")
    ends = dict(zip(runs, all_ended(operated, list(runs)), strict=True))
    done = [run for run, how in ends.items() if how == "Completed"]
    words = [str(state.message) for run in set(runs) - set(done) if (state := seen(operated, run).state)]
    assert len(done) == 1, ends
    assert all(
        re.fullmatch("late by .* sees the same market|Deployment concurrency limit reached.", one) for one in words
    )


def test_a_machine_that_dies_at_work_loses_and_doubles_nothing(
    operated: Operated, worker: Child, guardhouse: Guardhouse
) -> None:
    """SIGKILL in the middle of an analysis, of a look at the positions, of an import and of an order on the wire.

    Without a heartbeat all are called Crashed and give up their places. The next look looks, the next analysis judges,
    and the order, which the venue took when nobody listened any more, is found by evidence: one order, one position.
    """
    importing = asked(operated, "reconcile", desk="embedded")
    killed_with_all_workers(operated, [importing], StateType.PENDING, StateType.RUNNING)
    desk = open_desk("embedded")
    operated.start_worker("--limit", "3")  # two runs hang, the third must start
    reconcile(desk.clock.now(), desk.pairs, desk.ledger, desk.exchange, desk.strategy)
    trade_id, before = booked_buy(desk), operated.world.venue_ledger()["accepted"]
    operated.world.faults([NO_ANSWER])
    dead = [asked(operated, flow, desk="embedded") for flow in ("monitor_positions", "analyze")]
    frozen(operated, dead)
    operated.world.clear_faults()
    operated.world.faults([SLOW_ORDER])
    dead.append(asked(operated, "execute_orders", desk="embedded"))
    until(lambda: status_of(desk, trade_id) is Status.SENT or None)
    killed_with_all_workers(operated, dead)
    operated.world.clear_faults()
    operated.start_worker("--limit", "3")
    assert all_ended(operated, [*dead, importing]) == ["Crashed"] * 4
    operated.world.step_to(operated.world.now() + timedelta(minutes=2))
    desk.queue.send(trade_id, {})  # the venue's clock stood still; the queue's own redelivery is in tests/processes
    next_runs = [asked(operated, flow, desk="embedded") for flow in ("execute_orders", "analyze")]
    assert all_ended(operated, next_runs) == ["Completed"] * 2
    assert status_of(desk, trade_id) is Status.FILLED
    assert operated.world.venue_ledger()["accepted"] == before + 1
    assert until(lambda: looked_again(operated, guardhouse))


def looked_again(operated: Operated, guardhouse: Guardhouse) -> bool | None:
    """Whether the positions were watched now. A look beside the one that answers the crash is cancelled."""
    all_ended(operated, [asked(operated, "monitor_positions", desk="embedded")])
    beat = guardhouse.post.watch.last()
    return True if beat is not None and beat.at >= operated.world.now() else None


def booked_buy(desk: Desk) -> str:
    """An entry that is booked and queued; its trade id."""
    venue: Any = SimpleNamespace(exchange=desk.exchange, ledger=desk.ledger, now=desk.clock.now)
    trade_id = Room.book_buy(venue)
    desk.queue.send(trade_id, {})
    return trade_id


def status_of(desk: Desk, trade_id: str) -> Status | None:
    """Where a trade stands."""
    trade = desk.ledger.trade(trade_id)
    return trade and trade.status
