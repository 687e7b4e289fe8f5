"""The record of a decision: everything that it was made from, by id and hash, as canonical JSON.

What is small stands in it; what is large is named: a window of candles by its range and hash, a reading by its time and
hash. Money and quantities are text, floats are as they are.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from trading.lineage.inputs import canonical, hash_of
from trading.money import Amount, Price, Quantity

if TYPE_CHECKING:
    from trading.calibration.weight import EarnedWeight
    from trading.scoring import Decision, Ranked
    from trading.services.books import Books
    from trading.services.looks import Look
    from trading.services.quality import Gate
    from trading.signals.context import ContextSignal
    from trading.strategy import Strategy

NUMBERS = ("score", "weights", "components", "adjustments")
"""What stands in a ranking besides the pair."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Which desk decided and why it ran, and the program: version, commit (empty when nobody said it), flow run."""

    desk: str
    trigger: str
    version: str
    commit: str
    flow_run_id: str


@dataclass(frozen=True, slots=True)
class SeenReading:
    """A stored reading that was judged: its time (epoch s) and hash, and the keys of the articles in it.

    sha256 is empty, and ``note`` says why, when what is stored now would not be judged as it was.
    """

    timestamp: int
    sha256: str
    articles: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a decision was made from.

    readings  the news reading by pair.  context  the reading of the whole market.  basis  the premium by pair.
    breakers  what stopped buying, by name.
    """

    looks: Sequence[Look]
    mood: ContextSignal
    earned: EarnedWeight
    books: Books
    gate: Gate | None = None
    basis: Mapping[str, Any] = field(default_factory=dict)
    breakers: Mapping[str, bool] = field(default_factory=dict)
    readings: Mapping[str, SeenReading] = field(default_factory=dict)
    context: SeenReading | None = None


def body_of(
    origin: Origin, decision_id: str, at: datetime, seen: Inputs, decision: Decision, strategy: Strategy
) -> str:
    """The record, as it is chained."""
    ranked = {one.pair: one for one in decision.ranking}
    quarantined = {} if seen.gate is None else seen.gate.quarantined
    return canonical(
        {
            **_of(origin),
            "decision_id": decision_id,
            "at": at.isoformat(),
            "strategy": {
                "id": strategy.strategy_id,
                "version": strategy.strategy_version,
                "sha256": hash_of(plain(strategy.model_dump())),
            },
            "decision": {
                "action": str(decision.action),
                "pairs": list(decision.pairs),
                "reasons": list(decision.reasons),
                "buy_threshold": decision.buy_threshold,
                "sell_threshold": decision.sell_threshold,
            },
            "pairs": {key: _pair(key, ranked.get(key), at, seen) for key in _keys(seen)},
            "quarantined": {key: _findings(found) for key, found in quarantined.items()},
            "context": {**plain(seen.mood), "reading": plain(seen.context)},
            "forecast_weight": plain(seen.earned),
            "books": _books(seen.books, seen.breakers),
        }
    )


def read(body: str) -> Mapping[str, Any]:
    """A record again. What is no JSON object is an empty one: the chain says that it was changed."""
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, Mapping) else {}


def forecast_id(pair: str, at: datetime) -> str:
    """The key of a forecast in its ledger: ``FC-btc_usdt-1704283800``."""
    return f"FC-{pair}-{int(at.timestamp())}"


def plain(value: Any) -> Any:  # noqa: PLR0911 (one line per kind of value)
    """Any value of ours as JSON data: money, Decimals and what is no number as text, times as ISO 8601."""
    if isinstance(value, Price | Amount | Quantity | Decimal):
        return str(value)
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(name): plain(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain(part) for part in value]
    if isinstance(value, set | frozenset):
        return sorted(str(part) for part in value)
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value


def _of(origin: Origin) -> dict[str, Any]:
    code = {"version": origin.version, "commit": origin.commit}
    return {"desk": origin.desk, "trigger": origin.trigger, "code": code, "flow_run_id": origin.flow_run_id}


def _keys(seen: Inputs) -> list[str]:
    """Every pair that was looked at; one that was quarantined may have no look."""
    gate = seen.gate
    return sorted({look.pair for look in seen.looks} | (set() if gate is None else {*gate.checked, *gate.quarantined}))


def _pair(key: str, ranked: Ranked | None, at: datetime, seen: Inputs) -> dict[str, Any]:
    look = next((one for one in seen.looks if one.pair == key), None)
    checked = None if seen.gate is None else seen.gate.checked.get(key)
    numbers = {name: None if ranked is None else plain(getattr(ranked, name)) for name in NUMBERS}
    judged = {} if look is None else {"forecast": _forecast(look, at), **_others(look)}
    return {
        **numbers,
        "candles": None if checked is None else plain(checked.candles),
        "tier": "" if checked is None else checked.tier,
        "slower": [] if checked is None else list(checked.slower),
        "repaired": 0 if checked is None else checked.repaired,
        "reading": plain(seen.readings.get(key)),
        "basis": plain(seen.basis.get(key)),
        **judged,
    }


def _others(look: Look) -> dict[str, Any]:
    return {name: plain(getattr(look, name)) for name in ("technical", "sentiment", "missing")}


def _forecast(look: Look, at: datetime) -> dict[str, Any] | None:
    """The forecast by its id and hash; its paths stay in their ledger."""
    found = look.forecast
    if found is None:
        return None
    names = ("score", "confidence", "model", "fallback_reason", "change_pct", "note")
    shown = {name: plain(getattr(found, name)) for name in names}
    return {**shown, "forecast_id": forecast_id(look.pair, at), "sha256": hash_of(plain(found))}


def _findings(found: Sequence[Any]) -> list[dict[str, Any]]:
    """What a pair was quarantined for; the rows themselves are in the archive."""
    return [{"rule": one.rule, "rows": one.rows, "words": one.words} for one in found]


def _books(books: Books, breakers: Mapping[str, bool]) -> dict[str, Any]:
    seen = books.reconciliation
    return {
        "positions": sorted(held.position_id for held in books.positions),
        "pending": sorted(f"{trade.intent.trade_id} {trade.status}" for trade in books.pending),
        "kill_switch": books.kill_switch.mode.value,
        "balances": plain(books.balances),
        "reconciliation": None if seen is None else seen.verdict.value,
        "breakers": sorted(name for name, on in breakers.items() if on),
    }
