"""One thing in Prefect that code describes, and the rule by which it is made, brought up to date, or left alone."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from blocks.settings import Settings

MEMORY = "trader_as_code"
"""Variable in which Prefect keeps what we last applied: so a person's change is told from an older version of ours."""

type Memory = dict[str, list[str]]
"""Thing -> [digest of what we wanted, digest of what Prefect then had]; the two differ, since Prefect fills in more."""


@dataclass(frozen=True, slots=True)
class Site:
    """What things depend on: the desk, the settings, and whether the API is Prefect Cloud."""

    desk: str
    settings: Settings
    cloud: bool


@dataclass(frozen=True, slots=True)
class Thing:
    """One object in Prefect.

    found   what Prefect has of it, as plain data; None when it has none.  wanted  the same as we describe it.
    make    creates it.  change  brings it to what is wanted; None where its content belongs to people once it is there.
    """

    name: str
    wanted: Any
    found: Callable[[SyncPrefectClient], Any]
    make: Callable[[SyncPrefectClient], object]
    change: Callable[[SyncPrefectClient], object] | None


@dataclass(slots=True)
class Applied:
    """What was made or changed, and what was left as a person made it."""

    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)


def settled(client: SyncPrefectClient, thing: Thing, memory: Memory, done: Applied, *, reset: bool) -> None:
    """Bring one thing to what is wanted, unless a person changed it and nobody asked to undo that."""
    wanted, found = digest(thing.wanted), thing.found(client)
    ours = memory.get(thing.name, ["", ""])
    if found is None:
        thing.make(client)
        done.changed.append(f"created {thing.name}")
    elif thing.change is None or ours == [wanted, digest(found)] or digest(found) == wanted:
        pass
    elif digest(found) != ours[1] and not reset:
        done.left.append(f"{thing.name} differs from the code: a person changed it, or it was there before")
        return
    else:
        thing.change(client)
        done.changed.append(f"changed {thing.name}")
    memory[thing.name] = [wanted, digest(thing.found(client))]


def digest(data: Any) -> str:
    """Sixteen characters that are the same for the same content, whatever order a set was listed in."""
    return hashlib.sha256(json.dumps(_ordered(data), sort_keys=True, default=str).encode()).hexdigest()[:16]


def _ordered(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _ordered(value) for key, value in data.items()}
    if isinstance(data, list | tuple | set | frozenset):
        plain = [_ordered(one) for one in data]
        return sorted(plain) if all(isinstance(one, str) for one in plain) else plain
    return data


@contextmanager
def remembered(client: SyncPrefectClient) -> Iterator[Memory]:
    """What was applied before; written back at the end, also of an attempt that broke off."""
    kept = client.read_variable_by_name(MEMORY)
    before: Memory = dict(kept.value) if kept is not None and isinstance(kept.value, dict) else {}
    memory = {name: list(digests) for name, digests in before.items()}
    try:
        yield memory
    finally:
        if kept is None:
            client.create_variable(VariableCreate(name=MEMORY, value=memory))
        elif memory != before:
            client.update_variable(VariableUpdate(name=MEMORY, value=memory))
