"""The strategy: every number that a decision is made from, in one frozen, checked value (strategy.md, all of it).

A strategy has an id and a version. It is never edited: self-tuning writes a new version.
"""

from __future__ import annotations

import json
import math
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, Self, get_args, get_origin

from pydantic import Field, ValidationError, model_validator

from trading.errors import BadInput
from trading.parameters.acting import (
    BreakerParameters,
    DecisionParameters,
    OrderParameters,
    PositionParameters,
    SizingParameters,
)
from trading.parameters.calibration import CalibrationParameters
from trading.parameters.context import ContextParameters
from trading.parameters.forecast import ForecastParameters
from trading.parameters.kinds import Parameters
from trading.parameters.quality import QualityParameters
from trading.parameters.sentiment import SentimentParameters
from trading.parameters.technical import TechnicalParameters

PRESETS: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "balanced": {
        "strategy_id": "balanced",
        "weight_technical": 0.35,
        "weight_forecast": 0.35,
        "base_buy_threshold": 0.25,
        "base_sell_threshold": -0.13,
    },
}
"""The named starting points: what each changes of the defaults."""

SUMS_TO_ONE: Sequence[tuple[str, ...]] = (
    ("weight_technical", "weight_forecast", "weight_sentiment", "weight_context"),
    ("trending_weight_rsi", "trending_weight_macd", "trending_weight_sma", "trending_weight_bollinger"),
    ("ranging_weight_rsi", "ranging_weight_macd", "ranging_weight_sma", "ranging_weight_bollinger"),
    ("context_weight_fear_greed", "context_weight_funding", "context_weight_dominance"),
    ("momentum_short_weight", "momentum_long_weight"),
)
RISES: Sequence[tuple[str, ...]] = (
    ("adx_ranging", "adx_trending"),
    ("rsi_buy_full", "rsi_buy_part", "rsi_dead_low", "rsi_dead_high", "rsi_sell_part", "rsi_sell_full"),
    ("macd_fast", "macd_slow"),
    ("sma_short", "sma_long"),
    ("volume_calm_ratio", "volume_full_ratio"),
    ("forecast_cv_calm_pct", "forecast_cv_wide_pct"),
    ("forecast_skill_min", "forecast_skill_window"),
    ("fear_extreme", "fear_strong", "fear_mild", "greed_mild", "greed_strong", "greed_extreme"),
    ("dominance_low_pct", "dominance_high_pct"),
    ("fear_buy_at", "greed_buy_at"),
    ("usd_jpy_low", "usd_jpy_high"),
    ("basis_band_pct", "basis_broken_pct"),
    ("volatility_factor_min", "volatility_factor_max"),
    ("size_4_score", "size_3_score", "size_2_score", "size_1_score"),
    ("kelly_share_min", "kelly_share_max"),
    ("trail_1_from_pct", "trail_2_from_pct", "trail_3_from_pct", "trail_4_from_pct"),
    ("break_even_margin_pct", "break_even_from_pct"),
    ("position_floor_jpy", "position_cap_jpy"),
)
"""Parameters that must grow in this order, or a curve would fold back on itself."""


class Identity(Parameters):
    """Which strategy this is."""

    strategy_id: str = Field("default", min_length=1, max_length=60, description="Name of the strategy.")
    strategy_version: int = Field(1, ge=1, description="Version of the strategy; a changed strategy is a new version.")


class Strategy(  # pydantic lists the fields of the last base first: the bases are named back to front
    OrderParameters,
    BreakerParameters,
    PositionParameters,
    SizingParameters,
    DecisionParameters,
    ContextParameters,
    SentimentParameters,
    CalibrationParameters,
    ForecastParameters,
    TechnicalParameters,
    QualityParameters,
    Identity,
):
    """Every parameter, flat. Building one raises pydantic's ValidationError; ``load_strategy`` says it in one line."""

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        for names in SUMS_TO_ONE:
            total = sum(getattr(self, name) for name in names)
            if not math.isclose(total, 1.0, abs_tol=1e-9):
                raise ValueError(f"{', '.join(names)} must sum to 1, not {total:.6g}")
        for names in RISES:
            values = [getattr(self, name) for name in names]
            if values != sorted(values) or len(set(values)) != len(values):
                raise ValueError(f"{' < '.join(names)} must hold, not {', '.join(map(str, values))}")
        needed = self._candles_needed()
        if not needed <= self.candles_min <= self.candles_window:
            raise ValueError(f"{needed} (for the indicators) <= candles_min <= candles_window must hold")
        return self

    def _candles_needed(self) -> int:
        """The fewest candles by which every indicator but the long average has a value."""
        return max(
            self.macd_slow + self.macd_signal + self.macd_slope_bars,
            2 * self.adx_length,
            self.rsi_length + 1,
            self.atr_length + 1,
            self.bb_length,
            self.sma_short,
            self.volume_length + 1,
            self.momentum_long_bars + 1,
        )

    def describe(self) -> list[dict[str, Any]]:
        """Every parameter as ``name, value, default, meaning, bounds``, in the order of the page, JSON-ready."""
        values, defaults = self.model_dump(mode="json"), Strategy().model_dump(mode="json")
        return [
            {
                "name": name,
                "value": values[name],
                "default": defaults[name],
                "meaning": field.description,
                "bounds": _bounds(field.annotation, field.metadata),
            }
            for name, field in Strategy.model_fields.items()
        ]


def load_strategy(path: Path | None) -> Strategy:
    """The default strategy, or the one that a JSON or TOML file makes of it by overriding some keys.

    ``preset = "balanced"`` in the file starts from the second preset. Raises BadInput with one line that names the file
    and the key for anything that cannot be used.
    """
    if path is None:
        return Strategy()
    return strategy_from(_read(path), f"strategy file {path}")


def strategy_from(overrides: Mapping[str, Any], source: str) -> Strategy:
    """A strategy from overriding keys; ``source`` names where they came from in the BadInput that a bad one raises."""
    keys = dict(overrides)
    preset = keys.pop("preset", "default")
    if not isinstance(preset, str) or preset not in PRESETS:
        raise BadInput(f"{source}: preset {preset!r} is unknown; there are {', '.join(PRESETS)}")
    try:
        return Strategy(**{**PRESETS[preset], **keys})
    except ValidationError as error:
        raise BadInput(f"{source}: {_first_line(error)}; `trader strategy show` lists every key") from error


def _first_line(error: ValidationError) -> str:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        return f"{where} is not a parameter"
    said = first["msg"].removeprefix("Value error, ")
    return f"{where}: {said}, got {first['input']!r}" if where else said


def _read(path: Path) -> Mapping[str, Any]:
    try:
        text = path.read_text(encoding="utf-8")
        content = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not text"
        raise BadInput(f"strategy file {path} cannot be read: {reason}") from error
    except (ValueError, RecursionError) as error:  # what json and tomllib raise, limits of digits and depth included
        kind = "TOML" if path.suffix.lower() == ".toml" else "JSON"
        raise BadInput(f"strategy file {path} is not {kind}: {error}") from error
    if not isinstance(content, dict):
        raise BadInput(f'strategy file {path} must hold one object, like {{"base_buy_threshold": 0.3}}')
    return content


def _bounds(annotation: Any, metadata: Sequence[Any]) -> str:
    """What a field may be, in words, such as ``from 0 to 1``, ``above 0 to below 100`` or ``fixed or earned``."""
    if get_origin(annotation) is Literal:
        return " or ".join(get_args(annotation))
    found = {key: getattr(item, key) for item in metadata for key in ("ge", "gt", "le", "lt") if hasattr(item, key)}
    limits = {key: f"{float(limit):,.10g}" for key, limit in found.items()}
    if not limits:
        return "a short text"
    low = f"above {limits['gt']}" if "gt" in limits else f"from {limits['ge']}"
    if "le" in limits:
        return f"{low} to {limits['le']}"
    return f"{low} to below {limits['lt']}" if "lt" in limits else f"{low} on"
