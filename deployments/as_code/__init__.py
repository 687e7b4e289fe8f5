"""Everything that the operators' Prefect needs, as code: applied as often as one likes, changing only what differs.

What a person changed in Prefect stays, and is said; ``reset`` puts ours back. What is paused or switched off stays so
in any case: those are levers for people. What was deleted is made again.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.settings import PREFECT_API_URL

from blocks.settings import load_settings
from deployments.as_code import automations, blocks, deployed, limits, pools
from deployments.as_code.things import Applied, Site, Thing, remembered, settled
from trading.errors import Halt, TradingError, Transient

__all__ = ["Applied", "apply", "apply_all", "configured"]

ORDER: tuple[Callable[[SyncPrefectClient, Site], list[Thing]], ...] = (
    pools.things,
    limits.things,
    blocks.things,
    deployed.things,
    automations.things,
)
"""Later ones name earlier ones: a queue its pool, a notification its block, an automation its deployment."""


def configured() -> bool:
    """Whether this process has a Prefect API to speak to: by PREFECT_API_URL or a profile."""
    return PREFECT_API_URL.value() is not None


def apply(desk: str) -> list[str]:
    """Make and bring up to date what is missing or old; what was done, one line each, empty when nothing was.

    Raises Halt, or Transient when Prefect does not answer, with one line; what was done until then stays.
    """
    return apply_all(desk).changed


def apply_all(desk: str, *, reset: bool = False) -> Applied:
    """The same, with what was left as a person made it; ``reset`` puts that back to ours too."""
    settings = load_settings()
    site = Site(desk, settings, (PREFECT_API_URL.value() or "").startswith(CLOUD))
    pools.must_be_possible(site)
    done = Applied()
    with _prefect() as client, remembered(client) as memory:
        for things in ORDER:
            for thing in things(client, site):
                with _named(thing.name):
                    settled(client, thing, memory, done, reset=reset)
    return done


CLOUD = "https://api.prefect.cloud"


@contextmanager
def _prefect() -> Iterator[SyncPrefectClient]:
    """A client of the configured API. Raises Halt when there is none."""
    if not configured():
        msg = "no Prefect API is configured: set PREFECT_API_URL, or choose a profile with `prefect profile use`"
        raise Halt(msg)
    with get_client(sync_client=True) as client:
        yield client


@contextmanager
def _named(thing: str) -> Iterator[None]:
    """One line that says where it stopped, and what to do."""
    try:
        yield
    except TradingError:
        raise
    except Exception as error:
        first = (str(error).strip().splitlines() or [""])[0]
        answered = getattr(error, "response", None) is not None
        kind, todo = (Halt, "put that right") if answered else (Transient, "see whether PREFECT_API_URL answers")
        msg = f"stopped at {thing}: {type(error).__name__} {first}; {todo} and run `trader init` again"
        raise kind(msg) from error
