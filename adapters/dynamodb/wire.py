"""Plain Python <-> DynamoDB's attribute values, and the named borders where a float may pass.

Plain: None, bool, str, int, Decimal, list, dict. Money travels as Decimal only; a float is refused by ``to_wire``.
Analysis values (floats) pass through ``from_analysis`` and come back through ``to_analysis``; each float travels as its
shortest exact decimal text and comes back as the same 64 bits.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import Enum
from numbers import Integral, Real
from typing import Any

from trading.errors import BadInput

type Plain = bool | str | int | Decimal | list[Plain] | dict[str, Plain] | None
type Item = dict[str, Plain]
type Wire = dict[str, Any]
"""One attribute value as the low-level client takes it: ``{"N": "1.5"}``."""

DIGITS = 38
LARGEST, SMALLEST = 125, -130
"""What a DynamoDB number holds: significant digits, and exponents of the largest and the smallest number."""

EXACT = 2**53
"""Up to here every whole number is a float, so it does not matter which of the two it was."""


def item_to_wire(item: Mapping[str, object]) -> dict[str, Wire]:
    """An item for the client. Raises BadInput for a value that DynamoDB cannot keep exactly."""
    return {name: to_wire(value) for name, value in item.items()}


def item_from_wire(wire: Mapping[str, Mapping[str, Any]]) -> Item:
    """An item from the client; every number is a Decimal."""
    return {name: from_wire(value) for name, value in wire.items()}


def to_wire(value: object) -> Wire:
    """One plain value as an attribute value. Raises BadInput for a float or a number of more than 38 digits."""
    match value:
        case None:
            return {"NULL": True}
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": number(Decimal(value))}
        case list():
            return {"L": [to_wire(part) for part in value]}
        case dict():
            return {"M": item_to_wire(value)}
    msg = f"a {type(value).__name__} is not stored as it is: money is Decimal, analysis values pass their own border"
    raise BadInput(msg)


def from_wire(wire: Mapping[str, Any]) -> Plain:
    """One attribute value as plain Python."""
    ((kind, value),) = wire.items()
    match kind:
        case "S" | "BOOL":
            return value  # type: ignore[no-any-return]
        case "N":
            return Decimal(value)
        case "NULL":
            return None
        case "L":
            return [from_wire(part) for part in value]
        case "M":
            return item_from_wire(value)
    msg = f"an attribute of kind {kind} is not one of ours; somebody else writes to the table"
    raise BadInput(msg)


def number(value: Decimal) -> str:
    """A Decimal as DynamoDB's number text. Raises BadInput when it would be rounded or is out of range."""
    parts = value.as_tuple()
    digits = "".join(map(str, parts.digits)).strip("0")
    fits = value.is_finite() and len(digits) <= DIGITS and (not digits or SMALLEST <= value.adjusted() <= LARGEST)
    if not fits:
        msg = f"{value} has more digits or a larger exponent than a table can keep exactly"
        raise BadInput(msg)
    return str(value)


def float_number(value: float) -> str:
    """THE border for candle values: a finite float as DynamoDB's number text; ``float()`` of it is the same float.

    Raises BadInput for NaN, infinities and values beyond what a table can keep.
    """
    return number(Decimal(float.__repr__(value)))


def from_analysis(value: Any, where: str = "value") -> Plain:
    """THE border for analysis rows: nested dicts and lists of text, numbers, times and enums, as plain values.

    A float becomes the Decimal of its shortest text; one too small for a table (below 1e-130) becomes 0.
    Raises BadInput that names the place (``where``) for NaN, infinities and types that have no plain form.
    """
    match value:
        case Mapping():
            return {str(name): from_analysis(part, f"{where}.{name}") for name, part in value.items()}
        case list() | tuple():
            return [from_analysis(part, f"{where}[{at}]") for at, part in enumerate(value)]
        case Enum():
            return from_analysis(value.value, where)
        case datetime():
            return iso(value)
    return _scalar(value, where)


def _scalar(value: Any, where: str) -> Plain:
    match value:
        case None | bool() | Decimal():
            return value
        case str():
            return str(value)
        case Integral():
            return int(value)
        case Real():
            return _real(float(value), where)
    if hasattr(value, "item"):  # numpy's own bool
        return from_analysis(value.item(), where)
    msg = f"{where} is a {type(value).__name__}, which has no form in a table"
    raise BadInput(msg)


def _real(value: float, where: str) -> Decimal:
    if not math.isfinite(value):
        msg = f"{where} is {value}: a value that is missing is left out, never stored as a number"
        raise BadInput(msg)
    exact = Decimal(float.__repr__(value))
    return exact if exact.adjusted() >= SMALLEST else Decimal(0)


def to_analysis(value: Plain) -> Any:
    """Plain values back as analysis values: whole numbers up to 2**53 as int, all others as float."""
    match value:
        case Decimal():
            whole = abs(value) <= EXACT and value == value.to_integral_value()
            return int(value) if whole else float(value)
        case list():
            return [to_analysis(part) for part in value]
        case dict():
            return {name: to_analysis(part) for name, part in value.items()}
    return value


def iso(at: datetime) -> str:
    """An aware time as ISO 8601 UTC, as attributes hold it. Raises BadInput for a naive time."""
    if at.tzinfo is None:
        msg = f"a time without a zone is no time: {at.isoformat()}"
        raise BadInput(msg)
    return at.astimezone(UTC).isoformat()


def epoch(at: datetime) -> int:
    """Whole seconds since 1970 UTC, as keys hold them."""
    return int(at.timestamp() // 1)
