"""Candles, the forecast's fan, and the prices that matter, as SVG: the geometry here, the looks in the template."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from math import floor, log10
from typing import Any, Literal

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined, Template

from trading.candles import INTERVAL

WIDTH, HEIGHT = 760, 330
LEFT, TOP, BOTTOM = 56, 62, 302
MARGIN, LABELLED, AXIS = 24, 168, 44
"""Candles and fan stand in a frame: left of it its prices, right of it the labels of lines, below it the times."""

GRID_LINES = 5
SQUEEZE = 3.0
"""A price so far off that the candles' part of the height would shrink by more stays at the edge, with an arrow."""

LABEL_APART = 15
TICK = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Line:
    """A price worth a line: what it is in words, where it lies on the candles' scale, and its colour."""

    text: str
    price: float
    kind: Literal["entry", "stop", "target", "now"]


@dataclass(frozen=True, slots=True)
class Fan:
    """What is expected of the steps after the last candle: the 0.1, 0.5 and 0.9 quantiles, one value a step."""

    q10: Sequence[float]
    q50: Sequence[float]
    q90: Sequence[float]


@dataclass(frozen=True, slots=True)
class Chart:
    """One pair: a headline, a line of facts below it, and what is drawn. Candles are oldest first, and at least one."""

    title: str
    facts: str
    candles: pd.DataFrame
    fan: Fan | None = None
    lines: Sequence[Line] = ()


@dataclass(frozen=True, slots=True)
class Scale:
    """From times and prices to places in the picture."""

    since: datetime
    until: datetime
    low: float
    high: float
    right: int

    def x(self, at: datetime) -> float:
        """How far right a time is."""
        share = (at - self.since) / (self.until - self.since)
        return round(LEFT + share * (self.right - LEFT), 1)

    def y(self, price: float) -> float:
        """How far down a price is; one beyond the frame lies on its edge."""
        share = (min(max(price, self.low), self.high) - self.low) / (self.high - self.low)
        return round(BOTTOM - share * (BOTTOM - TOP), 1)

    def beyond(self, price: float) -> str:
        """An arrow for a price that lies outside the frame."""
        return "▼ " if price < self.low else "▲ " if price > self.high else ""


def svg(chart: Chart) -> str:
    """The picture. Every text in it is escaped."""
    scale = _scale(chart)
    last = chart.candles["open_time"].iloc[-1] + INTERVAL
    grid = [(price, scale.y(price)) for price in _round_prices(scale.low, scale.high)]
    lines = _labelled(chart.lines, scale)
    first = pd.Timestamp(scale.since).ceil(TICK)
    hours = [(f"{at:%H:%M}", scale.x(at)) for at in pd.date_range(first, scale.until, freq=TICK)]
    return _template().render(
        chart=chart,
        frame={
            "width": WIDTH,
            "height": HEIGHT,
            "left": LEFT - AXIS,
            "right": scale.right,
            "top": TOP,
            "bottom": BOTTOM,
        },
        grid=[(f"{price:,.{_decimals(grid)}f}" if _free(y, lines) else "", y) for price, y in grid],
        hours=hours,
        rising=_candles(chart.candles, scale, rising=True),
        falling=_candles(chart.candles, scale, rising=False),
        fan=_fan(chart, scale, last) if chart.fan else None,
        now_x=scale.x(last),
        lines=lines,
    )


def data_uri(picture: str) -> str:
    """The picture as an address that carries it, for an ``img`` on any page."""
    return f"data:image/svg+xml;base64,{b64encode(picture.encode()).decode()}"


@cache
def _template() -> Template:
    environment = Environment(
        loader=PackageLoader("adapters.charts", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("chart.svg.j2")


def _scale(chart: Chart) -> Scale:
    since = chart.candles["open_time"].iloc[0].to_pydatetime().astimezone(UTC)
    steps = len(chart.fan.q50) if chart.fan else 0
    until = chart.candles["open_time"].iloc[-1].to_pydatetime().astimezone(UTC) + (steps + 1) * INTERVAL
    seen = [*chart.candles["low"], *chart.candles["high"]]
    if chart.fan:
        seen += [*chart.fan.q10, *chart.fan.q90]
    low, high = float(min(seen)), float(max(seen))
    reach = (high - low or high * 0.001) * (SQUEEZE - 1) / 2
    shown = [line.price for line in chart.lines if low - reach <= line.price <= high + reach]
    low, high = min([low, *shown]), max([high, *shown])
    margin = (high - low or high * 0.001) * 0.06
    return Scale(since, until, low - margin, high + margin, WIDTH - (LABELLED if chart.lines else MARGIN))


def _candles(candles: pd.DataFrame, scale: Scale, *, rising: bool) -> str:
    """All rising or all falling candles as one path: a wick and a body each."""
    wide = max(1.0, round((scale.x(scale.since + INTERVAL) - LEFT) * 0.62, 1))
    path = []
    columns = (candles[name] for name in ("open_time", "open", "high", "low", "close"))
    for opened_at, first, high, low, last in zip(*columns, strict=True):
        if (last >= first) is not rising:
            continue
        middle = scale.x(opened_at + INTERVAL / 2)
        top, bottom = scale.y(max(first, last)), scale.y(min(first, last))
        path.append(f"M{middle} {scale.y(high)}V{scale.y(low)}")
        path.append(f"M{middle - wide / 2:.1f} {top}h{wide}V{max(bottom, top + 0.8):.1f}h-{wide}z")
    return "".join(path)


def _fan(chart: Chart, scale: Scale, last: datetime) -> dict[str, str]:
    """The band and the middle line, both beginning at the last close."""
    fan, close = chart.fan, float(chart.candles["close"].iloc[-1])
    if fan is None:
        return {}
    times = [scale.x(last + step * INTERVAL) for step in range(len(fan.q50) + 1)]
    low, middle, high = ([scale.y(price) for price in (close, *path)] for path in (fan.q10, fan.q50, fan.q90))
    around = [*zip(times, high, strict=True), *reversed([*zip(times, low, strict=True)])]
    words = {"band": around, "middle": [*zip(times, middle, strict=True)]}
    return {name: "M" + "L".join(f"{x} {y}" for x, y in points) for name, points in words.items()}


def _labelled(lines: Sequence[Line], scale: Scale) -> list[dict[str, Any]]:
    """Each line with a label to the right of it; labels that would lie on each other are moved apart."""
    placed: list[dict[str, Any]] = []
    label = TOP - LABEL_APART + 4.0
    for line in sorted(lines, key=lambda one: -one.price):
        y = scale.y(line.price)
        label = max(y, label + LABEL_APART)
        placed.append({"text": scale.beyond(line.price) + line.text, "kind": line.kind, "y": y, "label": label})
    return placed


def _round_prices(low: float, high: float) -> list[float]:
    """Round prices inside the frame, a handful."""
    rough = (high - low) / GRID_LINES
    power = 10 ** floor(log10(rough))
    step = next(power * times for times in (1, 2, 2.5, 5, 10) if power * times >= rough)
    first = floor(low / step) + 1
    return [number * step for number in range(first, floor(high / step) + 1)]


def _free(y: float, lines: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a price of the grid may be written there without lying on a line."""
    return all(abs(y - line["y"]) >= LABEL_APART for line in lines)


def _decimals(grid: Sequence[tuple[float, float]]) -> int:
    """Decimals that tell neighbouring prices of the grid apart."""
    step = abs(grid[1][0] - grid[0][0]) if len(grid) > 1 else 1.0
    return max(0, 1 - floor(log10(step)))
