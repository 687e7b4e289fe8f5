"""What decisions, sizes, positions, breakers and orders go by (strategy.md, from "Total score" on)."""

from __future__ import annotations

from decimal import Decimal

from pydantic import Field

from trading.parameters.kinds import (
    Exact,
    ExactPercent,
    ExactShare,
    Fall,
    Multiplier,
    Parameters,
    Percent,
    Positive,
    Share,
    Yen,
)


class DecisionParameters(Parameters):
    """When an analysis runs, how the judges are weighed, and what is enough to act."""

    trigger_change_pct: Percent = Field(0.3, description="1-hour change of any pair that starts an analysis of all.")
    trigger_after_minutes: Positive = Field(60.0, description="Minutes since a pair's last analysis that start one.")

    weight_technical: Share = Field(0.45, description="Weight of the technical score.")
    weight_forecast: Share = Field(0.25, description="Weight of the forecast score.")
    weight_sentiment: Share = Field(0.15, description="Weight of the sentiment score.")
    weight_context: Share = Field(0.15, description="Weight of the market context score.")
    confidence_neutral: Share = Field(0.5, description="Forecast confidence that shifts no weight.")
    confidence_shift_factor: Share = Field(0.16, description="Weight shifted per point of confidence.")
    confidence_shift_max: Share = Field(0.08, description="Most weight that confidence shifts.")
    confidence_low: Share = Field(0.3, description="Confidence below which the forecast score is damped in proportion.")
    dominance_shift: Share = Field(0.05, description="What Bitcoin's share takes from or gives to all other pairs.")
    dominance_high_pct: Percent = Field(60.0, description="Bitcoin's share above which other pairs score less.")
    dominance_low_pct: Percent = Field(40.0, description="Bitcoin's share below which other pairs score more.")

    base_buy_threshold: Share = Field(0.28, description="Score from which a pair is bought, in a normal market.")
    base_sell_threshold: Fall = Field(-0.15, description="Score down from which a pair is sold, likewise.")
    band_width_normal: Positive = Field(0.03, description="Mean Bollinger band width of a normal market.")
    volatility_factor_min: Positive = Field(0.67, description="Least that volatility multiplies both thresholds by.")
    volatility_factor_max: Positive = Field(2.0, description="Most that volatility multiplies both thresholds by.")
    fear_buy_at: Percent = Field(20.0, description="Fear and greed at and below which buying is harder.")
    fear_buy_factor: Multiplier = Field(1.35, description="What extreme fear multiplies the buy threshold by.")
    greed_buy_at: Percent = Field(80.0, description="Fear and greed at and above which buying is harder.")
    greed_buy_factor: Multiplier = Field(1.20, description="What extreme greed multiplies the buy threshold by.")
    deceleration_slope: Fall = Field(-0.3, description="Histogram slope below which a rise is losing speed.")
    deceleration_factor: Share = Field(0.5, description="What lost speed multiplies a held pair's sell threshold by.")
    min_hold_minutes: float = Field(30.0, ge=0, le=100_000, description="Minutes a position is safe from signal sells.")


class SizingParameters(Parameters):
    """How much one entry may spend."""

    reserve_jpy: Yen = Field(1_000, description="Yen that are never spent.")
    position_cap_jpy: Yen = Field(15_000, description="Most yen for one position.")
    position_floor_jpy: Yen = Field(500, description="Fewest yen for one position; below, there is no entry.")
    max_spread_pct: ExactPercent = Field(Decimal(1), description="Spread of bid and ask above which nothing is bought.")
    kelly_days: Positive = Field(90.0, description="Days of closed trades that the Kelly fraction is made from.")
    kelly_min_trades: int = Field(5, ge=1, le=1000, description="Fewest closed trades for a Kelly fraction.")
    kelly_part: ExactShare = Field(Decimal("0.5"), description="Part of the Kelly fraction that is used.")
    kelly_score_start: ExactShare = Field(Decimal("0.10"), description="Score at which the score factor would be 0.")
    kelly_score_span: ExactShare = Field(Decimal("0.40"), gt=Decimal(0), description="Score from there to factor 1.")
    kelly_score_min: ExactShare = Field(Decimal("0.3"), description="Least score factor.")
    kelly_share_min: ExactShare = Field(Decimal("0.10"), description="Least share of the free money, by Kelly.")
    kelly_share_max: ExactShare = Field(Decimal("0.80"), description="Most of the free money, by Kelly.")
    size_1_score: ExactShare = Field(Decimal("0.45"), description="Score from which size_1_share is spent.")
    size_1_share: ExactShare = Field(
        Decimal("0.60"), description="Share of the free money, without Kelly, at size_1_score."
    )
    size_2_score: ExactShare = Field(Decimal("0.35"), description="Score from which size_2_share is spent.")
    size_2_share: ExactShare = Field(
        Decimal("0.45"), description="Share of the free money, without Kelly, at size_2_score."
    )
    size_3_score: ExactShare = Field(Decimal("0.25"), description="Score from which size_3_share is spent.")
    size_3_share: ExactShare = Field(
        Decimal("0.30"), description="Share of the free money, without Kelly, at size_3_score."
    )
    size_4_score: ExactShare = Field(Decimal("0.15"), description="Score from which size_4_share is spent.")
    size_4_share: ExactShare = Field(
        Decimal("0.20"), description="Share of the free money, without Kelly, at size_4_score."
    )


class PositionParameters(Parameters):
    """What protects a position. All of it is in percent of the entry price, the trails in percent of the peak."""

    stop_loss_pct: ExactPercent = Field(Decimal(5), gt=Decimal(0), description="Loss at which a position is sold.")
    take_profit_pct: Exact = Field(
        Decimal(30), gt=Decimal(0), le=Decimal(1000), description="Gain at which a position is sold."
    )
    break_even_from_pct: ExactPercent = Field(Decimal(3), description="Peak gain from which no loss is accepted.")
    break_even_margin_pct: ExactPercent = Field(Decimal("0.1"), description="Gain that the break-even stop keeps.")
    trail_1_from_pct: ExactPercent = Field(Decimal(3), description="Peak gain from which trail_1_pct holds.")
    trail_1_pct: ExactPercent = Field(Decimal("2.0"), description="Distance of the stop below the peak, first tier.")
    trail_2_from_pct: ExactPercent = Field(Decimal(5), description="Peak gain from which trail_2_pct holds.")
    trail_2_pct: ExactPercent = Field(Decimal("1.5"), description="Distance of the stop below the peak, second tier.")
    trail_3_from_pct: ExactPercent = Field(Decimal(8), description="Peak gain from which trail_3_pct holds.")
    trail_3_pct: ExactPercent = Field(Decimal("1.2"), description="Distance of the stop below the peak, third tier.")
    trail_4_from_pct: ExactPercent = Field(Decimal(12), description="Peak gain from which trail_4_pct holds.")
    trail_4_pct: ExactPercent = Field(Decimal("1.0"), description="Distance of the stop below the peak, last tier.")


class BreakerParameters(Parameters):
    """What stops buying."""

    daily_loss_limit_jpy: Yen = Field(15_000, gt=0, description="Realised loss of one day (JST) that stops buying.")
    losses_in_a_row: int = Field(5, ge=1, le=100, description="Losses in a row that stop buying for the cool-down.")
    cool_down_hours: Positive = Field(6.0, description="Hours without buying after the last of those losses.")
    exposure_limit_jpy: Yen = Field(90_000, gt=0, description="Most yen in positions and entries at once.")
    max_drawdown_pct: ExactPercent = Field(Decimal(20), gt=Decimal(0), description="Fall from the peak of all money.")


class OrderParameters(Parameters):
    """How long and at which prices an order is still wanted."""

    intent_ttl_s: int = Field(240, ge=10, le=3600, description="Seconds after which a booked intent is not sent.")
    price_band_pct: ExactPercent = Field(Decimal("1.5"), gt=Decimal(0), description="Price move an entry survives.")
    fill_price_tolerance_pct: ExactPercent = Field(Decimal(15), gt=Decimal(0), description="Fill off the ticker: halt.")
    lease_s: int = Field(
        45, ge=5, le=900, description="Seconds that an executor may hold a claimed trade; below the queue's 60."
    )
    sweep_after_s: int = Field(90, ge=5, le=3600, description="Seconds of silence after which a trade is queued again.")
    evidence_settle_s: int = Field(
        30, ge=5, le=600, description="Seconds between the two looks that must both find nothing of an unknown order."
    )
    evidence_limit_s: int = Field(
        900, ge=60, le=86_400, description="Seconds after which an order that is still unknown is halted for a human."
    )
    compared_max_age_s: int = Field(
        3600,
        ge=60,
        le=86_400,
        description="Age of the last comparison beyond which nothing is bought.",
    )
    clock_margin_s: int = Field(60, ge=0, le=600, description="Seconds by which our clock and the venue's may differ.")
    protective_gap_pct: ExactPercent = Field(
        Decimal(1), gt=Decimal(0), description="How far below our own stop the one resting at the venue is."
    )
