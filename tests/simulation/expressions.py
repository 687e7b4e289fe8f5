"""The expressions of DynamoDB that our adapters write, and no others, each read once per text.

Conditions: ``attribute_not_exists(#a)``, ``=``, ``<``, ``<=``, ``IN``, ``AND``, ``OR``, brackets. Updates:
``SET #a = :b``, ``SET #a = if_not_exists(#a, :b)``, ``ADD #c :d``. Key conditions: the partition, and one test of the
sort key. Whatever else stands in a text raises NotImplementedError: a new kind is judged before it is simulated.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Context, Decimal
from functools import lru_cache
from typing import Any

from tests.simulation.refusals import invalid

type Wire = Mapping[str, Any]
"""One attribute value as it travels: ``{"N": "1.5"}``."""
type Attributes = Mapping[str, Wire]
type Test = Callable[[Attributes, Mapping[str, str], Attributes], bool]
"""Of an item, the names behind ``#name`` and the values behind ``:name``."""

TOKEN = re.compile(r"\s*(#\w+|:\w+|<=|>=|<>|[(),=<>]|\w+|\S)")
ORDERED = frozenset({"S", "N"})
EXACTLY = Context(prec=38)
"""What a DynamoDB number holds."""


# -------------------------------------------------------------------------------------------------------- conditions


@lru_cache(maxsize=512)
def condition(text: str) -> Test:
    """What a condition asks of an item."""
    words = _Words(text)
    test = _either(words)
    words.end()
    return test


class _Words:
    """The words of an expression, one after the other."""

    def __init__(self, text: str) -> None:
        self._text, self._found, self._at = text, [*TOKEN.findall(text), ""], 0

    def take(self) -> str:
        self._at += 1
        word: str = self._found[self._at - 1]
        return word

    def take_if(self, word: str) -> bool:
        found: bool = self._found[self._at] == word
        self._at += found
        return found

    def must(self, word: str) -> None:
        if not self.take_if(word):
            raise self.foreign()

    def name(self) -> str:
        return self._of("#")

    def value(self) -> str:
        return self._of(":")

    def end(self) -> None:
        self.must("")

    def foreign(self) -> NotImplementedError:
        return NotImplementedError(f"{self._found[self._at]!r} in {self._text!r} is none of the expressions known here")

    def _of(self, sign: str) -> str:
        if not self._found[self._at].startswith(sign):
            raise self.foreign()
        return self.take()


def _either(words: _Words) -> Test:
    tests = [_both(words)]
    while words.take_if("OR"):
        tests.append(_both(words))
    return tests[0] if len(tests) == 1 else lambda *of: any(test(*of) for test in tests)


def _both(words: _Words) -> Test:
    tests = [_one(words)]
    while words.take_if("AND"):
        tests.append(_one(words))
    return tests[0] if len(tests) == 1 else lambda *of: all(test(*of) for test in tests)


def _one(words: _Words) -> Test:
    if words.take_if("("):
        test = _either(words)
        words.must(")")
        return test
    if words.take_if("attribute_not_exists"):
        words.must("(")
        name = words.name()
        words.must(")")
        return lambda item, names, _: names[name] not in item
    return _comparison(words.name(), words)


def _comparison(name: str, words: _Words) -> Test:
    if words.take_if("IN"):
        words.must("(")
        among = [words.value()]
        while words.take_if(","):
            among.append(words.value())
        words.must(")")
        return lambda item, names, values: any(_same(item.get(names[name]), values[one]) for one in among)
    for sign, holds in (("=", _same), ("<=", _not_after), ("<", _before)):
        if words.take_if(sign):
            return _compared(name, holds, words.value())
    raise words.foreign()


def _compared(name: str, holds: Callable[[Wire | None, Wire], bool], value: str) -> Test:
    return lambda item, names, values: holds(item.get(names[name]), values[value])


def _same(stored: Wire | None, given: Wire) -> bool:
    """Equal in kind and value; numbers by value, whatever their text."""
    if stored == given:
        return True
    return stored is not None and "N" in stored and "N" in given and Decimal(stored["N"]) == Decimal(given["N"])


def _before(stored: Wire | None, given: Wire) -> bool:
    return _ordered(stored, given, operator.lt)


def _not_after(stored: Wire | None, given: Wire) -> bool:
    return _ordered(stored, given, operator.le)


def _ordered(stored: Wire | None, given: Wire, holds: Callable[[Any, Any], bool]) -> bool:
    """Text by its code points (which sort like its bytes), numbers by value; what differs in kind has no order."""
    ((kind, value),) = given.items()
    if kind not in ORDERED:
        raise invalid(f"an operand of kind {kind} has no order")
    if stored is None or kind not in stored:
        return False
    return holds(Decimal(stored[kind]), Decimal(value)) if kind == "N" else holds(stored[kind], value)


# ----------------------------------------------------------------------------------------------------------- updates


@dataclass(frozen=True, slots=True)
class Update:
    """Placeholders: what is set to what, what only when it is not there, and what is added to what."""

    sets: tuple[tuple[str, str], ...]
    defaults: tuple[tuple[str, str, str], ...]
    adds: tuple[tuple[str, str], ...]

    def applied(self, item: Attributes, names: Mapping[str, str], values: Attributes) -> dict[str, Wire]:
        """The item after the update; every value is taken from the item as it was."""
        new = dict(item)
        for name, value in self.sets:
            new[names[name]] = values[value]
        for name, seen, value in self.defaults:
            new[names[name]] = item.get(names[seen], values[value])
        for name, value in self.adds:
            new[names[name]] = _sum(item.get(names[name], {"N": "0"}), values[value])
        return new


def _sum(stored: Wire, given: Wire) -> Wire:
    if "N" not in stored or "N" not in given:
        raise invalid("ADD adds numbers to numbers")
    total = EXACTLY.add(Decimal(stored["N"]), Decimal(given["N"]))
    return {"N": format(total, "f")}


@lru_cache(maxsize=512)
def update(text: str) -> Update:
    """What an update changes."""
    words = _Words(text)
    sets: list[tuple[str, str]] = []
    defaults: list[tuple[str, str, str]] = []
    adds: list[tuple[str, str]] = []
    if words.take_if("SET"):
        for name in _names(words):
            words.must("=")
            if words.take_if("if_not_exists"):
                defaults.append((name, *_default(words)))
            else:
                sets.append((name, words.value()))
    if words.take_if("ADD"):
        adds += [(name, words.value()) for name in _names(words)]
    words.end()
    return Update(tuple(sets), tuple(defaults), tuple(adds))


def _names(words: _Words) -> Iterator[str]:
    """The first name of each part of a clause."""
    yield words.name()
    while words.take_if(","):
        yield words.name()


def _default(words: _Words) -> tuple[str, str]:
    words.must("(")
    name = words.name()
    words.must(",")
    value = words.value()
    words.must(")")
    return name, value


# ---------------------------------------------------------------------------------------------------- key conditions


@dataclass(frozen=True, slots=True)
class KeyCondition:
    """Placeholders: the partition and its value; the sort key, how it is tested, and against what."""

    partition: tuple[str, str]
    sort: str | None = None
    sign: str = ""
    against: tuple[str, ...] = ()


@lru_cache(maxsize=512)
def key_condition(text: str) -> KeyCondition:
    """What a query looks for."""
    words = _Words(text)
    name = words.name()
    words.must("=")
    partition = name, words.value()
    if words.take_if(""):
        return KeyCondition(partition)
    words.must("AND")
    found = KeyCondition(partition, *_sort(words))
    words.end()
    return found


def _sort(words: _Words) -> tuple[str, str, tuple[str, ...]]:
    if words.take_if("begins_with"):
        return (*_begins(words),)
    name = words.name()
    for sign in ("=", "<=", "<", ">=", ">"):
        if words.take_if(sign):
            return name, sign, (words.value(),)
    words.must("BETWEEN")
    low = words.value()
    words.must("AND")
    return name, "BETWEEN", (low, words.value())


def _begins(words: _Words) -> tuple[str, str, tuple[str, ...]]:
    name, value = _default(words)
    return name, "begins_with", (value,)


@lru_cache(maxsize=2048)
def placeholders(*texts: str) -> frozenset[str]:
    """Every ``#name`` and ``:name`` of some expressions."""
    return frozenset(re.findall(r"[#:]\w+", " ".join(texts)))


def given(body: Mapping[str, Any], *expressions: str) -> tuple[Mapping[str, str], Attributes]:
    """Names and values of a request. Raises ValidationException for one too many or too few."""
    names, values = body.get("ExpressionAttributeNames", {}), body.get("ExpressionAttributeValues", {})
    mentioned = placeholders(*(body.get(text, "") for text in expressions))
    if names.keys() | values.keys() != mentioned:
        raise invalid(f"names or values unused or missing: {sorted(mentioned ^ (names.keys() | values.keys()))}")
    return names, values
