"""The kinds of numbers a strategy is made of: floats for judging, exact decimals for everything that touches money."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from annotated_types import Ge, Gt, Le, Lt
from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer


class Parameters(BaseModel):
    """A group of parameters: frozen, nothing unknown, nothing converted in silence, nothing that is not a number."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _exact(value: Any) -> Any:
    """A written number as the Decimal of its digits."""
    try:
        if isinstance(value, int | float | str | Decimal):
            return Decimal(str(value))
    except InvalidOperation:  # text that is no number; a truth value is none either
        pass
    raise ValueError("Input should be a valid number")


Exact = Annotated[Decimal, BeforeValidator(_exact), PlainSerializer(float, when_used="json")]
"""A decimal: a ratio or a percentage that yen are multiplied by."""

# A bound is given once per field: pydantic keeps only one of two limits of the same kind.
Share = Annotated[float, Ge(0.0), Le(1.0)]
Fall = Annotated[float, Ge(-1.0), Le(0.0)]
Percent = Annotated[float, Ge(0.0), Le(100.0)]
Positive = Annotated[float, Gt(0.0), Le(1000.0)]
Multiplier = Annotated[float, Ge(1.0), Le(10.0)]
Bars = Annotated[int, Ge(1), Le(1000)]
Yen = Annotated[int, Ge(0), Le(100_000_000)]
ExactShare = Annotated[Exact, Ge(Decimal(0)), Le(Decimal(1))]
ExactPercent = Annotated[Exact, Ge(Decimal(0)), Lt(Decimal(100))]
