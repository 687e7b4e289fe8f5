"""The task that settles past forecasts and says what they have earned."""

from __future__ import annotations

from datetime import datetime

from prefect import task

from blocks.desk import open_desk
from tasks.policies import WRITE
from trading.calibration.weight import EarnedWeight
from trading.services import calibrate


@task(task_run_name="weigh-forecasts", **WRITE)
def weigh_forecasts(desk: str, models: list[str], at: datetime) -> EarnedWeight:
    """What came of past forecasts into the ledger; then what the models that spoke now may weigh."""
    room = open_desk(desk)
    return calibrate.weigh(room.pairs, at, models, room.candles, room.forecasts, room.strategy)
