"""What was forecast and what came of it: the calibration ledger."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from trading.calibration.past import PastLoss
    from trading.calibration.records import Forecast


class Forecasts(Protocol):
    """Every forecast, one a pair and decision. What was written once stays; each method may raise Transient or Halt."""

    def put(self, forecast: Forecast) -> bool:
        """Keep a forecast without outcome; whether it was new. The first one of a pair and time stands.

        Raises Unknown when the reply was lost: put it again.
        """

    def settle(self, forecast: Forecast, outcome: Sequence[float | None]) -> bool:
        """Write what came of a forecast that was put, with its losses; whether it was the first to. Written once.

        Raises Unknown when the reply was lost: settle it again.
        """

    def pending(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times, both included, that have no outcome yet, oldest first."""

    def recent(self, pairs: Sequence[str], until: datetime, count: int) -> list[PastLoss]:
        """The newest ``count`` losses of forecasts not after a time, of all pairs and models together, newest first.

        An analysis waits for this, so no paths are read. A forecast that never came to an outcome has no losses.
        """

    def settled(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times, both included, that came to an outcome, oldest first."""
