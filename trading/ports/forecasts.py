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

    def get(self, pair: str, at: datetime) -> Forecast | None:
        """The forecast of a pair that stands at a time, with its outcome when there is one; None when there is none."""

    def newest(self, pair: str) -> tuple[datetime | None, datetime | None]:
        """The times of a pair's newest forecast and of its newest one that is settled; None where there is none."""

    def settle(self, forecast: Forecast, outcome: Sequence[float | None], at: datetime) -> bool:
        """Write at ``at`` what came of a forecast that was put; whether it was the first to. Written once.

        Its losses are kept with it, for the first forecast of a pair, model and UTC hour that comes to an outcome.
        Raises Unknown when the reply was lost: settle it again.
        """

    def pending(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times, both included, that have no outcome yet, oldest first."""

    def recent(self, pairs: Sequence[str], model: str, at: datetime, count: int) -> list[PastLoss]:
        """The newest ``count`` losses of a model that were known at a time, of all pairs together, newest first.

        Known is what was settled by then: what is settled later changes no answer for ``at``. An analysis waits for
        this, so no paths are read. There is at most one a pair and hour, and none of a forecast without outcome.
        """

    def settled(self, pair: str, since: datetime, until: datetime) -> list[Forecast]:
        """The forecasts of a pair between two times, both included, that came to an outcome, oldest first."""
