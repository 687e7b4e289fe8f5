"""The weight that a model's forecasts have earned: all of it only when its skill is beyond doubt, else less or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trading.calibration.past import PastLoss, first_of_hours
from trading.calibration.skill import Resampling, Skill, skill_of
from trading.strategy import Strategy

EARNED = "earned"


@dataclass(frozen=True, slots=True)
class EarnedWeight:
    """What the forecast may weigh (0 to the configured weight), and why in words.

    skill:  of the newest forecasts with outcome, all pairs together, against naive; None when there is none.
    """

    weight: float
    configured: float
    model: str
    skill: Skill | None
    why: str


def earned_weight(past: Sequence[PastLoss], model: str, strategy: Strategy) -> EarnedWeight:
    """The weight of a model by its newest losses, one a pair and hour; those of other models are left out.

    A pure function: the same losses and the same strategy give the same weight, in whatever order they come.
    """
    full = strategy.weight_forecast
    if strategy.forecast_weight_mode != EARNED:
        return EarnedWeight(full, full, model, None, f"{full:g}: the weight of the forecast is fixed")
    own = first_of_hours(one for one in past if one.model == model)
    found = median_skill(own[-strategy.forecast_skill_window :], strategy)
    weight = _share(found, strategy) * full
    return EarnedWeight(weight, full, model, found, f"{weight:.2g} of {full:g}: {_why(found, model, strategy)}")


def median_skill(past: Sequence[PastLoss], strategy: Strategy) -> Skill | None:
    """Skill of the medians against naive: that is what the score is made of (docs/decisions/0013)."""
    errors, naive = (
        np.array([getattr(one, name) for one in past], dtype=np.float64) for name in ("error_pct", "naive_error_pct")
    )
    epochs = np.array([int(one.at.timestamp()) for one in past], dtype=np.int64)
    return skill_of(errors, naive, epochs, resampling(strategy))


def resampling(strategy: Strategy) -> Resampling:
    """How the strategy wants intervals made."""
    return Resampling(
        strategy.forecast_skill_block_hours,
        strategy.forecast_skill_draws,
        strategy.forecast_skill_confidence,
        strategy.forecast_skill_seed,
    )


def skill_in_words(found: Skill) -> str:
    """Such as ``-0.4 % [-1.1, +0.3]``; of a single block of time there is no interval."""
    value = f"{found.value * 100:+.1f} %"
    return value if found.blocks < 2 else f"{value} [{found.low * 100:+.1f}, {found.high * 100:+.1f}]"


def _share(found: Skill | None, strategy: Strategy) -> float:
    """The part of the configured weight that is earned, 0 to 1: linear from a lower end of 0."""
    if found is None or _short_of(found, strategy):
        return 0.0
    return min(max(found.low / strategy.forecast_skill_full, 0.0), 1.0)


def _short_of(found: Skill, strategy: Strategy) -> str:
    """What is still lacking before anything can be earned; empty when nothing is."""
    if found.forecasts < strategy.forecast_skill_min:
        return f"{strategy.forecast_skill_min} are needed"
    if found.blocks < strategy.forecast_skill_min_blocks:
        hours = strategy.forecast_skill_block_hours
        return f"they fall into {found.blocks} blocks of {hours} h, {strategy.forecast_skill_min_blocks} are needed"
    return ""


def _why(found: Skill | None, model: str, strategy: Strategy) -> str:
    if found is None:
        return f"no forecast of {model} has an outcome yet"
    lacking = _short_of(found, strategy)
    said = f"{found.forecasts} hourly forecasts of {model}, skill {skill_in_words(found)} against naive"
    return f"{said}; {lacking}" if lacking else said
