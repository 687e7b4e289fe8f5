"""The three limits of the forecast: account >= endpoint >= ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.sagemaker_endpoint import ServiceQuota
from deployments.model.quota import Limits, account_quota, must_fit
from trading.errors import BadInput, Halt, Rejected

some = st.integers(0, 300)


class Control:
    """Answers one quota, or raises."""

    def __init__(self, answer):
        self.answer = answer

    def serverless_quota(self):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@given(account=some, endpoint=some, ours=some)
def test_only_limits_that_fit_into_each_other_pass(account, endpoint, ours):
    """10 >= 8 >= 6 passes; whatever does not descend is refused with the number to change."""
    limits = Limits(account, endpoint, ours, "a test")
    if account >= endpoint >= ours:
        assert must_fit(limits).facts()["fits"] is True
    else:
        with pytest.raises(BadInput) as said:
            must_fit(limits)
        assert ("request-service-quota-increase" in str(said.value)) is (endpoint > account)
        assert ("TRADER_FORECAST_CONCURRENCY" in str(said.value)) is (endpoint <= account)


def test_the_quota_is_the_accounts_own():
    """Read from Service Quotas, with the code to ask for more under."""
    assert account_quota(Control(ServiceQuota("total", "L-1", 10)), None) == (10, "Service Quotas L-1")


def test_a_quota_that_cannot_be_read_can_be_given():
    """The line says why, where to look it up, and the option; with the option nothing is asked."""
    refused = Control(Rejected("not allowed"))
    with pytest.raises(Halt, match=r"not allowed.*--account-quota N"):
        account_quota(refused, None)
    assert account_quota(refused, 7) == (7, "given by --account-quota")
