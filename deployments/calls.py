"""A flow by its name, once its parameters are known to fit."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from flows import FLOWS
from trading.errors import BadInput


def flow_named(name: str, given: Mapping[str, Any]) -> tuple[Any, dict[str, Any]]:
    """The flow and its parameters as it takes them: a text that is a time has become one.

    Raises BadInput naming the flow, or the parameter, that does not exist or does not fit.
    """
    from prefect.exceptions import ParameterTypeError

    if name not in FLOWS:
        msg = f"unknown flow {name!r}; flows are {', '.join(FLOWS)}"
        raise BadInput(msg)
    module, _, function = FLOWS[name].partition(":")
    flow = getattr(import_module(module), function)
    known = set(flow.parameters.properties)
    if unknown := set(given) - known:
        msg = f"{name} has no parameter {', '.join(sorted(unknown))}; it has {', '.join(sorted(known))}"
        raise BadInput(msg)
    try:
        return flow, flow.validate_parameters(dict(given))
    except ParameterTypeError as error:
        msg = f"a parameter of {name} does not fit: {' '.join(str(error).split())}"
        raise BadInput(msg) from error
