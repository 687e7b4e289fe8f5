"""What DynamoDB and the way to it say when something is wrong, as botocore raises it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

CONDITION = "The conditional request failed"
NOTHING = {"Code": "None"}
"""The reason of an action of a cancelled transaction that was not in the way."""


def refused(code: str, message: str, **more: Any) -> ClientError:
    """A clear no."""
    reply: Any = {
        "Error": {"Code": code, "Message": message},
        "ResponseMetadata": {"HTTPStatusCode": 400, "RetryAttempts": 0},
        **more,
    }
    return ClientError(reply, "DynamoDB")


def invalid(message: str) -> ClientError:
    """A request that is wrong in itself."""
    return refused("ValidationException", message)


def cancelled(reasons: Iterable[Mapping[str, Any]]) -> ClientError:
    """A transaction of which nothing was done, with one reason per action."""
    found = list(reasons)
    said = ", ".join(str(reason["Code"]) for reason in found)
    message = f"Transaction cancelled, please refer cancellation reasons for specific reasons [{said}]"
    return refused("TransactionCanceledException", message, CancellationReasons=found)


def throttled() -> ClientError:
    """Too many requests: nothing happened."""
    return refused("ProvisionedThroughputExceededException", "The level of configured throughput was exceeded")


def contended(actions: int) -> ClientError:
    """A transaction of so many actions met another one at its first item: nothing happened."""
    return cancelled([{"Code": "TransactionConflict", "Message": "Transaction is ongoing"}, *[NOTHING] * (actions - 1)])


def no_reply() -> ReadTimeoutError:
    """The request went out and nothing came back: it may have been done."""
    return ReadTimeoutError(endpoint_url="memory")


def no_connection() -> EndpointConnectionError:
    """Nobody took the request: nothing happened."""
    return EndpointConnectionError(endpoint_url="memory")
