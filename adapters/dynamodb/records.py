"""Dataclasses <-> plain items, by their fields and types: a new field with a default needs nothing here.

Prices, quantities and amounts are stored as bare numbers. What they are about is not lost: the currency is the field's
own type, the coin is the item's ``coin``, the one coin that every price and quantity of a record must share.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from datetime import datetime
from decimal import Decimal
from enum import Enum
from functools import lru_cache
from types import UnionType
from typing import Any, TypeAliasType, Union, get_args, get_origin, get_type_hints

from adapters.dynamodb.wire import Item, Plain, iso
from trading.errors import Halt
from trading.money import Amount, Currency, Price, Quantity


@lru_cache(maxsize=32)
def _fields(cls: Any) -> tuple[tuple[str, Any, Any], ...]:
    """Name, type without None, and default (or what makes it) of each field."""
    hints = get_type_hints(cls)
    return tuple((field.name, _bare(hints[field.name]), _default(field)) for field in fields(cls))


def _default(field: Field[Any]) -> Any:
    return field.default if field.default_factory is MISSING else field.default_factory


def _bare(hint: Any) -> Any:
    """A type without ``| None``, aliases followed."""
    if isinstance(hint, TypeAliasType):
        return _bare(hint.__value__)
    if get_origin(hint) in {Union, UnionType}:
        rest = [part for part in get_args(hint) if part is not type(None)]
        if len(rest) != 1:
            raise TypeError(f"a field is one type or None, not {hint}")
        return _bare(rest[0])
    return hint


# ---------------------------------------------------------------------------------------------------------- storing


def to_item(record: Any) -> Item:
    """A dataclass as a plain item. Raises Halt when its money is not all about one coin or in the declared currency."""
    coins: set[str] = set()
    item = _encoded(record, coins)
    if len(coins) > 1:
        msg = f"one record is about one coin, not {' and '.join(sorted(coins))}"
        raise Halt(msg)
    return {**item, "coin": coins.pop()} if coins else item


def _encoded(record: Any, coins: set[str]) -> Item:
    item: Item = {}
    kind: Any = type(record)
    for name, hint, default in _fields(kind):
        value = getattr(record, name)
        if value is not None:
            item[name] = _plain(value, hint, coins)
        elif default is not None:  # only a None that reading would not restore by itself is written
            item[name] = None
    return item


def _plain(value: Any, hint: Any, coins: set[str]) -> Plain:
    if isinstance(value, Price | Amount | Quantity):
        return _bare_number(value, hint, coins)
    if isinstance(value, tuple | list):
        return [_plain(part, _element(hint), coins) for part in value]
    if isinstance(value, Mapping):
        return {str(name): _plain(part, get_args(hint)[1], coins) for name, part in value.items()}
    if is_dataclass(value):
        return _encoded(value, coins)
    return _scalar(value)


def _scalar(value: Any) -> Plain:
    match value:
        case Enum():
            return str(value.value)
        case datetime():
            return iso(value)
        case bool() | str() | int() | Decimal():
            return value
    raise TypeError(f"a {type(value).__name__} has no form in a table")


def _bare_number(value: Price[Any] | Amount[Any] | Quantity, hint: Any, coins: set[str]) -> Decimal:
    if not isinstance(value, Quantity) and value.currency is not _currency(hint):
        msg = f"{value} does not belong in a field of {hint}"
        raise Halt(msg)
    if not isinstance(value, Amount):
        coins.add(value.coin)
    return value.number


# ---------------------------------------------------------------------------------------------------------- reading


def from_item[T](cls: type[T], item: Mapping[str, Plain]) -> T:
    """The dataclass that an item holds; attributes that are not its fields are left alone.

    Raises Halt for an item that lacks a field without a default, or holds something else than the field's type.
    """
    try:
        record: T = _decoded(cls, item, str(item.get("coin", "")))
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError) as error:
        msg = f"the stored {cls.__name__} {item.get('pk', '')} is not readable ({type(error).__name__}: {error})"
        raise Halt(msg) from error
    return record


def _decoded(cls: Any, item: Mapping[str, Plain], coin: str) -> Any:
    given: dict[str, Any] = {}
    for name, hint, default in _fields(cls):
        if name in item:
            value = item[name]
            given[name] = None if value is None else _typed(value, hint, coin)
        elif default is MISSING:
            given[name] = None
            if name not in _optional(cls):
                raise KeyError(name)
    return cls(**given)


@lru_cache(maxsize=32)
def _optional(cls: Any) -> frozenset[str]:
    """Fields that may be None."""
    return frozenset(name for name, hint in get_type_hints(cls).items() if type(None) in get_args(hint))


def _typed(value: Any, hint: Any, coin: str) -> Any:
    origin = get_origin(hint)
    if origin is tuple:
        return tuple(_typed(part, _element(hint), coin) for part in value)
    if origin is Price:
        return Price(_decimal(value), coin, _currency(hint))
    if origin is Amount:
        return Amount(_decimal(value), _currency(hint))
    if hint is Quantity:
        return Quantity(_decimal(value), coin)
    if origin is not None:
        return {name: _typed(part, get_args(hint)[1], coin) for name, part in value.items()}
    return _decoded(hint, value, coin) if is_dataclass(hint) else _simple(value, hint)


def _simple(value: Any, hint: Any) -> Any:
    if hint is datetime:
        return datetime.fromisoformat(value)
    if hint is int:
        return int(_decimal(value))
    if hint is Decimal:
        return _decimal(value)
    if issubclass(hint, Enum):
        return hint(value)
    if hint in {str, bool} and isinstance(value, hint):
        return value
    raise TypeError(f"{value!r} is no {hint.__name__}")


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, Decimal | int) or isinstance(value, bool):
        raise TypeError(f"{value!r} is no number")
    return Decimal(value)


def _currency(hint: Any) -> type[Currency]:
    """The C of ``Price[C]`` and ``Amount[C]``."""
    (currency,) = get_args(hint)
    return currency  # type: ignore[no-any-return]


def _element(hint: Any) -> Any:
    """The X of ``tuple[X, ...]``."""
    return get_args(hint)[0]
