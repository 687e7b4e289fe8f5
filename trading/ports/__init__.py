"""What the rules need of the world, as narrow protocols. Adapters implement them; the simulator is the world itself.

Every method may raise Transient (retry), Unknown (look it up), Rejected (drop) or Halt (a human), and nothing else.
"""

from __future__ import annotations

from trading.ports.books import Booking, Ledger
from trading.ports.candles import CandleStore
from trading.ports.judges import Forecaster, Readings
from trading.ports.metrics import Metrics
from trading.ports.outside import Alerts, Archive, Notice
from trading.ports.queue import Delivery, OrderQueue, Received, Unreadable
from trading.ports.venues import Clock, Exchange, MarketData

__all__ = [
    "Alerts",
    "Archive",
    "Booking",
    "CandleStore",
    "Clock",
    "Delivery",
    "Exchange",
    "Forecaster",
    "Ledger",
    "MarketData",
    "Metrics",
    "Notice",
    "OrderQueue",
    "Readings",
    "Received",
    "Unreadable",
]
