"""The fan chart: what a model expected of each hour, and what the market then did."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go

from adapters.report_html.charts import SCORE, candle_trace, jst, lay_out
from trading.candles import INTERVAL, floor_time
from trading.report import Outlook

BAND = "rgba(59, 130, 196, 0.22)"  # SCORE, seen through


def fan_figure(outlooks: Sequence[Outlook], candles: pd.DataFrame) -> str:
    """Candles (USDT) and the quantile paths over them, as plotly JSON.

    A band reaches from the 0.1 to the 0.9 quantile, the line in it is the median; bands do not overlap: of forecasts
    that were made while another still ran, the earlier is drawn.
    """
    figure = go.Figure()
    if len(candles):
        figure.add_trace(candle_trace(candles))
    for outlook in apart(outlooks):
        figure.add_traces(list(_fan(outlook)))
    lay_out(figure)
    figure.update_yaxes(title_text="USDT")
    return str(figure.to_json())


def apart(outlooks: Iterable[Outlook]) -> list[Outlook]:
    """The outlooks that begin after the one before them has ended, oldest first."""
    shown: list[Outlook] = []
    for outlook in sorted(outlooks, key=lambda one: one.at):
        if not shown or outlook.at >= _times(shown[-1])[-1]:
            shown.append(outlook)
    return shown


def inside(outlooks: Sequence[Outlook], candles: pd.DataFrame) -> str:
    """In words: who forecast, and how many typical prices of the drawn steps fell into their bands."""
    models = ", ".join(dict.fromkeys(one.model for one in outlooks))
    typical = (candles["high"] + candles["low"] + candles["close"]) / 3
    closes = dict(zip(candles["open_time"] + INTERVAL, typical, strict=True))
    came = [
        low <= closes[pd.Timestamp(at)] <= high
        for one in apart(outlooks)
        for at, low, high in zip(_times(one), one.q10, one.q90, strict=True)
        if pd.Timestamp(at) in closes
    ]
    met = (
        f"{sum(came) / len(came):.0%} of {len(came)} prices came inside the band" if came else "none of it is over yet"
    )
    return f"forecast by {models}; {met}"


def _times(outlook: Outlook) -> list[datetime]:
    """The end of each step: a forecast speaks of candles, known when they close."""
    first = floor_time(outlook.at)
    return [first + (step + 1) * INTERVAL for step in range(len(outlook.q50))]


def _fan(outlook: Outlook) -> Iterable[go.Scatter]:
    times = [jst(at) for at in _times(outlook)]
    yield go.Scatter(
        x=[*times, *reversed(times)],
        y=[*outlook.q90, *reversed(outlook.q10)],
        fill="toself",
        fillcolor=BAND,
        line={"width": 0},
        hoverinfo="skip",
        name="8 of 10",
    )
    yield go.Scatter(
        x=times,
        y=outlook.q50,
        mode="lines",
        line={"color": SCORE, "width": 2},
        customdata=list(zip(outlook.q10, outlook.q90, strict=True)),
        hovertemplate="%{y:,.6~g} (%{customdata[0]:,.6~g} to %{customdata[1]:,.6~g})<br>%{x|%H:%M}<extra></extra>",
        name=outlook.model,
    )
