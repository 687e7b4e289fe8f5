"""Values of ours as plain JSON data, for people and programs outside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from pydantic import BaseModel


def plain(value: Any) -> Any:  # noqa: PLR0911 (one line per kind of value)
    """Dataclasses and models as objects, Decimals and currencies as text, times as ISO 8601."""
    if isinstance(value, BaseModel):
        return plain(value.model_dump())
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, type):
        return getattr(value, "code", value.__name__)
    return value
