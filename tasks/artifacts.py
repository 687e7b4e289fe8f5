"""What a person reads on a run's page: the ranking and the decision in words, and where the report is."""

from __future__ import annotations

from prefect import task
from prefect.artifacts import create_markdown_artifact

from tasks.policies import THINK
from trading.reconciliation import Reconciliation
from trading.services.decide import Analysis


@task(task_run_name="show-decision", **THINK)
def show_decision(desk: str, analysis: Analysis) -> None:
    """The ranking as a table, the decision as sentences."""
    decision = analysis.decision
    ranked = [
        f"| {one.pair} | {one.score:+.3f} | " + " | ".join(f"{value:+.3f}" for value in one.components.values()) + " |"
        for one in decision.ranking
    ]
    sides = list(decision.ranking[0].components) if decision.ranking else []
    table = ["| pair | score | " + " | ".join(sides) + " |", "|---" * (len(sides) + 2) + "|", *ranked] if ranked else []
    words = [f"# {decision.action} {', '.join(decision.pairs)}".strip(), f"Why this run: {analysis.trigger}.", ""]
    limits = f"Buy from {decision.buy_threshold:+.3f}, sell below {decision.sell_threshold:+.3f}."
    reasons = [f"- {reason}" for reason in (*decision.reasons, *analysis.notes)]
    booked = [f"- booked {trade_id}" for trade_id in analysis.trade_ids]
    text = "\n".join([*words, limits, "", *table, "", *reasons, *booked])
    create_markdown_artifact(text, key="decision", description=f"{desk} desk, {analysis.at:%Y-%m-%d %H:%M} UTC")


@task(task_run_name="show-reconciliation", **THINK)
def show_reconciliation(desk: str, seen: Reconciliation) -> None:
    """What differs between book and venue, as a table with the evidence."""
    rows = [_row(one.about, one.book, one.venue, one.evidence) for one in seen.findings]
    head = ["# Book and venue differ", "", "Nothing is bought until this is settled: `trader reconcile`.", ""]
    table = ["| what | book | venue | evidence |", "|---|---|---|---|", *rows]
    text = "\n".join([*head, *table])
    create_markdown_artifact(text, key="reconciliation", description=f"{desk} desk, {seen.at:%Y-%m-%d %H:%M} UTC")


@task(task_run_name="show-report", **THINK)
def show_report(headline: tuple[str, str], uri: str) -> None:
    """The day in two sentences, and where its page is kept."""
    create_markdown_artifact("\n\n".join([*headline, f"Report: {uri}"]), key="daily-report", description="The day")


def _row(*cells: object) -> str:
    """One line of a markdown table; a ``|`` or a line break of a foreign text ends no cell."""
    return "| " + " | ".join(" ".join(str(cell).split()).replace("|", "\\|") for cell in cells) + " |"
