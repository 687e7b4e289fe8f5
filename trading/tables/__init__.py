"""Every table, key, index, lifetime, column, queue, topic, bucket and secret, once, as data.

The adapters, the checks, the embedded desk and the infrastructure read it from here; nothing else repeats a name.
Times in keys are epoch seconds UTC, times in attributes ISO 8601 UTC, ``ttl`` is epoch seconds. Prices are USDT in the
time series and yen in ``order-state``.
"""

from __future__ import annotations

from trading.tables.buckets import BUCKETS, Bucket
from trading.tables.kinds import TTL, Column, Index, Key, Kind, Table
from trading.tables.names import Names
from trading.tables.orders import (
    GSI1,
    GSI2,
    GSI3,
    GSI4,
    GSI5,
    ORDER_STATE,
    PAPER_ORDER_TTL_DAYS,
    POSITION_TTL_DAYS,
    TRADE_TTL_DAYS,
)
from trading.tables.queues import ORDER_REQUESTS, ORDER_REQUESTS_DLQ, QUEUES, SECRETS, TOPICS, Queue
from trading.tables.series import (
    ANALYSIS_STATE,
    FORECASTS,
    IMPROVEMENTS,
    LINEAGE,
    MARKET,
    MARKET_CONTEXT,
    PAIR,
    PRICES,
    REVISIONS,
    SENTIMENT,
    SIGNALS,
    TIMESTAMP,
)

TABLES = (
    PRICES,
    REVISIONS,
    SENTIMENT,
    SIGNALS,
    MARKET_CONTEXT,
    FORECASTS,
    ANALYSIS_STATE,
    LINEAGE,
    IMPROVEMENTS,
    ORDER_STATE,
)

__all__ = [
    "ANALYSIS_STATE",
    "BUCKETS",
    "FORECASTS",
    "GSI1",
    "GSI2",
    "GSI3",
    "GSI4",
    "GSI5",
    "IMPROVEMENTS",
    "LINEAGE",
    "MARKET",
    "MARKET_CONTEXT",
    "ORDER_REQUESTS",
    "ORDER_REQUESTS_DLQ",
    "ORDER_STATE",
    "PAIR",
    "PAPER_ORDER_TTL_DAYS",
    "POSITION_TTL_DAYS",
    "PRICES",
    "QUEUES",
    "REVISIONS",
    "SECRETS",
    "SENTIMENT",
    "SIGNALS",
    "TABLES",
    "TIMESTAMP",
    "TOPICS",
    "TRADE_TTL_DAYS",
    "TTL",
    "Bucket",
    "Column",
    "Index",
    "Key",
    "Kind",
    "Names",
    "Queue",
    "Table",
]
