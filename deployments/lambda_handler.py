"""The AWS Lambda function of every flow: ``deployments.lambda_handler.handler``.

A schedule asks for a flow by name; the order queue hands over its messages, and each has an outcome of its own: those
that are not done are named, and come again. With PREFECT_API_URL runs are seen in Prefect; without it, or when it does
not answer, the same code runs as plain calls. Docs: docs/decisions/0020.
"""

from __future__ import annotations

from deployments.on_lambda.place import settle_in

settle_in()  # before anything that writes, reads Prefect's settings, or is heavy

import json  # noqa: E402
import logging  # noqa: E402
from functools import partial  # noqa: E402
from typing import Any  # noqa: E402

from blocks.settings import load_settings  # noqa: E402
from deployments.calls import flow_named  # noqa: E402
from deployments.on_lambda import engine  # noqa: E402
from deployments.on_lambda.events import FlowAsked, OrdersAsked, asked  # noqa: E402
from deployments.plain import plain  # noqa: E402

logging.getLogger().setLevel(logging.INFO)

WITHOUT_PREFECT = "RunsWithoutPrefect"
"""Metric: runs that Prefect was to see and could not, by flow."""


def handler(event: Any, context: Any = None) -> dict[str, Any]:
    """One event. Raises what the flow raises: the invocation has then failed, for its retries and its alarm."""
    wanted = asked(event)
    left_s = _left(context)
    return _orders(wanted, left_s) if isinstance(wanted, OrdersAsked) else _flow(wanted, left_s)


def _flow(wanted: FlowAsked, left_s: engine.LeftS) -> dict[str, Any]:
    """Any flow, once; its result as JSON."""
    flow, given = flow_named(wanted.flow, {"desk": load_settings().desk, **wanted.parameters})
    result, how = engine.run(flow, given, left_s, partial(_count, wanted.flow, given["desk"]))
    done = {"flow": wanted.flow, "desk": given["desk"], "engine": how, "result": plain(result)}
    return dict(json.loads(json.dumps(done, default=str)))


def _orders(wanted: OrdersAsked, left_s: engine.LeftS) -> dict[str, Any]:
    """The messages, each to its own end; the ids of those that must come again."""
    from deployments.on_lambda.orders import carried_out

    desk = load_settings().desk
    flow, given = flow_named("execute_orders", {"desk": desk})
    unseen = partial(_count, "execute_orders", desk)
    return carried_out(wanted.records, lambda: engine.run(flow, given, left_s, unseen), left_s)


def _left(context: Any) -> engine.LeftS:
    """How much time there is, as AWS says it."""
    ask = getattr(context, "get_remaining_time_in_millis", None)
    return engine.without_limit if ask is None else lambda: ask() / 1000


def _count(flow: str, desk: str) -> None:
    from blocks.desk import inspect_desk

    room = inspect_desk(desk)
    room.metrics.count(WITHOUT_PREFECT, 1, room.clock.now(), {"flow": flow})
