"""Pages in words and tables: what was checked, what was decided and why, and where the report is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from adapters.links import linked
from tasks.policies import THINK
from trading.reconciliation import Reconciliation
from trading.scoring import Ranked
from trading.services.decide import Analysis
from trading.services.pages import table_row
from trading.services.quality import Gate
from trading.services.quarantine import table_of
from trading.signals.forecast import signed

UNKNOWN = "–"
FORECAST_HEAD = (
    "| pair | model | last step: 0.1 | 0.5 | 0.9 (USDT) | mean change | confidence | why not a better model |",
    "|---|---|---|---|---|---|---|---|",
)


@task(task_run_name="show-decision", **THINK)
def show_decision(desk: str, analysis: Analysis, *, with_orders: bool) -> None:
    """The decision as sentences, the ranking and the forecasts as tables."""
    decision = analysis.decision
    table = _ranking(decision.ranking)
    forecasts = [line for row in analysis.rows if (line := _forecast(row))]
    outlook = ["", *FORECAST_HEAD, *forecasts, "", *_weight(analysis)] if forecasts else []
    what = f"{decision.action} {', '.join(decision.pairs)}".strip()
    head = [f"# {what}", "", f"Why this run: {analysis.trigger}.", ""]
    asked = [] if with_orders else ["- only a look: it was asked for without orders, and nothing is booked"]
    limits = f"Buy from {decision.buy_threshold:+.3f}, sell below {decision.sell_threshold:+.3f}."
    reasons = [f"- {reason}" for reason in (*decision.reasons, *analysis.notes)]
    booked = [f"- booked {trade_id}" for trade_id in analysis.trade_ids]
    text = "\n".join([*head, *reasons, *booked, *asked, "", limits, "", *table, *outlook])
    create_markdown_artifact(
        text, key="decision", description=f"{what} · {desk} desk, {analysis.at:%Y-%m-%d %H:%M} UTC"
    )


def _ranking(ranking: Sequence[Ranked]) -> list[str]:
    """Best first: the score, what each side said, and what else moved it, where anything did."""
    if not ranking:
        return []
    sides, besides = list(ranking[0].components), any(_moved(one) for one in ranking)
    head = ["pair", "score", *sides, *(["besides"] if besides else [])]
    rows = [
        table_row(
            one.pair,
            f"{one.score:+.3f}",
            *(_weighed(one, side) for side in sides),
            *([_moved(one)] if besides else []),
        )
        for one in ranking
    ]
    return [table_row(*head), "|---" * len(head) + "|", *rows]


def _weighed(one: Ranked, side: str) -> str:
    """A judge's own score and the weight it had: ``+0.561×0.60``, which no table breaks in two."""
    return f"{one.components[side]:+.3f}×{one.weights[side]:.2f}"


def _moved(one: Ranked) -> str:
    """What moved the score besides the judges, by name; empty when nothing did."""
    return ", ".join(f"{name} {value:+.2f}" for name, value in one.adjustments.items() if value)


def _forecast(row: Mapping[str, Any]) -> str:
    """One pair's forecast as a line; empty when there is none."""
    found = row["forecast"]
    if not found:
        return ""
    ends = [found[name][-1] if found[name] else None for name in ("q10", "q50", "q90")]
    prices = [UNKNOWN if end is None else f"{end:,.6g}" for end in ends]
    change, trust = f"{signed(found['change_pct'], 2)} %", f"{found['confidence']:.2f}"
    return table_row(row["pair"], found["model"], *prices, change, trust, found["fallback_reason"] or "")


def _weight(analysis: Analysis) -> list[str]:
    """What the forecasts weigh here, and why, in words."""
    return list(dict.fromkeys(f"Forecast weight: {row['forecast_weight']['why']}." for row in analysis.rows))


@task(task_run_name="show-checks", **THINK)
def show_checks(desk: str, held: Gate, at: datetime) -> None:
    """Every pair of a cycle: where its candles came from, and whether it may be judged."""
    out = f"{len(held.quarantined)} of {len(held.quarantined) + len(held.passed)} pairs sit out"
    head = f"# Data checks: {out if held.quarantined else 'all pairs may be judged'}"
    create_markdown_artifact(
        f"{head}\n\n{table_of(held)}", key="data-checks", description=f"{desk} desk, {at:%Y-%m-%d %H:%M} UTC"
    )


@task(task_run_name="show-reconciliation", **THINK)
def show_reconciliation(desk: str, seen: Reconciliation) -> None:
    """What differs between book and venue, as a table with the evidence."""
    rows = [table_row(one.about, one.book, one.venue, one.evidence) for one in seen.findings]
    head = ["# Book and venue differ", "", "Nothing is bought until this is settled: `trader reconcile`.", ""]
    table = ["| what | book | venue | evidence |", "|---|---|---|---|", *rows]
    text = "\n".join([*head, *table])
    create_markdown_artifact(text, key="reconciliation", description=f"{desk} desk, {seen.at:%Y-%m-%d %H:%M} UTC")


@task(task_run_name="show-report", **THINK)
def show_report(headline: tuple[str, str], uri: str) -> None:
    """The day in two sentences, and where its page is kept."""
    text = "\n\n".join([*headline, linked("The whole day as a page", uri)])
    create_markdown_artifact(text, key="daily-report", description="The day")
