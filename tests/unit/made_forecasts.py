"""Made-up forecasts of a made-up market: what came is known, and how much a forecast knew of it is chosen."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np

from trading.calibration.records import Forecast

START = datetime(2024, 3, 5, tzinfo=UTC)
PAIRS = ("btc_usdt", "eth_usdt", "xrp_usdt")
STEPS = 12


def forecasts(count, knows, seed=1, pairs=PAIRS, model="made", every=timedelta(hours=1), start=START):
    """``count`` forecasts, so many an hour as there are pairs. ``knows`` 0: the price stays, 1: exactly what comes."""
    rng = np.random.default_rng(seed)
    made = []
    for number in range(count):
        price = float(rng.lognormal(3, 2))
        came = price * np.exp(np.cumsum(rng.normal(0, 0.002, STEPS)))
        path = price + knows * (came - price)
        made.append(
            Forecast(
                pair=pairs[number % len(pairs)],
                at=start + number // len(pairs) * every,
                model=model,
                fallback_reason=None,
                decision_id="AN-1",
                first_step_at=start + number // len(pairs) * every,
                price=price,
                q10=tuple(path * 0.995),
                q50=tuple(path),
                q90=tuple(path * 1.005),
                momentum_pct=float(rng.normal(0, 0.3)),
                volatility_pct=0.2,
                outcome=tuple(came.tolist()),
            )
        )
    return made


def closer(forecast, share):
    """The same forecast with its median so much of the way to what came."""
    moved = [step + share * (came - step) for step, came in zip(forecast.q50, forecast.outcome, strict=True)]
    return replace(forecast, q50=tuple(moved))
