"""How good a model file is on real candles that it was not trained on, hour by hour, next to what needs no model.

Every comparison starts from the last close, which the model does not see: it is given typical prices only, as on a
desk. The losses are those of the calibration ledger (trading/calibration), so a card and a ledger can be compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pandas as pd

from adapters.forecast.local import Loaded, load
from trading.calibration.losses import (
    Floats,
    absolute_loss,
    covered_share,
    flat_path,
    pinball_loss,
    random_walk_path,
    volatility_pct,
)
from trading.candles import INTERVAL, load_candles
from trading.errors import BadInput, InsufficientData
from trading.signals.outlook import LEVELS
from trading.strategy import Strategy

STEPS = 12
"""Steps that are judged: the hour that a desk asks for."""
SHOWN_STEPS = (1, 3, 6, 12)
ALL = "all"
RUN_AT_ONCE = 512
NARROW = 0.75
"""What makes a random walk cover 80 % of the prices before the training cut-off; their tails are fat."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Hours of one symbol, one row each: what was known, and what came."""

    starts_at: npt.NDArray[np.datetime64]
    context: Floats
    price: Floats
    actual: Floats
    momentum_pct: Floats
    volatility_pct: Floats


@dataclass(frozen=True, slots=True)
class Figures:
    """What is measured, in percent of the price but for the shares.

    ``walk_`` is a random walk from the last close with the volatility of the window, ``narrow_`` the same walk at
    NARROW of that volatility.
    """

    hours: int
    error_pct: float
    last_close_error_pct: float
    momentum_error_pct: float
    pinball_pct: float
    walk_pinball_pct: float
    narrow_pinball_pct: float
    covered_share: float
    walk_covered_share: float
    narrow_covered_share: float
    width_pct: float
    walk_width_pct: float


@dataclass(frozen=True, slots=True)
class StepFigures:
    """What is measured of one step, as in Figures."""

    error_pct: float
    last_close_error_pct: float
    covered_share: float
    walk_covered_share: float


def trained_until(model: Loaded) -> datetime:
    """When the training data of a file ends. Raises BadInput for a file that does not say."""
    told = model.session.get_modelmeta().custom_metadata_map.get("trained_until")
    if not told:
        raise BadInput(f"{model.name} does not say until when it was trained; train and export it with about.json")
    return datetime.fromisoformat(told)


def open_model(path: Path) -> Loaded:
    """The model of a file, as the desk's own adapter loads it."""
    return load(path, path.stat().st_mtime_ns)


def hours_by_symbol(
    folders: Sequence[Path], after: datetime, context: int, every: int, only: str = "*"
) -> dict[str, Hours]:
    """The test hours in SYMBOL-5m.parquet files; nothing in them, context included, is from before ``after``.

    every:  candles between the starts of two hours; 12 uses every candle once.  only: one symbol, or all.
    """
    found: dict[str, list[Hours]] = {}
    for path in sorted(file for folder in folders for file in folder.glob(f"{only}-5m.parquet")):
        candles = load_candles(path)
        candles = candles[candles["open_time"] >= pd.Timestamp(after)].reset_index(drop=True)
        hours = hours_of(candles, context, every)
        if len(hours.price):
            found.setdefault(path.name.removesuffix("-5m.parquet"), []).append(hours)
    if not found:
        raise InsufficientData(f"no candles after {after:%Y-%m-%d} in {[str(f) for f in folders]}; name other folders")
    return {symbol: _joined(parts) for symbol, parts in sorted(found.items())}


def hours_of(candles: pd.DataFrame, context: int, every: int) -> Hours:
    """The hours of one candle frame that have every candle of their context and of what came."""
    length = context + STEPS
    starts = np.arange(0, max(len(candles) - length + 1, 0), every)
    times = candles["open_time"].dt.tz_localize(None).to_numpy()
    whole = times[starts + length - 1] - times[starts] == np.timedelta64((length - 1) * INTERVAL)
    rows = starts[whole][:, None] + np.arange(length)
    typical = ((candles["high"] + candles["low"] + candles["close"]) / 3).to_numpy()[rows]
    known = rows[:, :context]
    closes = candles["close"].to_numpy()[known]
    return Hours(
        starts_at=times[rows[:, context]],
        context=typical[:, :context],
        price=closes[:, -1],
        actual=typical[:, context:],
        momentum_pct=_momentum_pct(closes, Strategy()),
        volatility_pct=np.array([volatility_pct(row) for row in closes]),
    )


def forecast(model: Loaded, context: Floats) -> dict[float, Floats]:
    """The model's paths by level, STEPS steps each, sorted where they cross."""
    parts = [
        model.session.run(["quantiles"], {"context": context[start : start + RUN_AT_ONCE].astype(np.float32)})[0]
        for start in range(0, len(context), RUN_AT_ONCE)
    ]
    paths = np.sort(np.concatenate(parts)[:, list(model.rows), :STEPS].astype(np.float64), axis=1)
    return {level: paths[:, row] for row, level in enumerate(LEVELS)}


def figures(hours: Hours, paths: Mapping[float, Floats]) -> Figures:
    """The figures of these hours; ``paths`` is the model's answer to their contexts."""
    price, actual = hours.price, hours.actual
    walk, narrow = _walk(hours), _walk(hours, NARROW)
    last, momentum = flat_path(price, STEPS), flat_path(price, STEPS, hours.momentum_pct)
    return Figures(
        hours=len(price),
        error_pct=float(absolute_loss(paths[0.5], actual, price).mean()),
        last_close_error_pct=float(absolute_loss(last, actual, price).mean()),
        momentum_error_pct=float(absolute_loss(momentum, actual, price).mean()),
        pinball_pct=_pinball_pct(paths, hours),
        walk_pinball_pct=_pinball_pct(walk, hours),
        narrow_pinball_pct=_pinball_pct(narrow, hours),
        covered_share=float(covered_share(paths[0.1], paths[0.9], actual).mean()),
        walk_covered_share=float(covered_share(walk[0.1], walk[0.9], actual).mean()),
        narrow_covered_share=float(covered_share(narrow[0.1], narrow[0.9], actual).mean()),
        width_pct=_width_pct(paths, price),
        walk_width_pct=_width_pct(walk, price),
    )


def _momentum_pct(closes: Floats, strategy: Strategy) -> Floats:
    """What momentum_signal expects, for many windows at once."""
    short, long = (
        (closes[:, -1] / closes[:, -1 - bars] - 1) * 100
        for bars in (strategy.momentum_short_bars, strategy.momentum_long_bars)
    )
    return np.asarray(strategy.momentum_short_weight * short + strategy.momentum_long_weight * long)


def _walk(hours: Hours, share: float = 1.0) -> dict[float, Floats]:
    """The paths of a random walk with this share of each window's volatility."""
    return {level: random_walk_path(hours.price, hours.volatility_pct * share, STEPS, level) for level in LEVELS}


def _pinball_pct(paths: Mapping[float, Floats], hours: Hours) -> float:
    """Mean over levels, steps and hours."""
    return float(np.mean([pinball_loss(path, hours.actual, hours.price, level) for level, path in paths.items()]))


def _width_pct(paths: Mapping[float, Floats], price: Floats) -> float:
    return float(((paths[0.9] - paths[0.1]) / price[:, None] * 100).mean())


def forecasts(model: Loaded, hours: Mapping[str, Hours]) -> dict[str, dict[float, Floats]]:
    """The model's paths by symbol and level."""
    return {symbol: forecast(model, one.context) for symbol, one in hours.items()}


def evaluate(hours: Mapping[str, Hours], paths: Mapping[str, Mapping[float, Floats]]) -> dict[str, Figures]:
    """Figures by symbol, and of all together."""
    found = {symbol: figures(one, paths[symbol]) for symbol, one in hours.items()}
    return found | {ALL: figures(*_together(hours, paths))}


def by_step(hours: Mapping[str, Hours], paths: Mapping[str, Mapping[float, Floats]]) -> dict[int, StepFigures]:
    """Figures of single steps of SHOWN_STEPS, all symbols together."""
    one, path = _together(hours, paths)
    walk = _walk(one)
    last = flat_path(one.price, STEPS)
    found = {}
    for step in SHOWN_STEPS:
        at = slice(step - 1, step)
        actual = one.actual[:, at]
        found[step] = StepFigures(
            error_pct=float(absolute_loss(path[0.5][:, at], actual, one.price).mean()),
            last_close_error_pct=float(absolute_loss(last[:, at], actual, one.price).mean()),
            covered_share=float(covered_share(path[0.1][:, at], path[0.9][:, at], actual).mean()),
            walk_covered_share=float(covered_share(walk[0.1][:, at], walk[0.9][:, at], actual).mean()),
        )
    return found


def _together(
    hours: Mapping[str, Hours], paths: Mapping[str, Mapping[float, Floats]]
) -> tuple[Hours, dict[float, Floats]]:
    return _joined(list(hours.values())), {
        level: np.concatenate([paths[symbol][level] for symbol in hours]) for level in LEVELS
    }


def _joined(parts: Sequence[Hours]) -> Hours:
    return Hours(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in Hours.__slots__})
