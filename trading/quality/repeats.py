"""A feed that repeats itself: an old candle again under a new time."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd

from trading.candles import COLUMNS
from trading.quality.findings import Finding

SHOWN = 5
"""Rows that a finding carries."""


def repeated(window: pd.DataFrame) -> tuple[Finding, ...]:
    """Traded candles that equal an earlier one of the window in every price and in volume.

    Volumes have up to eight decimals: among the 1.16 million candles of 671 real days there is not one.
    """
    twice = window["volume"].duplicated(keep=False) & (window["volume"] > 0)  # of one volume there are few
    some = window[twice]
    again = some[some.duplicated(list(COLUMNS[1:]))]
    if again.empty:
        return ()
    first: datetime = again["open_time"].iloc[0].to_pydatetime().astimezone(UTC)
    words = f"{len(again)} candles that repeat an earlier one, first {first:%Y-%m-%d %H:%M}"
    shown = again.head(SHOWN).assign(open_time=lambda frame: [at.isoformat() for at in frame["open_time"]])
    rows = ({str(name): value for name, value in row.items()} for row in shown.to_dict("records"))
    return (Finding("no candle repeats an earlier one", len(again), words, tuple(rows)),)
