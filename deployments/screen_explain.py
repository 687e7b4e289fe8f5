"""An explanation as a person reads it: the answer first, what happened, how the pairs stood, and what was looked at."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from deployments.screen_views import clean
from trading.report.rows import coin_of
from trading.report.words import JST
from trading.services.explain import Explanation
from trading.services.explain.shapes import InputLine, PairLine

WIDTH = 100
"""Columns where nobody says how many there are."""
SOFT, BAD = "bright_black", "bold red"
PARTS = ("technical", "forecast", "sentiment", "context")


def explained(told: Explanation, width: int = WIDTH, *, colour: bool = False) -> str:
    """The whole explanation as text, at most so many columns wide."""
    console = Console(
        file=StringIO(), width=width, force_terminal=colour, no_color=not colour, highlight=False, legacy_windows=False
    )
    console.print(Group(*_parts(told)))
    text: str = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in text.splitlines())


def _parts(told: Explanation) -> Iterator[RenderableType]:
    yield Text(clean(told.headline), style="bold")
    if told.steps:
        yield from _headed("What happened (UTC, JST)", _steps(told))
    if told.pairs:
        yield from _headed(f"How the pairs stood: {told.judged}", _pairs(told.pairs))
    if told.reasons:
        lines = [Text(f"- {clean(reason)}") for reason in told.reasons]
        yield from _headed("What it was decided by", Group(*lines))
    if told.inputs:
        yield from _headed("What it was decided from", _inputs(told.inputs))
    if told.record:
        yield from _headed("Record", Text(clean(told.record), style="" if told.sound else BAD))
    if told.ids:
        named = [Text.assemble((f"{name}: ", SOFT), clean(one)) for name, one in told.ids.items()]
        yield from _headed("Ask further: trader explain ID", Group(*named))


def _headed(title: str, body: RenderableType) -> Iterator[RenderableType]:
    yield Text("")
    yield Text(clean(title), style="cyan")
    yield Padding(body, (0, 0, 0, 2))


def _steps(told: Explanation) -> Table:
    grid = Table.grid(padding=(0, 2))
    grid.add_column(no_wrap=True, style=SOFT)
    grid.add_column(no_wrap=True, style=SOFT)
    grid.add_column()
    day = None
    for step in told.steps:
        if step.at is not None and step.at.date() != day:
            day = step.at.date()
            grid.add_row(Text(f"{day:%m-%d}"), "", "")
        utc = "" if step.at is None else f"{step.at:%H:%M:%S}"
        jst = "" if step.at is None else f"{step.at.astimezone(JST):%H:%M}"
        grid.add_row(utc, jst, Text(clean(step.words)))
    return grid


def _pairs(lines: tuple[PairLine, ...]) -> Table:
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1), show_edge=False)
    table.add_column("coin", no_wrap=True)
    table.add_column("score", justify="right", no_wrap=True)
    for name in PARTS:
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("so")
    for line in lines:
        parts = [_number(line.parts.get(name)) for name in PARTS]
        row = [coin_of(line.pair), _number(line.score), *parts, clean(line.verdict)]
        table.add_row(*map(Text, row), style="bold" if line.verdict.startswith("to be") else "")
    return table


def _number(value: float | None) -> str:
    """Three places: a score may miss a threshold by less than one in a hundred."""
    return "–" if value is None else f"{round(value, 3) + 0.0:+.3f}"


def _inputs(lines: tuple[InputLine, ...]) -> Group:
    """Each input on its own lines: what it was, whether it still is, and the key of its payload whole, to be copied.

    Of several pairs it is one line for all that stand alike.
    """
    if len({line.pair for line in lines if line.pair}) > 1:
        return _summed(lines)
    found: list[RenderableType] = []
    for line in lines:
        found.append(Text.assemble((f"{coin_of(line.pair)} {line.kind}".strip(), "bold"), f": {clean(line.was)}"))
        found.append(Text(f"  {clean(line.now)}", style=SOFT if line.sound else BAD))
        keys = line.raw.split(", ") if line.raw else []
        found += [Text(f"  payload {clean(key)}", style=SOFT) for key in keys]
    return Group(*found)


def _summed(lines: tuple[InputLine, ...]) -> Group:
    alike: dict[tuple[str, str, bool], list[str]] = {}
    for line in lines:
        alike.setdefault((line.kind, line.now, line.sound), []).append(coin_of(line.pair))
    return Group(
        *(
            Text.assemble((f"{kind} {' '.join(coins)}".strip(), "bold"), (f": {clean(now)}", "" if sound else BAD))
            for (kind, now, sound), coins in alike.items()
        )
    )
