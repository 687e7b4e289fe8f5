"""Rows: what the signals table keeps of one pair in one analysis, enough to ask "why" later."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from trading.basis import Basis
from trading.calibration.weight import EarnedWeight
from trading.scoring import Decision
from trading.services.intents import decision_id_of, signal_id_of
from trading.services.looks import Look
from trading.signals.context import ContextSignal
from trading.strategy import Strategy


def signal_rows(  # noqa: PLR0913 (each is a fact of its own)
    looks: Sequence[Look],
    mood: ContextSignal,
    earned: EarnedWeight,
    decision: Decision,
    at: datetime,
    trigger: str,
    strategy: Strategy,
    basis: Mapping[str, Basis] | None = None,
    record: str = "",
    notes: Sequence[str] = (),
) -> list[dict[str, Any]]:
    """One row per pair: every component, weight, threshold, indicator, premium, and the decision they led to.

    record: id of the decision's record in its day's chain.  notes: why no order was made of it, if so.
    """
    shared: dict[str, Any] = {
        "timestamp": int(at.timestamp()),
        "decision_id": decision_id_of(at),
        "action": decision.action,
        "buy_threshold": decision.buy_threshold,
        "sell_threshold": decision.sell_threshold,
        "reasons": list(decision.reasons),
        "context": asdict(mood),
        "forecast_weight": asdict(earned),
        "strategy_id": strategy.strategy_id,
        "strategy_version": strategy.strategy_version,
        "trigger": trigger,
        "record_id": record,
        "notes": list(notes),
    }
    told = basis or {}
    return [{**shared, **_of_pair(look, decision, at), "basis": _plain(told.get(look.pair))} for look in looks]


def _of_pair(look: Look, decision: Decision, at: datetime) -> dict[str, Any]:
    ranked = next((one for one in decision.ranking if one.pair == look.pair), None)
    return {
        "pair": look.pair,
        "signal_id": signal_id_of(decision_id_of(at), look.pair),
        "chosen": look.pair in decision.pairs,
        "score": None if ranked is None else ranked.score,
        "weights": {} if ranked is None else dict(ranked.weights),
        "components": {} if ranked is None else dict(ranked.components),
        "adjustments": {} if ranked is None else dict(ranked.adjustments),
        "missing": [f"{side}: {error}" for side, error in look.missing.items()],
        **{name: _plain(getattr(look, name)) for name in ("technical", "forecast", "sentiment")},
    }


def _plain(signal: Any) -> Mapping[str, Any]:
    return {} if signal is None else asdict(signal)
