"""Commands that need no desk: the simulated world, a score, a decision, the strategy."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, Candles, answer, moment
from trading.errors import BadInput, InsufficientData

strategy = typer.Typer(help="The strategy in force: every number a decision is made from.", no_args_is_help=True)


def simulator(
    candles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Candle folder to replay; generated without it.")
    ] = None,
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 = any free one.")] = 0,
    speed: Annotated[float, typer.Option(min=0, help="Simulated seconds per second; 0 = moved by POST /_clock.")] = 1.0,
    start: Annotated[str | None, typer.Option(metavar="TIME", help="Where its clock begins, ISO 8601.")] = None,
    seed: Annotated[int, typer.Option(help="Of the generated market and of all chance.")] = 1,
    jpy: Annotated[str, typer.Option(help="Yen on the account at the start.")] = "100000",
    rate_limits: Annotated[bool, typer.Option(help="Enforce the exchange's limits in real time.")] = True,
    json: AsJson = False,  # noqa: ARG001 (it prints its one JSON line either way)
) -> None:
    """The simulated outside world over HTTP, on the loopback interface, until stopped. Prints its URL when ready."""
    from simulator.main import from_options, serve

    config = from_options(
        candles=candles,
        port=port,
        speed=speed,
        start=moment(start).isoformat() if start else None,
        seed=seed,
        jpy=jpy,
        orders_per_s=4.0 if rate_limits else 0.0,
        details_per_s=1.0 if rate_limits else 0.0,
        pairs=load_settings().pairs_config,
    )
    serve(config)


def score(
    candles: Candles,
    at: Annotated[str, typer.Option(metavar="TIME", help="ISO 8601, UTC if no zone is given.")],
    json: AsJson = False,
) -> None:
    """Technical score and indicators per pair, from the last 336 candles closed by TIME."""
    from trading.candles import candle_file, load_candles, window
    from trading.pairs import parse_pairs
    from trading.signals.technical import technical_signal
    from trading.strategy import load_strategy

    settings, time = load_settings(), moment(at)
    if not candles.is_dir():
        msg = f"candle folder {candles} does not exist; it holds <SYMBOL>-5m.parquet files"
        raise BadInput(msg)
    numbers = load_strategy(settings.strategy)
    rows: dict[str, dict[str, Any]] = {}
    for pair in parse_pairs(settings.pairs_config):
        seen = window(load_candles(candle_file(candles, pair.binance)), time, numbers.candles_window)
        try:
            signal = technical_signal(seen, numbers)
        except InsufficientData:
            rows[pair.key] = {
                "technical_score": None,
                "regime": "insufficient data",
                "indicators": {},
                "candles": len(seen),
            }
            continue
        rows[pair.key] = {
            "technical_score": signal.score,
            "regime": signal.regime,
            "indicators": signal.indicators,
            "candles": signal.candles,
            "newest_candle": seen["open_time"].iloc[-1].isoformat(),
        }
    lines = [_score_line(key, row) for key, row in rows.items()]
    answer(
        {"at": time.isoformat(), "pairs": rows}, as_json=json, text="\n".join([f"at {time:%Y-%m-%d %H:%M} UTC", *lines])
    )


def _score_line(key: str, row: dict[str, Any]) -> str:
    if row["technical_score"] is None:
        return f"{key:10} sits out: {row['candles']} candles are too few"
    shown = {
        name: value
        for name, value in row["indicators"].items()
        if name in {"rsi", "adx", "macd_histogram", "atr_percent"}
    }
    words = "  ".join(f"{name} {value:.4g}" for name, value in shown.items() if value is not None)
    newest = f"{row['newest_candle'][:16]}"
    return f"{key:10} {row['technical_score']:+.4f}  {row['regime']:9} {words}  newest {newest}"


def decide(
    state: Annotated[
        Path, typer.Option(metavar="FILE", help="A state of the world as JSON; docs/names.md has its keys.")
    ],
    json: AsJson = False,
) -> None:
    """Thresholds, scores and decision for a given state of the world. Reads FILE only, sends nothing."""
    from trading.decision_file import as_answer, read_state
    from trading.scoring import decide as decide_market

    market, numbers = read_state(state)
    told = as_answer(decide_market(market, numbers))
    ranking = [f"{one['pair']:10} {one['score']:+.4f}" for one in told["ranking"]]
    head = f"buy at {told['buy_threshold']:+.4f}, sell at {told['sell_threshold']:+.4f}"
    decision = told["decision"]
    text = "\n".join(
        [head, *ranking, f"{decision['action']} {', '.join(decision['pairs'])}".strip(), *decision["reasons"]]
    )
    answer(told, as_json=json, text=text)


@strategy.command("show")
def show(json: AsJson = False) -> None:
    """The strategy in force, every parameter with its meaning and bounds."""
    from trading.strategy import load_strategy

    numbers = load_strategy(load_settings().strategy)
    lines = [
        f"{row['name']:32} {row['value']!s:>10}   {row['meaning']} ({row['bounds']})" for row in numbers.describe()
    ]
    answer(numbers.model_dump(mode="json"), as_json=json, text="\n".join(lines))


@strategy.command("validate")
def validate(file: Annotated[Path, typer.Argument(metavar="FILE")], json: AsJson = False) -> None:
    """Check a strategy file; says which key is wrong and why."""
    from trading.strategy import load_strategy

    numbers = load_strategy(file)
    text = f"{file} is valid: strategy {numbers.strategy_id} version {numbers.strategy_version}"
    answer({"valid": True, "strategy_id": numbers.strategy_id}, as_json=json, text=text)
