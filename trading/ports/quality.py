"""Who runs the rules."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from trading.quality.findings import Validation
    from trading.quality.rules import Suite


class Validator(Protocol):
    """Runs a suite over a frame. Every engine finds the same faults in the same rows."""

    def validate(self, suite: Suite, frame: pd.DataFrame, subject: str, at: datetime) -> Validation:
        """What broke which rule. Data never makes it raise."""
