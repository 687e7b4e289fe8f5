"""What data must be to be traded on (docs/decisions/0015)."""

from __future__ import annotations

from pydantic import Field

from trading.parameters.kinds import Parameters, Percent, Positive


class QualityParameters(Parameters):
    """When a pair sits out because its data, not its market, looks wrong."""

    gap_slots_max: int = Field(2, ge=0, le=100, description="Missing candles in a row that a window may have.")
    quiet_slots_max: int = Field(2, ge=0, le=100, description="Newest candles in a row that may be without volume.")
    gap_memory_slots: int = Field(
        12, ge=0, le=1000, description="Newest slots in which a gap counts although the exchange has it too."
    )
    jump_pct: Positive = Field(
        3.0, description="Move of one candle beyond that of the other pairs, in percent, that a second venue must show."
    )
    seam_pct: Positive = Field(
        2.0, description="Open away from the close before, in percent, that a second venue must show."
    )
    second_venue_pct: Percent = Field(2.0, description="Most that the second venue's close may differ, in percent.")
    basis_band_pct: Percent = Field(3.0, description="Most premium of the trading venue, either way, to enter at.")
    basis_broken_pct: Percent = Field(
        10.0, description="Premium, or distance from the other pairs' premium, beyond which a price is taken for wrong."
    )
    usd_jpy_max_hours: Positive = Field(6.0, description="Oldest USD/JPY rate that a premium is measured with.")
    usd_jpy_low: Positive = Field(50.0, description="Yen per dollar at and below which a rate is no rate.")
    usd_jpy_high: Positive = Field(500.0, description="Yen per dollar at and above which a rate is no rate.")
