"""The pieces of the picture, each from values alone: header, table of pairs, log, closing panel."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from deployments.screen_views import CycleView, PairView, Summary, clean
from trading.report.rows import coin_of
from trading.report.words import JST, plural, price_text, score_text, size_text, yen_text

BAR = 11  # characters between the sell and the buy threshold
GAIN, LOSS, SOFT = "green", "red", "bright_black"


def _tone(number: object) -> str:
    """The colour of a gain or a loss; the sign is always written too."""
    return "" if not number else GAIN if number > 0 else LOSS  # type: ignore[operator]


def header(view: CycleView | None, phase: str, seconds: float) -> RenderableType:
    """Two lines: what is running and how far it is; and what it is doing, with the money."""
    top = Table.grid(expand=True, padding=(0, 1))
    top.add_column(no_wrap=True, overflow="ellipsis")
    top.add_column(justify="right", no_wrap=True)
    elapsed = f"{int(seconds) // 60}:{int(seconds) % 60:02d}"
    if view is None:
        top.add_row(Text("Crypto Trader", style="bold"), Text(elapsed, style=SOFT))
        return Group(top, Text(phase, style="cyan", no_wrap=True, overflow="ellipsis"))
    left = Text.assemble(("Crypto Trader", "bold"), "  ", clean(view.market))
    top.add_row(left, Text(f"{view.at.astimezone(JST):%Y-%m-%d %H:%M} JST", style="bold"))
    bar = Table.grid(expand=True, padding=(0, 1))
    bar.add_column(no_wrap=True)
    bar.add_column(ratio=1)
    bar.add_column(justify="right", no_wrap=True)
    progress = ProgressBar(total=max(1, view.cycles), completed=view.cycle, complete_style="cyan")
    bar.add_row(Text(f"cycle {view.cycle} of {view.cycles}"), progress, Text(elapsed, style=SOFT))
    return Group(top, bar, _standing(view, phase))


def _standing(view: CycleView, phase: str) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True, overflow="ellipsis", ratio=1)
    line.add_column(justify="right", no_wrap=True)
    money = Text()
    if view.equity_jpy is not None:
        money.append(f"worth {yen_text(view.equity_jpy)}")
    if view.realized_pnl_jpy is not None:
        money.append(" · " if money else "").append("realised ")
        money.append(yen_text(view.realized_pnl_jpy, signed=True), _tone(view.realized_pnl_jpy))
    line.add_row(Text(phase, style="cyan"), money)
    return line


def score_bar(pair: PairView, *, ascii_only: bool = False) -> Text:
    """Where the score stands between selling (left end) and buying (right end); empty when a part is unknown."""
    score, buy, sell = pair.score, pair.buy_threshold, pair.sell_threshold
    if score is None or buy is None or sell is None or buy <= sell:
        return Text(" " * BAR)
    rail, knob = ("-", "o") if ascii_only else ("─", "●")
    share = min(1.0, max(0.0, (score - sell) / (buy - sell)))
    # Only a score that reached a threshold stands at that end: 0.279 of 0.28 is not a buy.
    spot = 0 if score <= sell else BAR - 1 if score >= buy else 1 + min(BAR - 3, int(share * (BAR - 2)))
    style = LOSS if score <= sell else GAIN if score >= buy else ""
    return Text.assemble((rail * spot, SOFT), (knob, style), (rail * (BAR - 1 - spot), SOFT))


def pair_table(view: CycleView, *, ascii_only: bool = False) -> Table:
    """A line per pair: price, its hour, its score on the way from sell to buy, and what is held."""
    table = Table(box=box.ASCII2 if ascii_only else box.SIMPLE_HEAD, expand=True, padding=(0, 1), show_edge=False)
    ends = "sell   buy" if ascii_only else "sell ── buy"
    for name, side in (("coin", "left"), ("price", "right"), ("1 h", "right"), ("score", "right"), (ends, "left")):
        table.add_column(name, justify=side, no_wrap=True)  # type: ignore[arg-type]
    table.add_column("held", justify="right", no_wrap=True, overflow="ellipsis")
    table.add_column("gain", justify="right", no_wrap=True)
    for pair in view.pairs:
        table.add_row(*_pair_row(pair, ascii_only=ascii_only))
    return table


def _pair_row(pair: PairView, *, ascii_only: bool) -> list[RenderableType]:
    coin = coin_of(pair.pair)
    change = "–" if pair.change_1h_pct is None else f"{pair.change_1h_pct:+.2f}%"
    held = pair.size is not None
    return [
        Text(coin, style="bold" if held else ""),
        Text(price_text(pair.price_jpy)),
        Text(change, style=_tone(pair.change_1h_pct)),
        Text(score_text(pair.score)),
        score_bar(pair, ascii_only=ascii_only),
        Text(size_text(pair.size, "").strip() if held else ""),
        Text(yen_text(pair.pnl_jpy, signed=True) if held else "", style=_tone(pair.pnl_jpy)),
    ]


def log_lines(lines: Iterable[str]) -> RenderableType:
    """The latest events, oldest first; each on one line, cut at the edge."""
    return Group(Text(""), *(Text(line, no_wrap=True, overflow="ellipsis") for line in lines))


def _counts(counts: object) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) if isinstance(counts, dict) else str(counts)


def summary_panel(done: Summary, *, ascii_only: bool = False) -> RenderableType:
    """The closing words: the day in two sentences, and the counts."""
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style=SOFT, no_wrap=True)
    facts.add_column()
    looked = (
        f"{plural(done.cycles, 'cycle')}, {plural(done.pairs, 'pair')}, {plural(done.candles_stored, 'candle')} stored"
    )
    facts.add_row("market", Text(looked))
    facts.add_row("decisions", Text(f"{plural(done.analyses, 'analysis')}: {_counts(dict(done.decisions))}"))
    facts.add_row("orders", Text(_counts(dict(done.orders))))
    facts.add_row("positions", Text(_counts(dict(done.positions))))
    facts.add_row("result", Text(yen_text(done.pnl_jpy, signed=True), style=f"bold {_tone(done.pnl_jpy)}".strip()))
    for note in done.notes:
        facts.add_row("note", Text(clean(note)))
    title = f"done in {done.seconds:.0f} seconds"
    frame = Panel(facts, title=title, title_align="left", box=box.ASCII if ascii_only else box.ROUNDED)
    words = [Text(clean(done.headline), style="bold")] if done.headline else []
    return Group(*words, frame)


def places(done: Summary) -> list[Text]:
    """Where to look next, each a line of its own that can be copied whole."""
    named = (("report", done.report), ("Prefect UI", done.prefect_ui), ("state", done.state))
    return [Text.assemble((f"{name}: ", SOFT), clean(place)) for name, place in named if place]
