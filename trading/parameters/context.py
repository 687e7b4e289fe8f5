"""What the market context judge goes by (strategy.md, "Market context score")."""

from __future__ import annotations

from pydantic import Field

from trading.parameters.kinds import Parameters, Percent, Positive, Share


class ContextParameters(Parameters):
    """What the whole market's mood is worth."""

    context_stale_hours: Positive = Field(2.0, description="Age above which the market context counts as neutral.")
    context_fear_greed_max_hours: Positive = Field(48.0, description="Own age above which fear and greed is left out.")
    context_funding_max_hours: Positive = Field(3.0, description="Own age above which funding rates are left out.")
    context_dominance_max_hours: Positive = Field(6.0, description="Own age above which Bitcoin's share is left out.")
    context_ahead_minutes: Positive = Field(5.0, description="How far a source's clock may run ahead of the market's.")
    context_weight_fear_greed: Share = Field(0.5, description="Weight of fear and greed in the context.")
    context_weight_funding: Share = Field(0.3, description="Weight of funding rates in the context.")
    context_weight_dominance: Share = Field(0.2, description="Weight of Bitcoin's share in the context.")
    fear_extreme: Percent = Field(10.0, description="Fear and greed at and below which the extreme slope holds.")
    fear_strong: Percent = Field(25.0, description="Fear and greed at and below which the strong slope holds.")
    fear_mild: Percent = Field(45.0, description="Fear and greed at which mild fear ends and nothing follows.")
    greed_mild: Percent = Field(55.0, description="Fear and greed at which mild greed begins.")
    greed_strong: Percent = Field(75.0, description="Fear and greed above which the strong slope holds.")
    greed_extreme: Percent = Field(90.0, description="Fear and greed above which the extreme slope holds.")
    mood_value_strong: Share = Field(0.1, description="Size of the value where the strong slope begins.")
    mood_value_extreme: Share = Field(0.5, description="Size of the value where the extreme slope begins.")
    mood_slope_mild: Share = Field(0.005, description="Value per point in mild fear or greed.")
    mood_slope_strong: Share = Field(0.027, description="Value per point in strong fear or greed.")
    mood_slope_extreme: Share = Field(0.05, description="Value per point in extreme fear or greed.")
    funding_full_rate: Positive = Field(0.0005, description="Mean 8-hour funding rate that is worth a full 1.")
    dominance_neutral_pct: Percent = Field(50.0, description="Bitcoin's share of the market that is worth nothing.")
    dominance_full_pct: Positive = Field(15.0, description="Distance from the neutral share that is worth a full 1.")
