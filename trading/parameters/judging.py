"""What the four judges go by: technical, forecast, sentiment, context (strategy.md, sections of those names)."""

from __future__ import annotations

from pydantic import Field

from trading.parameters.kinds import Bars, Multiplier, Parameters, Percent, Positive, Share


class TechnicalParameters(Parameters):
    """Indicators and what their values are worth."""

    candles_window: Bars = Field(336, description="Closed 5-minute candles that one analysis looks at.")
    candles_min: Bars = Field(50, description="Fewest closed candles to judge a pair by; with fewer it sits out.")
    candle_max_age_minutes: Positive = Field(10.0, description="Oldest close of the last candle, in minutes.")
    rsi_length: Bars = Field(14, description="Bars of the RSI (Wilder smoothing).")
    macd_fast: Bars = Field(12, description="Bars of the fast average of the MACD.")
    macd_slow: Bars = Field(26, description="Bars of the slow average of the MACD.")
    macd_signal: Bars = Field(9, description="Bars of the signal line of the MACD.")
    macd_slope_bars: Bars = Field(3, description="One-bar changes of the MACD histogram that its slope is the mean of.")
    sma_short: Bars = Field(20, description="Bars of the short simple average.")
    sma_long: Bars = Field(200, description="Bars of the long simple average.")
    bb_length: Bars = Field(20, description="Bars of the Bollinger bands (population standard deviation).")
    bb_std: Positive = Field(2.0, description="Standard deviations from the middle to each Bollinger band.")
    adx_length: Bars = Field(14, description="Bars of the ADX (Wilder smoothing).")
    atr_length: Bars = Field(14, description="Bars of the ATR (Wilder smoothing).")
    volume_length: Bars = Field(20, description="Bars before the last, whose mean volume it is held against.")

    adx_ranging: Percent = Field(20.0, description="ADX at and below which the market is ranging.")
    adx_trending: Percent = Field(25.0, description="ADX at and above which the market is trending.")
    trending_weight_rsi: Share = Field(0.15, description="Weight of the RSI when trending.")
    trending_weight_macd: Share = Field(0.35, description="Weight of the MACD when trending.")
    trending_weight_sma: Share = Field(0.35, description="Weight of the averages when trending.")
    trending_weight_bollinger: Share = Field(0.15, description="Weight of the Bollinger position when trending.")
    ranging_weight_rsi: Share = Field(0.35, description="Weight of the RSI when ranging.")
    ranging_weight_macd: Share = Field(0.15, description="Weight of the MACD when ranging.")
    ranging_weight_sma: Share = Field(0.15, description="Weight of the averages when ranging.")
    ranging_weight_bollinger: Share = Field(0.35, description="Weight of the Bollinger position when ranging.")

    rsi_buy_full: Percent = Field(20.0, description="RSI at and below which its value is +1.")
    rsi_buy_part: Percent = Field(30.0, description="RSI at which its value is + rsi_part_value.")
    rsi_dead_low: Percent = Field(40.0, description="RSI at which the dead band begins: no value from here up.")
    rsi_dead_high: Percent = Field(60.0, description="RSI at which the dead band ends.")
    rsi_sell_part: Percent = Field(70.0, description="RSI at which its value is - rsi_part_value.")
    rsi_sell_full: Percent = Field(80.0, description="RSI at and above which its value is -1.")
    rsi_part_value: Share = Field(0.3, description="Size of the RSI value at the inner points.")
    macd_full_pct: Positive = Field(0.1, description="MACD histogram, in percent of the close, that is worth a full 1.")
    macd_slope_full_pct: Positive = Field(0.05, description="Histogram change a bar, in % of the close, called 1.")
    sma_full_ratio: Positive = Field(0.02, description="Ratio of the averages above 1 that is worth a full 1.")
    sma_fallback_factor: Share = Field(0.6, description="Trust in close against short average, without a long one.")
    bb_exponent: Positive = Field(2.0, description="Power that the distance from the middle of the band is raised to.")
    bb_cap: Positive = Field(1.2, description="Largest size of the Bollinger value, reached outside the band.")
    volume_calm_ratio: Positive = Field(1.5, description="Volume against its mean up to which nothing is added.")
    volume_full_ratio: Positive = Field(2.5, description="Volume against its mean at the largest multiplier.")
    volume_max_multiplier: Multiplier = Field(1.3, description="Largest volume multiplier.")


class ForecastParameters(Parameters):
    """The forecast of the next hour and its fallback."""

    forecast_steps: Bars = Field(12, description="Steps of 5 minutes that are forecast.")
    forecast_outlier_pct: Positive = Field(20.0, description="A step further off than this counts as the price.")
    forecast_full_change_pct: Positive = Field(3.0, description="Forecast change that is worth a full 1.")
    forecast_trend_min_steps: int = Field(
        6, ge=2, le=1000, description="Fewest steps for the trend of the path to count."
    )
    forecast_trend_factor: Share = Field(0.3, description="Part of the path's trend that is added to the score.")
    forecast_trend_cap: Share = Field(0.15, description="Largest size of what the trend adds.")
    forecast_cv_calm_pct: Percent = Field(1.0, description="Spread, in percent of the price, not damped yet.")
    forecast_cv_wide_pct: Percent = Field(5.0, description="Spread, in percent of the price, at full damping.")
    forecast_damping_min: Share = Field(0.5, description="What a score is multiplied by at full damping.")
    quantile_span_sigmas: Positive = Field(2.56, description="Standard deviations between the 0.1 and 0.9 quantiles.")
    confidence_std_factor: Positive = Field(10.0, description="How fast confidence falls with std / median.")
    momentum_short_bars: Bars = Field(5, description="Bars of the short change in the momentum fallback.")
    momentum_long_bars: Bars = Field(10, description="Bars of the long change in the momentum fallback.")
    momentum_short_weight: Share = Field(0.6, description="Weight of the short change in the momentum fallback.")
    momentum_long_weight: Share = Field(0.4, description="Weight of the long change in the momentum fallback.")
    momentum_full_change_pct: Positive = Field(2.0, description="Momentum that is worth a full 1.")
    fallback_confidence: Share = Field(0.1, description="Confidence of the momentum fallback.")


class SentimentParameters(Parameters):
    """What news are worth."""

    sentiment_stale_hours: Positive = Field(6.0, description="Age above which a sentiment reading counts as neutral.")
    relevance_named: Share = Field(1.0, description="Weight of an article that names the currency.")
    relevance_btc: Share = Field(0.5, description="Weight of Bitcoin news for another currency.")
    relevance_market: Share = Field(0.3, description="Weight of news about the whole market.")
    article_fade_hours: Positive = Field(24.0, description="Age at which an article's weight would reach 0.")
    article_weight_min: Share = Field(0.1, description="Least age weight of an article.")
    vote_strong_factor: Positive = Field(1.5, description="What an important or a toxic vote counts as.")
    votes_ignored: Positive = Field(5.0, description="Votes up to which only the title counts.")
    votes_trusted_span: Positive = Field(15.0, description="Further votes until only the votes count.")
    panic_neutral: Percent = Field(50.0, description="Panic score that shifts nothing.")
    panic_span: Positive = Field(500.0, description="Panic points above neutral for a shift of 1.")


class ContextParameters(Parameters):
    """What the whole market's mood is worth."""

    context_stale_hours: Positive = Field(2.0, description="Age above which the market context counts as neutral.")
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
