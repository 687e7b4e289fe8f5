"""``trader up``: everything on its schedule, until it is stopped."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated

import typer

from blocks.settings import Settings, load_settings
from deployments.commands.options import AsJson, answer
from trading.strategy import load_strategy

if TYPE_CHECKING:
    from deployments.up.parts import Options


class MarketName(StrEnum):
    """Which market the desk looks at."""

    live = "live"
    replay = "replay"


def up(
    market: Annotated[
        MarketName,
        typer.Option(help="live: the real one (or TRADER_*_URL); replay: a simulated one without an end."),
    ] = MarketName.live,
    desk: Annotated[str, typer.Option(help="paper, or live, which needs --account.")] = "paper",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Of the Prefect UI.")] = 4200,
    state: Annotated[Path | None, typer.Option(metavar="DIR", help="What it keeps; default TRADER_STATE/up.")] = None,
    candles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Replay <SYMBOL>-5m.parquet files instead of a generated market.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the generated market.")] = 1,
    account: Annotated[
        bool, typer.Option("--account", help="The AWS account of your credentials instead of the stand-in.")
    ] = False,
    json: AsJson = False,
) -> None:
    """Run everything on its schedule on this machine, with the Prefect UI, until Ctrl-C. State survives a restart.

    Tables, queues and files: AWS_ENDPOINT_URL or --account; else a stand-in that keeps them in the state directory.
    """
    from deployments.up.parts import Options

    options = Options(
        desk, market is MarketName.replay or candles is not None, port,
        state or load_settings().state / "up", candles, seed, account,
    )  # fmt: skip

    load_strategy(load_settings().strategy)  # said here, in one line, and not by every run
    _run(options, as_json=json)


def _run(options: Options, *, as_json: bool) -> None:
    """Start, say where things are, watch over them, and stop when told to."""
    from deployments.up.run import started, watch_over

    def tell(line: str) -> None:
        print(line, file=sys.stderr if as_json else sys.stdout, flush=True)

    signal.signal(signal.SIGTERM, _as_ctrl_c)
    if unread := nothing_reads(os.environ):
        tell(unread)
    market, seen = MarketName.replay if options.replay else MarketName.live, market_at(options)
    try:
        with started(options, tell) as running:
            facts = {"desk": options.desk, "market": market.value, "prefect_ui": running.ui, "state": str(running.root)}
            answer(facts, as_json=as_json, text=welcome(facts, running.parts.api_url, seen))
            sys.stdout.flush()
            watch_over(running, tell)
    except KeyboardInterrupt:
        tell("stopped; trader up goes on from here")


def nothing_reads(environment: Mapping[str, str]) -> str:
    """One line about variables that no setting reads, as the doctor finds them; nothing where all are known."""
    from deployments.doctor.findings import State
    from deployments.doctor.machine import settings

    found = settings(environment)
    return "" if found.state is State.OK else f"{found.said}: correct the name; trader doctor lists the settings"


def market_at(options: Options) -> str:
    """Which market the desk looks at: the real one only where the settings lead to the exchanges' own addresses."""
    from deployments.doctor.machine import settings_shown

    if options.replay:
        return "the replayed market"
    fields, settings = Settings.model_fields, load_settings()
    if all(getattr(settings, name) == fields[name].default for name in ("binance_url", "coincheck_url")):
        return "the real market"
    shown = settings_shown(settings)  # a password in an address is not shown
    return f"the market at {shown['TRADER_BINANCE_URL']} (candles) and {shown['TRADER_COINCHECK_URL']} (orders)"


def welcome(facts: dict[str, str], api_url: str, market: str) -> str:
    """What runs and where; every command is whole, for a terminal that knows nothing of this one's variables."""
    found = f"TRADER_STATE={quote(facts['state'])} trader"
    return "\n".join(
        [
            f"up: the {facts['desk']} desk on {market}",
            f"  runs    {facts['prefect_ui']}",
            f"  look    {found} status --desk {facts['desk']}",
            f"          {found} doctor --desk {facts['desk']}",
            f"  halt    {found} kill-switch on --desk {facts['desk']} --reason TEXT",
            f"  ask     PREFECT_API_URL={api_url} prefect deployment run analyze/trader",
            f"  state   {facts['state']} (logs in logs/)",
            "  stop    Ctrl-C",
        ]
    )


def _as_ctrl_c(*_: object) -> None:
    raise KeyboardInterrupt
