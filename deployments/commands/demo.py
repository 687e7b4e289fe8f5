"""``trader demo``: the main job on this machine, watched."""

from __future__ import annotations

import json as jsonlib
import shlex
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer
from rich.console import Console

from blocks.settings import load_settings
from deployments.commands.options import AsJson, moment
from deployments.embedded import MarketOptions
from deployments.screen import Screen
from trading.candles import INTERVAL, candle_file, load_candles
from trading.errors import BadInput
from trading.pairs import parse_pairs
from trading.strategy import load_strategy

if TYPE_CHECKING:
    from deployments.demo import DemoOptions

DEMO_CYCLES = 22
DEMO_SEED = 20
"""Two generated hours in which coins are bought, held, trailed and sold; other seeds show other hours."""


def demo(
    candles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Replay this candle folder; without it a market is generated.")
    ] = None,
    start: Annotated[
        str | None, typer.Option(metavar="TIME", help="Where the market's clock begins, ISO 8601.")
    ] = None,
    cycles: Annotated[int, typer.Option(min=1, max=2016, help="5-minute cycles to play; 288 are a day.")] = DEMO_CYCLES,
    seed: Annotated[int, typer.Option(help="Of the generated market.")] = DEMO_SEED,
    jpy: Annotated[int, typer.Option(min=0, help="Yen on the paper account at the start.")] = 100_000,
    state: Annotated[Path | None, typer.Option(metavar="DIR", help="Where runs, logs and the report are kept.")] = None,
    hold: Annotated[bool, typer.Option(help="Keep everything running at the end, until Ctrl-C.")] = False,
    json: AsJson = False,
) -> None:
    """Play a market through the real flows: collect, analyse, order, watch, report. No account, no key, no network."""
    from deployments.demo import DemoOptions

    began = time.monotonic()
    market = MarketOptions(candles, moment(start) if start else None, seed, jpy)
    options = DemoOptions(market, cycles, state or load_settings().state / "demo", hold)
    try:
        with _terminable():
            _check(options)
            _play(options, began, as_json=json)
    except KeyboardInterrupt:
        print(f"trader: stopped; what it had started is gone, what it kept is in {options.state}", file=sys.stderr)
        raise typer.Exit(1) from None


def _check(options: DemoOptions) -> None:
    """Read what was given before anything is started: a broken setting or candle file ends here, in one line."""
    load_strategy(load_settings().strategy)
    market = options.market
    for pair in parse_pairs(load_settings().pairs_config):
        if market.candles is None:
            continue
        candles = load_candles(candle_file(market.candles, pair.binance))
        end = candles["open_time"].iloc[-1] + INTERVAL
        if market.start is not None and market.start + (options.cycles + 1) * INTERVAL > end:
            msg = f"the candles of {pair.binance} end at {end:%Y-%m-%d %H:%M} UTC, before the last of these cycles"
            raise BadInput(msg)


def _play(options: DemoOptions, began: float, *, as_json: bool) -> None:
    from deployments.demo import Played, play, prepared, summarise

    played = Played()
    source = options.market.candles or f"generated, seed {options.market.seed}"
    with Screen(Console(stderr=as_json)) as screen:
        screen.phase("starting the simulated exchanges, the AWS stand-in and Prefect's server")
        with prepared(options, played) as (world, desk):
            from deployments.demo_view import events_of, view_of

            screen.phase("playing")
            for cycle in play(world, options, played):
                screen.cycle(view_of(cycle, desk, str(source)))
                for text in events_of(cycle, desk):
                    screen.event(cycle.at, text)
            screen.phase("writing the daily report")
            done = summarise(desk, world, options, played, began)
            screen.phase("done")
            screen.summary(done)
            if as_json:
                print(jsonlib.dumps(done.as_json()), flush=True)
            if options.hold:
                screen.phase(f"holding {done.prefect_ui} until Ctrl-C")
                screen.phase(f"in another terminal: TRADER_STATE={shlex.quote(done.state)} trader status")
                signal.pause()


@contextmanager
def _terminable() -> Iterator[None]:
    """Ctrl-C and a polite kill end us alike: everything that was started is stopped on the way out."""

    def stop(_number: int, _frame: object) -> NoReturn:
        raise KeyboardInterrupt

    # SIGINT too: a shell that starts us in the background has it ignored, and Python then leaves it so.
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
