"""The hot tier: recent candles in Redis or Valkey. Optional; gone, it makes reading slower and nothing else."""

from __future__ import annotations

from adapters.hot.candles import Found, HotCandles
from adapters.hot.server import Server

__all__ = ["Found", "HotCandles", "Server"]
