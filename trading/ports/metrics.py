"""What is counted for alarms and dashboards."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class Metrics(Protocol):
    """Figures that alarms watch (data.md, "Metrics"). Counting never decides the outcome of a step."""

    def count(self, name: str, value: float, at: datetime, of: Mapping[str, str] | None = None) -> bool:
        """Add ``value`` to a metric of our namespace; ``of`` are its dimensions. Whether it could be counted."""
