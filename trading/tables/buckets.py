"""Buckets."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket by its purpose: versioned, encrypted, never public; it cools down with age and may forget.

    expire_days       when a file goes; None keeps it.
    old_version_days  when a version goes that was overwritten or removed.
    """

    purpose: str
    holds: str
    infrequent_days: int = 30
    glacier_days: int = 90
    expire_days: int | None = None
    old_version_days: int = 365


BUCKETS = (
    Bucket("raw-market-data", "provider payloads as received, gz JSON"),
    Bucket("processed-market-data", "cleaned candles, Parquet: candles/pair=<pair>/date=<YYYY-MM-DD>/..."),
    Bucket("backtest-results", "backtest reports, charts, parameters"),
    Bucket("daily-reports", "daily-reports/<YYYY-MM-DD>.json and .html", expire_days=90, old_version_days=30),
    Bucket(
        "backups",
        "nightly: order state, strategies and lineage, each with a manifest",
        expire_days=400,
        old_version_days=30,
    ),
    Bucket("models", "chronos-2/model.tar.gz", old_version_days=90),
)
