"""What an event asks for: a flow by name, or order messages to be carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from trading.errors import BadInput

SQS = "aws:sqs"


@dataclass(frozen=True, slots=True)
class FlowAsked:
    """A scheduler's input: ``{"flow": "monitor_positions", "parameters": {"desk": "live"}}``."""

    flow: str
    parameters: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OrdersAsked:
    """Messages of the order queue, as an event source mapping hands them over."""

    records: list[Mapping[str, Any]]


def asked(event: Any) -> FlowAsked | OrdersAsked:
    """What this event asks for. Raises BadInput when it is none of ours."""
    if not isinstance(event, Mapping):
        raise BadInput('the event must be an object, like {"flow": "monitor_positions", "parameters": {}}')
    records = event.get("Records")
    if isinstance(records, list) and records:
        sources = {one.get("eventSource") if isinstance(one, Mapping) else None for one in records}
        if sources != {SQS}:
            raise BadInput(f"records come from {', '.join(sorted(map(str, sources)))}; only {SQS} is understood")
        return OrdersAsked(records)
    flow, parameters = event.get("flow"), event.get("parameters", {})
    if not isinstance(flow, str):
        raise BadInput('the event names no flow; send {"flow": "monitor_positions", "parameters": {}}')
    if not isinstance(parameters, Mapping):
        raise BadInput('parameters must be an object, like {"desk": "paper"}')
    if more := set(event) - {"flow", "parameters"}:
        raise BadInput(f"the event also has {', '.join(sorted(map(str, more)))}; it may have flow and parameters")
    return FlowAsked(flow, parameters)
