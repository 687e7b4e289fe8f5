"""How a forecast's past decides what it weighs (docs/decisions/0013)."""

from __future__ import annotations

from typing import Annotated, Literal

from annotated_types import Ge, Gt, Le, Lt
from pydantic import Field

from trading.parameters.kinds import Parameters

Forecasts = Annotated[int, Ge(1), Le(100_000)]


class CalibrationParameters(Parameters):
    """The weight that a forecast earns by its skill against naive: that the price stays where it is."""

    forecast_weight_mode: Literal["fixed", "earned"] = Field(
        "earned", description="Fixed: the forecast always has its weight; earned: as much of it as its past supports."
    )
    forecast_skill_window: Forecasts = Field(
        4320,
        description="Newest outcomes of a model, one a pair and hour, that skill is taken of: 30 days of six pairs.",
    )
    forecast_skill_min: Forecasts = Field(1000, description="Fewest such outcomes to earn anything.")
    forecast_skill_min_blocks: int = Field(
        20, ge=2, le=10_000, description="Fewest blocks of time with forecasts to earn anything."
    )
    forecast_skill_block_hours: int = Field(
        6, ge=1, le=168, description="Hours of a block: what is drawn as one, because it shares its surprises."
    )
    forecast_skill_confidence: Annotated[float, Gt(0.0), Lt(1.0)] = Field(
        0.9, description="Two-sided confidence of the interval of the skill; its lower end earns."
    )
    forecast_skill_full: Annotated[float, Gt(0.0), Le(1.0)] = Field(
        0.01, description="Lower end of the skill that earns the whole weight; 0.01 is 1 % less wrong than naive."
    )
    forecast_skill_draws: int = Field(1000, ge=100, le=100_000, description="Draws of the bootstrap.")
    forecast_skill_seed: int = Field(1, ge=0, le=2**32 - 1, description="Seed of the bootstrap.")
