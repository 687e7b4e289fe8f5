"""What the technical judge goes by (strategy.md, "Technical score")."""

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
