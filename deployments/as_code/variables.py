"""Values that automations put into their notifications: whose desk it is, and what to read."""

from __future__ import annotations

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import VariableCreate, VariableUpdate

from deployments.as_code.things import Site, Thing

DESK, ADVICE = "trader_desk", "trader_advice"
TEXT = "Look at `trader doctor` and `trader positions`; what to do is in docs/runbook.md."


def things(_client: SyncPrefectClient, site: Site) -> list[Thing]:
    """The desk's name, which follows the code, and the advice, which the operators may put in their own words."""
    return [_variable(DESK, site.desk, theirs=False), _variable(ADVICE, TEXT, theirs=True)]


def _variable(name: str, value: str, *, theirs: bool) -> Thing:
    return Thing(
        f"variable {name}",
        value,
        lambda client: _found(client, name),
        lambda client: client.create_variable(VariableCreate(name=name, value=value, tags=["trader"])),
        None if theirs else lambda client: client.update_variable(VariableUpdate(name=name, value=value)),
    )


def _found(client: SyncPrefectClient, name: str) -> object:
    variable = client.read_variable_by_name(name)
    return None if variable is None else variable.value
