"""Charts on a run's page: of the pairs that a decision is about, and of a position whose stop moved."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from prefect import task
from prefect.artifacts import create_markdown_artifact

from adapters.charts import Chart, Fan, Line, data_uri, svg
from blocks.desk import Desk, open_desk
from tasks.policies import ASK
from trading.candles import INTERVAL
from trading.position import Position
from trading.services.decide import Analysis
from trading.services.monitor import Watched
from trading.signals.forecast import signed

SPAN = timedelta(hours=4)
DRAWN_MOST = 3
"""Pairs drawn of an analysis: those that are bought, sold or held first, then the best ranked."""


@task(task_run_name="show-charts", **ASK)
def show_charts(desk: str, analysis: Analysis, held: Sequence[Position]) -> None:
    """The pairs that matter: four hours of candles, the hour that is expected, and what is paid and guarded."""
    room = open_desk(desk)
    rows = {row["pair"]: row for row in analysis.rows}
    positions = {one.pair: one for one in held}
    ranked = [one.pair for one in analysis.decision.ranking]
    keys = list(dict.fromkeys([*analysis.decision.pairs, *positions, *ranked]))[:DRAWN_MOST]
    charts = [_of_pair(room, rows[key], positions.get(key), analysis) for key in keys if key in rows]
    _publish([one for one in charts if one], "charts", desk, analysis.at)


@task(task_run_name="show-moved", **ASK)
def show_moved(desk: str, seen: Sequence[Watched], at: datetime) -> None:
    """Positions whose stop moved or that are being sold: the price, the entry and the stop."""
    room = open_desk(desk)
    charts = []
    for look in seen:
        held = look.position
        candles = _candles(room, held.pair, at)
        if not len(candles):
            continue
        yen = float(held.current_price.number) / float(candles["close"].iloc[-1])
        what = f"sold: {look.exit.reason}" if look.exit else f"stop moved: {held.stop_reason}"
        facts = f"now ¥{_number(held.current_price.number)}, peak ¥{_number(held.highest_price.number)}"
        charts.append(Chart(f"{held.pair} · {what}", facts, candles, None, _guarded(held, yen)))
    _publish(charts, "positions", desk, at)


def _of_pair(room: Desk, row: Mapping[str, Any], held: Position | None, analysis: Analysis) -> Chart | None:
    """The chart of one pair, or nothing without candles."""
    candles = _candles(room, row["pair"], analysis.at)
    if not len(candles):
        return None
    doing = analysis.decision.action if row["chosen"] else "held" if held else ""
    title = " · ".join(filter(None, (row["pair"], doing)))
    told, basis = row["forecast"], row["basis"]
    fan = Fan(told["q10"], told["q50"], told["q90"]) if told and told["q50"] else None
    yen = basis["jpy_price"] / basis["usdt_price"] if basis and basis["jpy_price"] and basis["usdt_price"] else None
    lines = _guarded(held, yen) if held and yen else []
    if row["chosen"] and not held:
        close = float(candles["close"].iloc[-1])
        stop = close * (1 - float(room.strategy.stop_loss_pct) / 100)
        lines = [
            Line(f"entry about {_number(close)}", close, "entry"),
            Line(f"first stop {_number(stop)}", stop, "stop"),
        ]
    return Chart(title, _facts(row, float(candles["close"].iloc[-1])), candles, fan, lines)


def _facts(row: Mapping[str, Any], close: float) -> str:
    """Price, score and what the next hour is expected to bring, on one line."""
    told = row["forecast"]
    score = "not ranked" if row["score"] is None else f"score {row['score']:+.3f}"
    expected = f"forecast {signed(told['change_pct'], 2)} % ({told['model']})" if told else "no forecast"
    return f"{_number(close)} USDT  ·  {score}  ·  {expected}"


def _guarded(held: Position, yen: float) -> list[Line]:
    """Entry and stop of a position, on the scale of the tether candles; the words name the yen that the books keep."""
    prices = (("entry", held.entry_price), ("stop", held.stop_loss))
    return [
        Line(f"{kind} ¥{_number(price.number)}", float(price.number) / yen, "entry" if kind == "entry" else "stop")
        for kind, price in prices
    ]


def _candles(room: Desk, key: str, at: datetime) -> Any:
    """The last hours of a pair."""
    return room.candles.window(room.pair(key), at, int(SPAN / INTERVAL))


def _number(value: Any) -> str:
    """A price for people: six figures that count, never an exponent."""
    number = float(value)
    return f"{number:,.0f}" if number >= 10_000 else f"{number:,.6g}"


def _publish(charts: Sequence[Chart], key: str, desk: str, at: datetime) -> None:
    """One page with the pictures inside it: nothing is fetched from anywhere when it is looked at."""
    if charts:
        pictures = [f"![{chart.title}]({data_uri(svg(chart))})" for chart in charts]
        text = "\n\n".join(pictures)
        titles = ", ".join(chart.title for chart in charts)
        create_markdown_artifact(text, key=key, description=f"{titles} · {desk} desk, {at:%Y-%m-%d %H:%M} UTC")
