"""Answers to failed runs, and Prefect as code, on a real server: told once, repeated once, applied once."""

from __future__ import annotations

from uuid import UUID

from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterTags
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from blocks.desk import Desk
from blocks.limits import ORDERS
from deployments.as_code import apply, apply_all
from deployments.embedded import World
from flows.monitor_positions import monitor_positions
from flows.remediate_error import remediate_error
from tasks.remedy import REPEATED
from trading.remedy import Trouble


def failed(message: str, tags: tuple[str, ...] = ()) -> UUID:
    """A run of monitor_positions that ended with an error whose process is long gone."""
    with get_client(sync_client=True) as client:
        return client.create_flow_run(monitor_positions, tags=tags, state=Failed(message=message)).id


def repetitions() -> list[FlowRun]:
    with get_client(sync_client=True) as client:
        chosen = FlowRunFilter(tags=FlowRunFilterTags(all_=[REPEATED, "here"]))
        return client.read_flow_runs(flow_run_filter=chosen)


def test_one_failure_is_told_once(world: World, desk: Desk) -> None:
    """The same failed run answered twice is one notice, and a human's matter is left to a human."""
    run = failed("Flow run encountered an exception: Halt: the book differs")
    first, second = (remediate_error("embedded", str(run), "monitor_positions") for _ in range(2))
    assert (first.trouble, first.done, first.told) == (Trouble.HALT, "", 1)
    assert second.told == 0


def test_a_missed_watch_is_repeated_once_and_a_repetition_never(world: World, desk: Desk) -> None:
    """A watch that met a closed door is started again at once, by one run; when that fails too, it waits its turn."""
    with get_client(sync_client=True) as client:
        flow_id = client.create_flow(monitor_positions)
        client.create_deployment(flow_id, "trader", tags=["here"])
    run = failed("StepsFailedError: POS-1: Transient: the venue did not answer")
    assert "started again" in remediate_error("embedded", str(run), "monitor_positions").done
    remediate_error("embedded", str(run), "monitor_positions")
    assert len(repetitions()) == 1
    again = failed("Flow run encountered an exception: Transient: still away", tags=(REPEATED,))
    assert remediate_error("embedded", str(again), "monitor_positions").done == ""
    assert len(repetitions()) == 1


def test_prefect_is_brought_to_what_the_code_says_once(world: World, desk: Desk) -> None:
    """Applied twice nothing changes; what a person turned stays, is said, and comes back when asked for."""
    made = apply("embedded")
    assert {"created work pool trader", "created limit exchange-orders"} <= set(made)
    assert any("answer a run that failed" in one for one in made)
    assert apply("embedded") == []
    with get_client(sync_client=True) as client:
        client.update_global_concurrency_limit(ORDERS.name, GlobalConcurrencyLimitUpdate(limit=1))
        done = apply_all("embedded")
        assert (done.changed, len(done.left)) == ([], 1)
        assert client.read_global_concurrency_limit_by_name(ORDERS.name).limit == 1
        assert apply_all("embedded", reset=True).changed == ["changed limit exchange-orders"]
        assert client.read_global_concurrency_limit_by_name(ORDERS.name).limit == ORDERS.slots
