"""Tasks of ``report_daily``: gather, render. They hand each other the day's key; the archive carries the bulk."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from prefect import task

from adapters.report_html import render_report
from blocks.desk import open_desk
from tasks.policies import ASK
from trading.calibration.table import calibration_rows
from trading.candles import INTERVAL
from trading.report import DayReport, day_report, headline
from trading.services.report import gather

JST = timezone(timedelta(hours=9), "JST")
BUCKET = "daily-reports"


@task(task_run_name="gather", **ASK)
def gather_day(desk: str, since: datetime, until: datetime) -> str:
    """The books of these hours into the archive as JSON, under the day in Japan; that key."""
    room = open_desk(desk)
    past = [one for pair in room.pairs for one in room.forecasts.settled(pair.key, since, until)]
    calibration = calibration_rows(past, room.strategy)
    report = day_report(since, until, gather(room.pairs, since, until, room.ledger, room.exchange, calibration))
    key = f"daily-reports/{until.astimezone(JST):%Y-%m-%d}"
    room.archive.put(BUCKET, f"{key}.json", report.to_json().encode(), "application/json")
    return key


@task(task_run_name="render", **ASK)
def render_day(desk: str, key: str, where: dict[str, str]) -> tuple[str, tuple[str, str]]:
    """The stored day as one self-contained page beside it; its URI and the day in two sentences."""
    room = open_desk(desk)
    report = DayReport.from_json(room.archive.get(BUCKET, f"{key}.json"))
    count = int((report.day_end - report.day_start) / INTERVAL)
    candles = {pair.key: room.candles.window(pair, report.day_end, count) for pair in room.pairs}
    page = render_report(report, candles, where=where)
    uri = room.archive.put(BUCKET, f"{key}.html", page.encode(), "text/html; charset=utf-8")
    return uri, headline(report)
