"""How good the forecasts were: of past candles replayed through a model, or of a desk's own ledger."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.options import AsJson, DeskOption, answer, moment
from deployments.where import prepared_desk
from trading.errors import BadInput

if TYPE_CHECKING:
    from rich.table import Table

    from trading.calibration.records import Forecast
    from trading.calibration.skill import Skill
    from trading.calibration.table import CalibrationRow
    from trading.calibration.weight import EarnedWeight
    from trading.pairs import Pair
    from trading.ports import Forecaster
    from trading.strategy import Strategy

SPAN = timedelta(days=30)
"""What is looked at when no time is given."""
WIDTH = 112
"""What the table needs, for pipes and narrow terminals."""
LEGEND = (
    "inside: steps between q10 and q90, 80 % is meant. pinball: mean of the three quantiles; error: of the median; "
    "both in % of the price. walk: pinball of a random walk. naive: error if the price stays. Skill is 1 - loss / "
    "loss of the other; the weight is earned by the lower end of the one against naive, of the first forecast of "
    "each pair and hour."
)

type Span = tuple[datetime, datetime]


def calibration(
    candles: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Candle folder to replay; else the ledger.")
    ] = None,
    since: Annotated[str | None, typer.Option("--from", metavar="TIME", help="30 days before --to without it.")] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="TIME", help="Newest candle, or now, without it.")
    ] = None,
    every: Annotated[int, typer.Option(min=5, help="Minutes between replayed forecasts.")] = 60,
    model: Annotated[str, typer.Option(help="shipped, momentum, or an ONNX file: a path or s3:// URI.")] = "shipped",
    desk: DeskOption = None,
    json: AsJson = False,
) -> None:
    """Coverage, losses and skill per pair and model, and the weight that they earn: of a replay, or of the ledger."""
    if candles is not None:
        past, span, strategy = _of_candles(candles, since, until, every, model)
    else:
        past, span, strategy = _of_desk(desk or load_settings().desk, since, until)
    from trading.calibration.past import past_losses
    from trading.calibration.table import calibration_rows
    from trading.calibration.weight import earned_weight

    rows = calibration_rows(past, strategy)
    losses = past_losses(past)
    earned = [earned_weight(losses, name, strategy) for name in sorted({row.model for row in rows})]
    data = {
        "from": span[0].isoformat(),
        "to": span[1].isoformat(),
        "rows": [asdict(row) for row in rows],
        "weights": [asdict(one) for one in earned],
    }
    answer(data, as_json=json, text="" if json else _text(rows, earned, span))


# ----------------------------------------------------------------------------------------------------- what there is


def _of_desk(name: str, since: str | None, until: str | None) -> tuple[list[Forecast], Span, Strategy]:
    with prepared_desk(name, start=False):
        from blocks.desk import inspect_desk

        room: Any = inspect_desk(name)
        end = moment(until) if until else room.clock.now()
        start = moment(since) if since else end - SPAN
        past = [one for pair in room.pairs for one in room.forecasts.settled(pair.key, start, end)]
        return past, (start, end), room.strategy


def _of_candles(
    folder: Path, since: str | None, until: str | None, every: int, model: str
) -> tuple[list[Forecast], Span, Strategy]:
    from trading.candles import INTERVAL, candle_file, load_candles
    from trading.pairs import parse_pairs
    from trading.strategy import load_strategy

    if not folder.is_dir():
        msg = f"candle folder {folder} does not exist; it holds <SYMBOL>-5m.parquet files"
        raise BadInput(msg)
    settings = load_settings()
    frames = {pair: load_candles(candle_file(folder, pair.binance)) for pair in parse_pairs(settings.pairs_config)}
    newest = max(frame["open_time"].iloc[-1] for frame in frames.values()).to_pydatetime() + INTERVAL
    end = moment(until) if until else newest
    span = (moment(since) if since else end - SPAN, end)
    strategy = load_strategy(settings.strategy)
    return list(_replayed(frames, forecaster_named(model), span, timedelta(minutes=every), strategy)), span, strategy


def forecaster_named(model: str) -> Forecaster:
    """``momentum``, the ``shipped`` model, or the one of an ONNX file: a path, or s3://bucket/key.

    Raises BadInput when there is no such file, and what S3 answers.
    """
    from adapters.forecast.momentum import MomentumForecaster

    if model == "momentum":
        return MomentumForecaster("momentum was asked for")
    from adapters.aws import open_aws
    from adapters.forecast.files import model_file
    from adapters.forecast.local import LocalModel
    from adapters.forecast.model import ModelForecaster

    source = None if model == "shipped" else model
    s3: Any = open_aws().s3 if model.startswith("s3://") else None  # nobody else needs an account
    file = model_file(source, s3, load_settings().state / "models", setting="--model")
    return ModelForecaster(LocalModel(lambda: file))


def _replayed(
    frames: dict[Pair, Any], forecaster: Forecaster, span: Span, every: timedelta, strategy: Strategy
) -> Iterator[Forecast]:
    """Every pair's forecasts of the span with their outcome; how far it is stands on stderr."""
    from rich.console import Console
    from rich.progress import Progress

    from trading.services.replay import moments, replayed

    times = moments(*span, every)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("", total=len(times) * len(frames))
        for pair, candles in frames.items():
            progress.update(task, description=pair.key)
            for one in replayed(pair, candles, forecaster, times, strategy):
                progress.advance(task)
                if one is not None:
                    yield one


# ------------------------------------------------------------------------------------------------------- how it looks


def _text(rows: Sequence[CalibrationRow], earned: Sequence[EarnedWeight], span: Span) -> str:
    """The tables as a terminal shows them, one a model, then what each model has earned."""
    from rich.console import Console

    console = Console()
    console.width = max(console.width, WIDTH)
    days = f"{span[0]:%Y-%m-%d %H:%M} to {span[1]:%Y-%m-%d %H:%M} UTC"
    with console.capture() as shown:
        if not rows:
            console.print(f"No forecast from {days} has an outcome yet.")
        for one in earned:
            console.print(_table([row for row in rows if row.model == one.model], f"{one.model}, {days}"))
            console.print(f"Weight {one.why}.", highlight=False)
        if rows:
            console.print(LEGEND, style="bright_black", highlight=False)
    return shown.get().rstrip()


def _table(rows: Sequence[CalibrationRow], title: str) -> Table:
    from rich import box
    from rich.table import Table

    from trading.report.rows import coin_of

    table = Table(
        box=box.SIMPLE, padding=(0, 1, 0, 0), title=title, title_justify="left", title_style="bold", pad_edge=False
    )
    table.add_column("pair", no_wrap=True)
    for head in ("forecasts", "inside", "pinball", "walk", "error", "naive", "skill to naive", "to momentum"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            coin_of(row.pair),
            f"{row.forecasts:,}",
            "" if row.covered_share is None else f"{row.covered_share:.1%}",
            *(_loss(one) for one in (row.pinball_pct, row.naive_pinball_pct, row.error_pct, row.naive_error_pct)),
            _skill(row.skill_naive),
            _skill(row.skill_momentum),
        )
    return table


def _loss(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _skill(found: Skill | None) -> str:
    from trading.calibration.weight import skill_in_words

    return "" if found is None else skill_in_words(found)
