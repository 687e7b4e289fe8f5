"""Tasks of ``remediate_error``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from prefect import task
from prefect.artifacts import create_markdown_artifact
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterName,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments import run_deployment
from prefect.exceptions import ObjectNotFound
from prefect.runtime import flow_run
from prefect.utilities.urls import url_for

from blocks.secrecy import keep_secrets
from blocks.settings import load_settings
from blocks.watching import SoughtAlerts
from tasks.policies import ASK, THINK
from trading.ports import Notice
from trading.remedy import Trouble, needs_eyes, page_of, repeated_at_once, told, trouble_of

DEPLOYED = "trader"
"""What every deployment is called: ``monitor_positions/trader``."""
REPEATED = "remedy"
"""Tag of a run that was started here. When such a run fails too, it is not repeated again: no loop."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that ended badly, as far as it can still be read.

    at  when it ended.  part  it belongs to a larger run, whose failure tells of it.
    repeated  it was started as a remedy itself.
    """

    run_id: str
    flow_name: str
    state: str
    message: str
    trouble: Trouble
    at: datetime
    part: bool = False
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of a failed run: the kind of trouble, what was done, how many people's channels were told."""

    flow_name: str
    trouble: Trouble
    done: str
    told: int


def remedy_run_name() -> str:
    """``remedy execute_orders 1f0c…``: one failed run has one name, by which its answer is found again."""
    given = flow_run.parameters or {}
    return answer_name(str(given.get("flow_name", "")), str(given.get("flow_run_id", "")))


def answer_name(flow_name: str, run_id: str) -> str:
    """The name of the run that answers a failed one; ids of one moment begin alike and differ at their end."""
    return " ".join(word for word in ("remedy", flow_name, run_id[-12:]) if word)


@task(task_run_name="failed-run-{flow_name}", **ASK)
def failed_run(run_id: str, flow_name: str, state: str, message: str) -> Failed:
    """The failed run as Prefect has it; what the caller said stands where it has nothing."""
    now = flow_run.scheduled_start_time or datetime.now(UTC)
    given = Failed(run_id, flow_name, state, message, trouble_of(state, message), now)
    if not run_id:
        return given
    try:
        with get_client(sync_client=True) as client:
            found = client.read_flow_run(UUID(run_id))
    except (ObjectNotFound, ValueError):  # deleted since, or started by hand with another text
        return given
    ended = found.state if found.state is not None and found.state.is_final() else None
    text = (ended.message if ended else None) or message
    name = (ended.name if ended else None) or state
    part, repeated = found.parent_task_run_id is not None, REPEATED in found.tags
    at = ended.timestamp if ended else now
    return Failed(run_id, flow_name, name, text, trouble_of(name, text), at, part, repeated)


@task(task_run_name="seen-before", **ASK)
def seen_before(failed: Failed) -> bool:
    """Whether an earlier run answered this failed run to its end: one failure is told once."""
    if not failed.run_id:
        return False
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(
            flow_filter=FlowFilter(name=FlowFilterName(any_=["remediate_error"])),
            flow_run_filter=FlowRunFilter(
                name=FlowRunFilterName(any_=[answer_name(failed.flow_name, failed.run_id)]),
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.COMPLETED])),
            ),
            limit=1,
        )
    return bool(runs)


@task(task_run_name="act", **THINK)
def act(failed: Failed) -> str:
    """Repeat the run when that is safe and cannot wait; what was done, in words, empty when nothing was.

    One failed run leads to one repetition, however often it is answered; a repetition is not repeated.
    """
    if failed.repeated or not failed.run_id or not repeated_at_once(failed.trouble, failed.flow_name):
        return ""
    name = f"{failed.flow_name}/{DEPLOYED}"
    once = f"{REPEATED}-{failed.run_id}"
    try:
        run_deployment(name, timeout=0, tags=[REPEATED], idempotency_key=once, as_subflow=False)
    except ObjectNotFound:
        return f"Could not run {name} again: it is not deployed. `prefect deploy --all` does that."
    return f"{failed.flow_name} was started again at once, once: it may run at any time."


@task(task_run_name="show-remedy", **THINK)
def show_remedy(failed: Failed, done: str) -> None:
    """What failed, in words, and what happens next, on the run's page."""
    page = page_of(failed.flow_name, failed.state, failed.message, failed.trouble, done)
    link = url_for("flow-run", obj_id=failed.run_id) if failed.run_id else None
    text = f"{page}\n\n[The failed run]({link})" if link else page
    create_markdown_artifact(text, key="remedy", description=f"{failed.flow_name}: {failed.trouble}")


@task(task_run_name="tell-people", **THINK)
def tell_people(desk: str, failed: Failed, done: str) -> Answer:
    """One notice for one failed run: an alarm where a human must act or positions were not watched.

    No desk is opened for it: what failed may be the very thing that a desk needs.
    """
    settings = load_settings()
    keep_secrets(settings)
    text = told(failed.flow_name, failed.message, failed.trouble, done)
    fields = {"desk": desk, "flow": failed.flow_name, "state": failed.state, "run": failed.run_id[-12:] or "unknown"}
    alarm = needs_eyes(failed.trouble, failed.flow_name)
    lost = SoughtAlerts(settings).tell([Notice(f"run.{failed.trouble}", text, failed.at, fields, alarm=alarm)])
    return Answer(failed.flow_name, failed.trouble, done, told=1 - lost)
