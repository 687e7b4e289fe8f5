"""The file of ``trader decide --state FILE``: a state of the world in, a decision out.

FILE = ``{"now", "strategy": overrides, "pairs": {key: inputs or {"missing": [...]}}, "context": {...} or null,
"positions": [{"pair", "entered_at", "entry_price_jpy"}], "breakers": {...}, "forecast_weight", "barred": {key: why}}``.
Times without a zone are UTC. What a pair does not say, or says as null, is missing: the pair sits out, visibly. A
barred one is not entered.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from trading.errors import BadInput
from trading.limits import Mode
from trading.money import decimal
from trading.scoring import ContextInputs, Decision, Held, Market, MissingInputs, PairInputs
from trading.strategy import Strategy, strategy_from

KEYS = frozenset({"now", "strategy", "pairs", "context", "positions", "breakers", "forecast_weight", "barred"})
PAIR_FIELDS = tuple(PairInputs.__dataclass_fields__)
CONTEXT_FIELDS = tuple(ContextInputs.__dataclass_fields__)


def read_state(path: Path) -> tuple[Market, Strategy]:
    """The market and the strategy that a state file describes.

    Raises BadInput with one line that names the file and the field for anything that cannot be used.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"state file {path} cannot be read: {getattr(error, 'strerror', None) or 'not text'}") from error
    try:
        raw = json.loads(text, parse_float=_Digits, parse_constant=_no_constant, object_pairs_hook=_no_doubles)
        state = _object(raw, "the file", KEYS)
        strategy = strategy_from(_object(state.get("strategy", {}), "strategy"), "strategy")
        return _market(state), strategy
    except BadInput as error:
        raise BadInput(f"state file {path}: {error}") from error
    except (ValueError, RecursionError) as error:  # what json raises, its limits of digits and depth included
        raise BadInput(f"state file {path} is not JSON: {error}") from error


def as_answer(decision: Decision) -> dict[str, Any]:
    """A decision as ``trader decide --json`` prints it."""
    return {
        "buy_threshold": decision.buy_threshold,
        "sell_threshold": decision.sell_threshold,
        "ranking": [
            {
                "pair": one.pair,
                "score": one.score,
                "weights": dict(one.weights),
                "components": dict(one.components),
                "adjustments": dict(one.adjustments),
            }
            for one in decision.ranking
        ],
        "decision": {
            "action": str(decision.action),
            "pairs": list(decision.pairs),
            "reasons": list(decision.reasons),
        },
    }


class _Digits(float):
    """A number of the file: a float for scores that remembers its digits for yen."""

    digits: str

    def __new__(cls, digits: str) -> Self:
        number = super().__new__(cls, digits)
        number.digits = digits
        return number


def _no_constant(name: str) -> float:
    raise BadInput(f"{name} is not a number")


def _no_doubles(items: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object that names nothing twice, of which JSON would silently keep the last."""
    found = dict(items)
    if len(found) != len(items):
        names = [name for name, _ in items]
        raise BadInput(f"{next(name for name in names if names.count(name) > 1)} is given twice")
    return found


def _market(state: Mapping[str, Any]) -> Market:
    pairs = _object(_required(state, "pairs"), "pairs")
    positions = state.get("positions", [])
    if not isinstance(positions, list):
        raise BadInput("positions must be a list")
    weight = state.get("forecast_weight")
    return Market(
        now=_time(_required(state, "now"), "now"),
        pairs={key: _pair(value, f"pairs.{key}") for key, value in pairs.items()},
        context=_context(state.get("context")),
        positions=tuple(_held(value, f"positions[{index}]") for index, value in enumerate(positions)),
        breakers=_breakers(_object(state.get("breakers", {}), "breakers")),
        forecast_weight=None if weight is None else _number(weight, "forecast_weight", 0, 1),
        barred=_barred(_object(state.get("barred", {}), "barred")),
    )


def _pair(value: Any, where: str) -> PairInputs | MissingInputs:
    pair = _object(value, where, frozenset({*PAIR_FIELDS, "missing"}))
    said = pair.get("missing", [])
    if not isinstance(said, list) or not all(isinstance(name, str) for name in said):
        raise BadInput(f"{where}.missing must be a list of names")
    numbers = {name: _number(pair[name], f"{where}.{name}") for name in PAIR_FIELDS if pair.get(name) is not None}
    absent = [name for name in PAIR_FIELDS if name not in numbers]
    try:
        checked = PairInputs(**{**dict.fromkeys(PAIR_FIELDS, 0.0), **numbers})
    except BadInput as error:
        raise BadInput(f"{where}: {error}") from error
    if said or absent:
        return MissingInputs(tuple(said or absent))
    return checked


def _context(value: Any) -> ContextInputs | None:
    if value is None:
        return None
    context = _object(value, "context", frozenset(CONTEXT_FIELDS))
    mood, share = context.get("fear_greed"), context.get("btc_dominance")
    return ContextInputs(
        score=_number(_required(context, "score", "context"), "context.score"),
        fear_greed=None if mood is None else _number(mood, "context.fear_greed"),
        btc_dominance=None if share is None else _number(share, "context.btc_dominance"),
        age_s=_number(_required(context, "age_s", "context"), "context.age_s"),
    )


def _held(value: Any, where: str) -> Held:
    held = _object(value, where, frozenset(Held.__dataclass_fields__))
    pair = _required(held, "pair", where)
    if not isinstance(pair, str):
        raise BadInput(f"{where}.pair must be a pair key such as btc_usdt")
    price = held.get("entry_price_jpy")
    return Held(
        pair=pair,
        entered_at=_time(_required(held, "entered_at", where), f"{where}.entered_at"),
        entry_price_jpy=None if price is None else _price(price, f"{where}.entry_price_jpy"),
    )


def _breakers(breakers: Mapping[str, Any]) -> dict[str, bool | str]:
    for name, value in breakers.items():
        is_mode = name == "kill_switch" and isinstance(value, str) and value in set(Mode)
        if not isinstance(value, bool) and not is_mode:
            modes = f", or one of {', '.join(Mode)}" if name == "kill_switch" else ""
            raise BadInput(f"breakers.{name} must be true or false{modes}, not {value!r}")
    return dict(breakers)


def _barred(barred: Mapping[str, Any]) -> dict[str, str]:
    for key, why in barred.items():
        if not isinstance(why, str) or not why.strip():
            raise BadInput(f"barred.{key} must say why the pair may not be entered, not {why!r}")
    return {key: why.strip().rstrip(".") for key, why in barred.items()}


def _object(value: Any, where: str, known: frozenset[str] | None = None) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise BadInput(f"{where} must be an object")
    unknown = sorted(set(value) - known) if known is not None else []
    if known is not None and unknown:
        raise BadInput(f"{where} has the unknown field {unknown[0]}; known are {', '.join(sorted(known))}")
    return value


def _required(mapping: Mapping[str, Any], key: str, where: str = "") -> Any:
    if mapping.get(key) is None:
        raise BadInput(f"{where + '.' if where else ''}{key} is missing")
    return mapping[key]


def _number(value: Any, where: str, low: float = -math.inf, high: float = math.inf) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"{where} must be a number, not {value!r}")
    try:
        number = float(value)
    except OverflowError:  # an integer too large for a float
        number = math.inf
    if not math.isfinite(number) or not low <= number <= high:
        raise BadInput(f"{where} must be a finite number{'' if high == math.inf else f' from {low:g} to {high:g}'}")
    return number


def _price(value: Any, where: str) -> Decimal:
    digits = value.digits if isinstance(value, _Digits) else value
    if isinstance(digits, bool) or not isinstance(digits, int | str) or decimal(digits) <= 0:
        raise BadInput(f"{where} must be yen above 0, not {value!r}")
    return decimal(digits)


def _time(value: Any, where: str) -> datetime:
    try:
        found = datetime.fromisoformat(value)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise BadInput(f"{where} must be an ISO 8601 time such as 2024-01-03T12:10:00Z, not {value!r}") from error
