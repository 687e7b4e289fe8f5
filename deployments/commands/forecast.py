"""``trader forecast``: what a model says of the hour after a time, and its fan over what the market did."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from blocks.settings import load_settings
from deployments.commands.calibration import forecaster_named
from deployments.commands.options import AsJson, Candles, answer, moment
from trading.errors import BadInput, InsufficientData

if TYPE_CHECKING:
    import pandas as pd

    from trading.pairs import Pair
    from trading.signals.forecast import ForecastSignal
    from trading.strategy import Strategy

HOUR = timedelta(hours=1)


def forecast(
    candles: Candles,
    at: Annotated[str, typer.Option(metavar="TIME", help="ISO 8601, UTC if no zone is given.")],
    model: Annotated[str, typer.Option(help="shipped, momentum, or an ONNX file: a path or s3:// URI.")] = "shipped",
    chart: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a fan chart of --pair as HTML.")] = None,
    pair: Annotated[str | None, typer.Option(metavar="KEY", help="The pair of the chart; the first one else.")] = None,
    hours: Annotated[int, typer.Option(min=1, max=168, help="Hours of the chart: a forecast at each, to TIME.")] = 12,
    json: AsJson = False,
) -> None:
    """What the model expects of the hour after TIME, per pair, from the candles closed by then."""
    from trading.candles import candle_file, load_candles
    from trading.pairs import parse_pairs
    from trading.strategy import load_strategy

    if not candles.is_dir():
        msg = f"candle folder {candles} does not exist; it holds <SYMBOL>-5m.parquet files"
        raise BadInput(msg)
    if chart and not chart.parent.is_dir():
        raise BadInput(f"folder {chart.parent} does not exist; --chart writes a file into one that does")
    settings, time, forecaster = load_settings(), moment(at), forecaster_named(model)
    strategy = load_strategy(settings.strategy)
    frames = {one: load_candles(candle_file(candles, one.binance)) for one in parse_pairs(settings.pairs_config)}

    def said(one: Pair, when: datetime) -> ForecastSignal:
        return forecaster.forecast(one, _seen(one, frames[one], when, strategy), strategy)

    rows: dict[str, dict[str, Any]] = {}
    for one in frames:
        try:
            rows[one.key] = _row(said(one, time))
        except InsufficientData as error:
            rows[one.key] = {"missing": str(error)}
    lines = [f"at {time:%Y-%m-%d %H:%M} UTC", *(_line(key, row) for key, row in rows.items())]
    drawn = {"chart": str(chart)} if chart else {}
    if chart:
        shown = _chosen(frames, pair)
        moments = [time - number * HOUR for number in range(hours)]
        _written(chart, _page(shown, {when: said(shown, when) for when in moments}, frames[shown]))
        lines.append(f"chart: {chart}")
    answer({"at": time.isoformat(), "pairs": rows, **drawn}, as_json=json, text="\n".join(lines))


def _seen(pair: Pair, candles: pd.DataFrame, at: datetime, strategy: Strategy) -> pd.DataFrame:
    """What a desk would judge this pair by. Raises InsufficientData when the candles end too long before ``at``."""
    from trading.candles import INTERVAL, window

    found = window(candles, at, strategy.candles_window)
    ends_at = None if found.empty else found["open_time"].iloc[-1].to_pydatetime() + INTERVAL
    if ends_at is not None and at - ends_at > timedelta(minutes=strategy.candle_max_age_minutes):
        raise InsufficientData(
            f"{pair.key}: the last candle before {at:%Y-%m-%d %H:%M} UTC closed at {ends_at:%Y-%m-%d %H:%M}, "
            f"over {strategy.candle_max_age_minutes:g} min earlier"
        )
    return found


def _written(file: Path, page: str) -> None:
    """Write the page. Raises BadInput where that cannot be done."""
    try:
        file.write_text(page, encoding="utf-8")
    except OSError as error:
        raise BadInput(f"{file} cannot be written: {error.strerror}; choose another --chart") from error


def _row(signal: ForecastSignal) -> dict[str, Any]:
    return {
        "model": signal.model,
        "score": signal.score,
        "confidence": signal.confidence,
        "change_pct": signal.change_pct,
        "q10": list(signal.q10),
        "q50": list(signal.q50),
        "q90": list(signal.q90),
    }


def _line(key: str, row: Mapping[str, Any]) -> str:
    from trading.signals.forecast import signed

    if "missing" in row:
        return f"{key:10} sits out: {row['missing']}"
    paths = [row[name] for name in ("q10", "q50", "q90")]
    ends = "  ".join(f"{path[-1]:,.6g}" for path in paths if path)
    hour = f"in an hour {ends}" if ends else "no quantiles"
    score, change = signed(row["score"], 3), signed(row["change_pct"], 2)
    words = f"score {score}  confidence {row['confidence']:.2f}  change {change} %"
    return f"{key:10} {row['model']}  {words}  {hour}"


def _chosen(frames: Mapping[Pair, pd.DataFrame], key: str | None) -> Pair:
    """The pair of that key, or the first. Raises BadInput with the keys there are."""
    for one in frames:
        if key in {None, one.key}:
            return one
    msg = f"unknown pair {key!r}; configured are {', '.join(one.key for one in frames)}"
    raise BadInput(msg)


def _page(pair: Pair, signals: Mapping[datetime, ForecastSignal], candles: pd.DataFrame) -> str:
    """The forecasts that have quantiles, over the candles from the first of them to an hour after the last."""
    from adapters.report_html import render_fan
    from trading.candles import INTERVAL
    from trading.report import Outlook

    outlooks = [Outlook(at, one.model, one.q10, one.q50, one.q90) for at, one in signals.items() if one.q50]
    if not outlooks:
        msg = "this model gives no quantiles: there is no fan to draw"
        raise BadInput(msg)
    first, last = min(signals) - HOUR, max(signals) + HOUR
    seen = candles[(candles["open_time"] >= first) & (candles["open_time"] + INTERVAL <= last)]
    title = f"{pair.name}, {last - HOUR:%d %B %Y %H:%M} UTC"
    return render_fan(title, outlooks, seen.reset_index(drop=True))
