"""``python -m simulator``: the simulated outside world over HTTP on the loopback interface."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from simulator.main import from_options, serve
from simulator.shapes import SHAPES
from trading.errors import TradingError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    told = argparse.ArgumentParser(prog="python -m simulator", description=__doc__)
    add = told.add_argument
    add(
        "--candles", type=Path, metavar="DIR", help="replay <SYMBOL>-5m.parquet files; without it a market is generated"
    )
    add("--port", type=int, default=0, help="0 = any free one")
    add("--speed", type=float, default=1.0, help="simulated seconds per second; 0 = moved by POST /_clock only")
    add("--start", metavar="TIME", help="ISO 8601, UTC if no zone is given")
    add("--since", metavar="TIME", help="a market without an end that began then and runs in this machine's time")
    add("--seed", type=int, default=1)
    add("--market", dest="shape", choices=sorted(SHAPES), default="lively", help="temper of a generated market")
    add("--history", type=int, help="candles before the start of the clock")
    add("--future", type=int, help="candles a generated market has after it")
    add("--usdjpy", default="150", metavar="RATE|FILE", help="yen per dollar, or a csv or parquet file of rates")
    add("--jpy", default="100000", help="yen on the account at the start")
    add("--spread-pct", default="0.06", help="spread of the order book, percent")
    add("--orders-per-s", type=float, default=4.0, help="new orders in a real second; 0 = unlimited")
    add("--details-per-s", type=float, default=1.0, help="order details in a real second; 0 = unlimited")
    add("--access-key", default=os.environ.get("TRADER_COINCHECK_ACCESS_KEY") or "simulator-key")
    add("--secret-key", default=os.environ.get("TRADER_COINCHECK_SECRET_KEY") or "simulator-secret")
    add("--fear-greed", type=int, metavar="0-100", help="a fixed index; without it a seeded curve")
    return told


def main() -> int:
    """Run; 0 after a clean end, 1 with one line on stderr for what cannot be run."""
    options = vars(parser().parse_args())
    try:
        serve(from_options(**options, pairs=os.environ.get("TRADING_PAIRS_CONFIG")))
    except TradingError as error:
        print(error, file=sys.stderr)  # noqa: T201 - the one line for a human
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
