"""Where a desk is: in this environment, in an embedded world that runs already, or in one made now."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from blocks.settings import load_settings
from deployments.embedded import MarketOptions, embedded_world, running_world
from deployments.prefect_runs import pointed_at
from deployments.up.place import desks_up, running_up
from trading.errors import Halt

KEPT = frozenset({"TRADER_CRYPTOPANIC_API_KEY", "AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME"})
"""What a person may set otherwise for a world that runs, also to nothing: it decides what is asked, not who is."""


@contextmanager
def prepared_desk(name: str, *, start: bool) -> Iterator[None]:
    """Point this process at what the desk needs.

    An AWS endpoint in the environment is taken as it is. Else a desk of that name that `trader up` runs in the state
    directory. Else the embedded desk uses a world that runs there, or, with ``start``, makes one for this command.
    Raises Halt when there is none.
    """
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    state, endpoint = load_settings(block=False).state, os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint and (env := running_up(state, name)):
        os.environ.update(env)
        with _seen_at(env["PREFECT_API_URL"]):
            yield
        return
    if name != "embedded" or endpoint:
        yield
        return
    if world := running_world(state):
        os.environ.update({name: value for name, value in world.items() if name not in KEPT or name not in os.environ})
        with _seen_at(world["PREFECT_API_URL"]):
            yield
        return
    if not start:
        raise Halt(_nobody(state))
    with embedded_world(Path(state) / "run", MarketOptions(candles=None, start=None, seed=1, jpy=100_000)):
        from blocks.provisioning import provision_desk

        provision_desk(name)
        yield


def _seen_at(api_url: str) -> AbstractContextManager[None]:
    """Only a command that runs flows has Prefect loaded, with the settings it then read; the others need none."""
    return pointed_at(api_url) if "prefect" in sys.modules else nullcontext()


def _nobody(state: Path) -> str:
    if others := desks_up(state):
        return f"no embedded desk runs in {state}: the {others[0]} desk runs here: add --desk {others[0]}"
    return (
        f"no embedded desk runs in {state}: start one with `trader demo --hold`, "
        "set TRADER_STATE to the directory of one that runs elsewhere, or set AWS_ENDPOINT_URL"
    )
