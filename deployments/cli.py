"""``trader``: the one command-line program. Exit 0 on success, 1 on a clear failure with one line, 2 on wrong usage."""

from __future__ import annotations

import os
import sys

import typer

from deployments.commands.calibration import calibration
from deployments.commands.demo import demo
from deployments.commands.desk import kill_switch, positions, status
from deployments.commands.doctor import doctor
from deployments.commands.explain import explain
from deployments.commands.flows import init, run
from deployments.commands.forecast import forecast
from deployments.commands.keeping import backup, restore
from deployments.commands.machine import machine
from deployments.commands.market import decide, score, simulator, strategy
from deployments.commands.model import model
from deployments.commands.news import titles
from deployments.commands.orders import reconcile, redrive, resolve
from deployments.commands.ui import ui
from deployments.commands.up import up
from deployments.commands.verify import verify
from deployments.commands.watchdog import watchdog
from trading.errors import TradingError

app = typer.Typer(
    name="trader",
    help="A crypto trading pipeline that never doubles and never loses an order. Start with: trader demo",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    add_completion=False,
)
app.command("demo")(demo)
app.command("up")(up)
app.command("run")(run)
app.command("init")(init)
app.command("doctor")(doctor)
app.command("simulator")(simulator)
app.command("score")(score)
app.command("decide")(decide)
app.add_typer(strategy, name="strategy")
app.command("titles")(titles)
app.command("forecast")(forecast)
app.command("calibration")(calibration)
app.add_typer(model, name="model")
app.command("status")(status)
app.command("positions")(positions)
app.command("explain")(explain)
app.command("verify")(verify)
app.command("ui")(ui)
app.command("kill-switch")(kill_switch)
app.command("watchdog")(watchdog)
app.command("reconcile")(reconcile)
app.command("resolve")(resolve)
app.command("redrive")(redrive)
app.command("backup")(backup)
app.command("restore")(restore)
app.command("machine")(machine)


def main() -> None:
    """Run the program; every failure ends in one line on stderr that says what to do."""
    try:
        app()
    except TradingError as error:
        _fail(str(error))
    except Exception as error:
        if os.environ.get("TRADER_DEBUG"):
            raise
        _fail(f"unexpected {type(error).__name__}: {_first_line(error)} (TRADER_DEBUG=1 shows where)")


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else "no message"


def _fail(text: str) -> None:
    print(f"trader: {' '.join(text.split())}", file=sys.stderr)
    sys.exit(1)


if __name__ == "__main__":
    main()
