"""Whether the forecast's three limits fit into each other: the account's quota, the endpoint's, our own budget."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from adapters.sagemaker_endpoint import SageMakerControl
from trading.errors import BadInput, Halt, TradingError

ASK_FOR_MORE = "aws service-quotas request-service-quota-increase --service-code sagemaker"


@dataclass(frozen=True, slots=True)
class Limits:
    """Requests at once: of all serverless endpoints of the account, of our endpoint, and of all our runs."""

    account: int
    endpoint: int
    ours: int
    source: str
    """Where the account's figure is from."""

    def facts(self) -> dict[str, Any]:
        """The figures, and whether they fit."""
        return asdict(self) | {"fits": self.account >= self.endpoint >= self.ours}


def account_quota(control: SageMakerControl, given: int | None) -> tuple[int, str]:
    """The account's quota and where it is from: Service Quotas, unless a person gave it. Raises Halt."""
    if given is not None:
        return given, "given by --account-quota"
    try:
        quota = control.serverless_quota()
    except TradingError as error:
        msg = (
            f"the account's quota is not readable ({error}); look up the total concurrency of serverless "
            "endpoints in the console under Service Quotas > Amazon SageMaker, and give it with --account-quota N"
        )
        raise Halt(msg) from error
    return quota.value, f"Service Quotas {quota.code}"


def must_fit(limits: Limits) -> Limits:
    """The same limits, when account >= endpoint >= ours, as 10 >= 8 >= 6. Raises BadInput with the number to change."""
    if limits.endpoint > limits.account:
        msg = (
            f"the endpoint wants {limits.endpoint} requests at once, the account may have {limits.account} "
            f"({limits.source}): SageMaker would refuse it. Ask for more: {ASK_FOR_MORE} --desired-value "
            f"{limits.endpoint} --quota-code <the code that Service Quotas shows>, or give "
            f"--max-concurrency {limits.account}"
        )
        raise BadInput(msg)
    if limits.ours > limits.endpoint:
        msg = (
            f"our runs send up to {limits.ours} requests at once, the endpoint takes {limits.endpoint}: "
            f"the rest would be throttled. Set TRADER_FORECAST_CONCURRENCY to {limits.endpoint} or less, or give "
            f"--max-concurrency {limits.ours} (the account's quota is {limits.account})"
        )
        raise BadInput(msg)
    return limits
