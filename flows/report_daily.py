"""Report a day: what was seen, decided and done, and why nothing was done when nothing was."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect import flow

from blocks.desk import DeskName
from flows.lateness import own_lateness
from flows.outcomes import pair_keys, run_name
from tasks.artifacts import show_report
from tasks.collect import market_time
from tasks.notify import tell
from tasks.report import BUCKET, gather_day, render_day
from trading.ports import Notice

__all__ = ["BUCKET", "report_daily"]


@flow(name="report_daily", flow_run_name=run_name("report"))
def report_daily(
    desk: DeskName = "embedded",
    at: datetime | None = None,
    since: datetime | None = None,
    where: dict[str, str] | None = None,
) -> str:
    """Report the day up to ``at`` (now when left out): JSON and HTML into the archive, the headline to people.

    Gives the key of both in the archive.

    Args:
        desk: whose day is told: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: where the report ends (UTC unless it has a zone); now when left out.
        since: where the report begins; 24 hours before its end when left out.
        where: what the page says of where to look next, as label and text; nothing when left out.
    """
    pair_keys(desk)
    until = market_time(desk, at) - (timedelta(0) if at else own_lateness())  # the day that was to be reported
    key = gather_day(desk, since or until - timedelta(hours=24), until)
    uri, words = render_day(desk, key, where or {})
    show_report(words, uri)
    tell(desk, [Notice("report.daily", " ".join(words), until, {"report": uri})])
    return key
