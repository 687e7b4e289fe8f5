"""Every night: what the day's data were like, as Great Expectations' Data Docs."""

from __future__ import annotations

from datetime import datetime

from prefect import flow

from blocks.desk import DeskName
from flows.lateness import CATCHING_UP
from flows.outcomes import pair_keys, run_name
from tasks.collect import market_time
from tasks.data_docs import document_data, show_data_docs


@flow(name="data_docs", flow_run_name=run_name("data-docs"), on_running=CATCHING_UP)
def data_docs(desk: DeskName = "embedded", at: datetime | None = None) -> str:
    """Check the day up to ``at`` and store pages that open offline; gives where they begin.

    Args:
        desk: whose data are checked: embedded (the stand-in), paper (real market, play money) or live (real money).
        at: where the day ends (UTC unless it has a zone); now when left out.
    """
    pair_keys(desk)
    moment = market_time(desk, at)
    first, uri, files = document_data(desk, moment)
    show_data_docs(desk, uri, files, moment)
    return first
