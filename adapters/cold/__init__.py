"""The cold tier: whole days of candles as Parquet in the archive."""

from __future__ import annotations

from adapters.cold.candles import ParquetCandles
from adapters.cold.past import Past

__all__ = ["ParquetCandles", "Past"]
