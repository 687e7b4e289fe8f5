"""The chain of a day: each hash is over the one before and the record, so that a changed byte shows from there on."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trading.ports.lineage import Head, Link

RECORD_ID = re.compile(r"LN-(\d{4})(\d{2})(\d{2})-(\d{4,})")
SHOWN = 60
"""Characters of a record that are shown where it differs."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with one record, or with the day as a whole (``number`` 0), in words."""

    day: date
    number: int
    words: str

    def __str__(self) -> str:
        """One line that names the day and the record."""
        where = f"record {self.number} of {self.day}" if self.number else f"{self.day}"
        return f"{where}: {self.words}"


def sha256_of(previous: str, body: str) -> str:
    """The hash of a link."""
    return hashlib.sha256(f"{previous}{body}".encode()).hexdigest()


def linked(day: date, after: Head | None, body: str) -> Link:
    """The next link of a day after its head, or its first."""
    number, previous = (after.count + 1, after.sha256) if after else (1, "")
    return Link(day, number, body, previous, sha256_of(previous, body))


def place_of(record_id: str) -> tuple[date, int] | None:
    """The day and the number that a record's id says; None when it is no such id."""
    found = RECORD_ID.fullmatch(record_id)
    if found is None:
        return None
    year, month, day, number = map(int, found.groups())
    try:
        return date(year, month, day), number
    except ValueError:
        return None


def faults_of(day: date, links: Sequence[Link], head: Head | None) -> list[Fault]:
    """What is wrong with a day's chain, in order; empty when it is whole.

    A hash is recomputed from the hash that is stored before it: one changed record is one fault, not all after it.
    """
    found: list[Fault] = []
    number, previous = 0, ""
    for link in links:
        found += [Fault(day, missing, "is missing") for missing in range(number + 1, link.number)]
        if link.previous != previous and link.number == number + 1:
            found.append(
                Fault(day, link.number, f"follows {_short(link.previous)}, but before it is {_short(previous)}")
            )
        if (now := sha256_of(link.previous, link.body)) != link.sha256:
            words = f"its bytes were changed: they hash to {_short(now)}, {_short(link.sha256)} is written"
            found.append(Fault(day, link.number, words))
        number, previous = link.number, link.sha256
    return found + _end(day, number, previous, head)


def _end(day: date, count: int, sha256: str, head: Head | None) -> list[Fault]:
    if head is None:
        return [Fault(day, 0, "the end of its chain is gone")] if count else []
    if head.count != count:
        return [Fault(day, 0, f"ends with record {head.count}, but there are records up to {count}")]
    return [] if head.sha256 == sha256 else [Fault(day, count, "is not the last one that was written")]


def differences(day: date, here: Sequence[Link], archived: Sequence[Link]) -> list[Fault]:
    """Where the archived records of a day differ from those in the table, and how."""
    ours, theirs = ({link.number: link for link in links} for links in (here, archived))
    found = [Fault(day, number, "is not in the archive") for number in sorted(set(ours) - set(theirs))]
    found += [Fault(day, number, "is only in the archive") for number in sorted(set(theirs) - set(ours))]
    for number in sorted(set(ours) & set(theirs)):
        if ours[number] != theirs[number]:
            found.append(Fault(day, number, f"table and archive differ: {_changed(ours[number], theirs[number])}"))
    return sorted(found, key=lambda fault: fault.number)


def _changed(ours: Link, theirs: Link) -> str:
    if ours.body == theirs.body:
        return "the same record under another hash"
    try:
        one, other = json.loads(ours.body), json.loads(theirs.body)
    except ValueError:
        return "one of them is no JSON"
    return "; ".join(_paths(one, other)[:3]) or "only in how it is written"


def _paths(one: Any, other: Any, path: str = "") -> list[str]:
    """What two records say differently, each as ``path: here 1, archived 2``."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        names = sorted(set(one) | set(other))
        return [line for name in names for line in _paths(one.get(name), other.get(name), f"{path}.{name}".strip("."))]
    return [] if one == other else [f"{path}: {_text(one)} in the table, {_text(other)} archived"]


def _text(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _short(sha256: str) -> str:
    return f"{sha256[:12]}…" if sha256 else "nothing"
