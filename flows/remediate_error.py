"""Answer a run that failed: find the remedy, tell people in words, do what is safe and nothing else."""

from __future__ import annotations

from prefect import flow

from blocks.desk import DeskName
from tasks.remedy import Answer, act, failed_run, remedy_run_name, seen_before, show_remedy, tell_people


@flow(name="remediate_error", flow_run_name=remedy_run_name)
def remediate_error(
    desk: DeskName = "embedded", flow_run_id: str = "", flow_name: str = "", state: str = "Failed", message: str = ""
) -> Answer:
    """Say what a failed run means and what happens next; run a missed watch over positions at once, nothing more.

    A run that was answered already, and a part of a larger run, which is told as a whole, are left alone.

    Args:
        desk: whose people are told.
        flow_run_id: the failed run; the automation fills it in.
        flow_name: the flow it was a run of, such as execute_orders.
        state: how it ended: Failed, Crashed or TimedOut.
        message: the message of that end, from which the kind of error is read.
    """
    failed = failed_run(flow_run_id, flow_name, state, message)
    if failed.part or seen_before(failed):
        return Answer(failed.flow_name, failed.trouble, "left alone: it is told elsewhere", told=0)
    done = act(failed)
    show_remedy(failed, done)
    return tell_people(desk, failed, done)
