"""The desks there are, and what their tables, queues and buckets are called; light, for processes that live shortly."""

from __future__ import annotations

from typing import Literal

from blocks.settings import Settings
from trading.errors import BadInput
from trading.tables import Names

DeskName = Literal["embedded", "paper", "live"]
DESKS: tuple[DeskName, ...] = ("embedded", "paper", "live")
_ENDINGS = {"embedded": "", "paper": "-paper", "live": ""}


def desk_names(name: str, settings: Settings) -> Names:
    """What the tables, queues and buckets of a desk are called. Paper keeps its own, apart from real money's."""
    return Names(settings.prefix + _ENDINGS[must_be_known(name)])


def shared_names(settings: Settings) -> Names:
    """Where all desks of one prefix count what they share: requests at one endpoint, calls with one news key."""
    return Names(settings.prefix)


def must_be_known(name: str) -> str:
    """The name, if there is such a desk. Raises BadInput."""
    if name not in DESKS:
        msg = f"unknown desk {name!r}; desks are embedded, paper and live"
        raise BadInput(msg)
    return name
