"""One figure per pair: the day's candles with what was bought and sold, and under them the score with its thresholds.

Candles are in dollars (the analysis side), trades happened in yen. A trade is drawn at its candle's dollar close, and a
stop at the same share of the entry as in yen: the picture compares, the hover texts and the tables say the yen.
Colours here read on white and on black alike; axes and text take theirs from the page, which knows light from dark.
"""

from __future__ import annotations

import html
import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from trading.candles import INTERVAL
from trading.report import SAID_NO, DayReport, PairDay, PositionLine
from trading.report.words import JST, price_text, score_text, yen_text

UP, DOWN = "#8fb8a8", "#cf9f9a"  # pale: the candles are the ground that the trades stand on
BUY, SELL, REFUSED = "#12855a", "#cc3b31", "#7d838c"
SCORE, STOP = "#3b82c4", "#c98a1b"
HOVER_WIDTH = 48  # characters: what fits beside the pointer on a telephone


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as JSON text, with the words that stand above it and that a screen reader reads."""

    pair: str
    caption: str
    figure: str


def active_pairs(report: DayReport) -> list[str]:
    """The pairs that were traded or held, in the order of the report; if none, the one that came closest to a buy."""
    known = [pair.pair for pair in report.pairs]
    touched = {line.pair for line in report.positions} | {line.pair for line in report.orders}
    active = [pair for pair in known if pair in touched] + sorted(touched.difference(known))
    near = [(pair.short_by, pair.pair) for pair in report.pairs if pair.short_by is not None]
    return active or [pair for _, pair in sorted(near)[:1]]


def pair_figure(report: DayReport, pair: str, candles: pd.DataFrame) -> str:
    """The figure of one pair as plotly JSON. Without candles, or without scores, that half stays empty."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.68, 0.32], vertical_spacing=0.06)
    for trace in _upper(report, pair, candles) if len(candles) else ():
        figure.add_trace(trace, row=1, col=1)
    for trace in (trace for day in report.pairs if day.pair == pair for trace in _scores(day)):
        figure.add_trace(trace, row=2, col=1)
    lay_out(figure)
    figure.update_yaxes(title_text="USDT", row=1, col=1)
    figure.update_yaxes(title_text="score", row=2, col=1, tickformat="+.1f", nticks=5)
    return str(figure.to_json())


def _upper(report: DayReport, pair: str, candles: pd.DataFrame) -> Iterable[go.Candlestick | go.Scatter]:
    yield candle_trace(candles)
    for line in report.positions:
        if line.pair == pair:
            yield from _held(line, candles)
    for order in report.orders:
        level = _close_at(candles, order.at)
        if order.pair == pair and order.status in SAID_NO and level is not None:
            title = f"{order.side.lower()} {order.status.lower()}"
            yield _mark(order.at, level, REFUSED, "x", title, order.note or "no note")


def lay_out(figure: go.Figure) -> None:
    """Size, fonts and axes as every figure of the page has them."""
    figure.update_layout(
        template="none",
        height=460,
        margin={"l": 56, "r": 12, "t": 12, "b": 36},
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        font={"family": "system-ui, sans-serif", "size": 12},
        showlegend=False,
        hovermode="closest",
        hoverlabel={"align": "left"},
        dragmode=False,
    )
    figure.update_xaxes(
        rangeslider_visible=False, tickformat="%H:%M", showgrid=True, zeroline=False, nticks=10, tickangle=0
    )
    figure.update_yaxes(showgrid=True, zeroline=False, nticks=6)


def jst(at: datetime) -> datetime:
    """Japanese wall-clock time without a zone: plotly draws times as they are written."""
    return at.astimezone(JST).replace(tzinfo=None)


def _hover(text: str) -> str:
    """Free text for a hover label, wrapped. plotly reads a little HTML there, so it is escaped first."""
    return "<br>".join(html.escape(line, quote=False) for line in textwrap.wrap(text, HOVER_WIDTH))


def candle_trace(candles: pd.DataFrame) -> go.Candlestick:
    """The candles, pale, by Japanese time."""
    return go.Candlestick(
        x=candles["open_time"].dt.tz_convert(JST).dt.tz_localize(None),
        open=candles["open"],
        high=candles["high"],
        low=candles["low"],
        close=candles["close"],
        increasing={"line": {"color": UP, "width": 1}, "fillcolor": UP},
        decreasing={"line": {"color": DOWN, "width": 1}, "fillcolor": DOWN},
        name="price",
    )


def _close_at(candles: pd.DataFrame, at: datetime) -> float | None:
    """The dollar close last known at a time; None before the first candle is closed."""
    known = candles.loc[candles["open_time"] + INTERVAL <= pd.Timestamp(at), "close"]
    return None if known.empty else float(known.iloc[-1])


def _held(line: PositionLine, candles: pd.DataFrame) -> Iterable[go.Scatter]:
    """One position: its stop while it was held, its entry and its exit."""
    entry = _close_at(candles, line.opened_at)
    if entry is not None:
        yield from _stop_line(line, entry)
        why = f"why: {line.bought_because or 'not in the books of this day'}"
        yield _mark(line.opened_at, entry, BUY, "triangle-up", f"bought at {price_text(line.entry_price_jpy)}", why)
    leave = _close_at(candles, line.closed_at) if line.closed_at is not None else None
    if line.closed_at is not None and leave is not None:
        result = f"sold at {price_text(line.exit_price_jpy)} ({yen_text(line.realized_pnl_jpy, signed=True)})"
        yield _mark(line.closed_at, leave, SELL, "triangle-down", result, f"why: {line.sold_because or 'not booked'}")


def _mark(at: datetime, level: float, colour: str, symbol: str, title: str, why: str) -> go.Scatter:
    """One trade. Its words travel as data, not in the template: there plotly would read ``%{...}`` as a field."""
    return go.Scatter(
        x=[jst(at)],
        y=[level],
        mode="markers",
        marker={"symbol": symbol, "size": 15, "color": colour, "line": {"width": 2, "color": "white"}},
        text=[f"<b>{_hover(title)}</b><br>{_hover(why)}"],
        hovertemplate="%{text}<br>%{x|%H:%M}<extra></extra>",
        name=title.split(" ", maxsplit=1)[0],
    )


def _stop_line(line: PositionLine, entry_usdt: float) -> Iterable[go.Scatter]:
    if not line.stops:
        return
    levels = [float(stop / line.entry_price_jpy) * entry_usdt for _, stop in line.stops]
    yield go.Scatter(
        x=[jst(at) for at, _ in line.stops],
        y=levels,
        mode="lines",
        line={"color": STOP, "width": 2, "shape": "hv", "dash": "dot"},
        text=[price_text(stop) for _, stop in line.stops],
        hovertemplate="stop at %{text}<br>%{x|%H:%M}<extra></extra>",
        name="stop",
    )


def _scores(pair: PairDay) -> Iterable[go.Scatter]:
    """The score with both thresholds. A missing score is a gap in the line, not a bridge over it."""
    times = [jst(item.at) for item in pair.judgements]
    levels = {"buy": [i.buy_threshold for i in pair.judgements], "sell": [i.sell_threshold for i in pair.judgements]}
    for name, colour in (("buy", BUY), ("sell", SELL)):
        yield go.Scatter(
            x=times,
            y=levels[name],
            mode="lines",
            line={"color": colour, "width": 1.5, "dash": "dash", "shape": "hv"},
            hovertemplate=f"{name} threshold %{{y:+.2f}}<extra></extra>",
            name=f"{name} threshold",
        )
    yield go.Scatter(
        x=times,
        y=[item.score for item in pair.judgements],
        mode="lines",
        connectgaps=False,
        line={"color": SCORE, "width": 2},
        text=[f"score {score_text(item.score)}" for item in pair.judgements],
        hovertemplate="%{text}<br>%{x|%H:%M}<extra></extra>",
        name="score",
    )
