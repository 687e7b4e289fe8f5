"""Report a day: what was seen, decided and done, and why nothing was done when nothing was."""

from __future__ import annotations

from datetime import datetime, timedelta

from prefect import flow

from blocks.desk import DeskName
from flows.outcomes import pair_keys, run_name
from tasks.artifacts import show_report
from tasks.collect import market_time
from tasks.notify import tell
from tasks.report import BUCKET, gather_day, render_day
from trading.ports import Notice

__all__ = ["BUCKET", "report_daily"]


@flow(name="report_daily", flow_run_name=run_name("report"))
def report_daily(
    desk: DeskName = "embedded", at: datetime | None = None, hours: int = 24, where: dict[str, str] | None = None
) -> str:
    """Report the hours before ``at`` (now when left out): JSON and HTML into the archive, the headline to people.

    where: what the page says of where to look next, as label -> text.  Gives the key of both in the archive.
    """
    pair_keys(desk)
    until = at or market_time(desk)
    key = gather_day(desk, until - timedelta(hours=hours), until)
    uri, words = render_day(desk, key, where or {})
    show_report(words, uri)
    tell(desk, [Notice("report.daily", " ".join(words), until, {"report": uri})])
    return key
