"""Whatever comes back over the wire, botocore's own reading of it included, is one typed error or a forecast."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import wait_none

from adapters.forecast.sagemaker import SageMakerModel, open_runtime
from tests.unit.forecast_models import own, series
from trading.errors import TradingError
from trading.signals.outlook import Quantiles

ASKED = series("p0")
GOOD = own(ASKED, 12)
PATHS = {"0.1": GOOD.q10, "0.5": GOOD.q50, "0.9": GOOD.q90}
CODES = (
    "ModelError", "ValidationError", "ServiceUnavailable", "InternalFailure", "ThrottlingException", "AccessDenied",
    "ModelNotReadyException", "InternalDependencyException", "Surprise", "",
)  # fmt: skip
bodies = st.one_of(
    st.binary(max_size=60),
    st.sampled_from([b"", b"{}", b"[]", b"null", b"7", b"<html>", b'{"Message": 7}', b'{"message": {}, "code": []}']),
    st.just(json.dumps({"predictions": [{**PATHS, "item_id": "p0"}]}).encode()),
)
headers = st.fixed_dictionaries(
    {},
    optional={
        "x-amzn-ErrorType": st.sampled_from(CODES) | st.text("abc:#/", max_size=12),
        "content-type": st.sampled_from(["application/json", "text/html", "application/vnd.amazon.eventstream", "x"]),
        "content-length": st.integers(0, 200).map(str),
        "x-amzn-requestid": st.just("r"),
    },
)


class _Raw(io.BytesIO):
    """A body as urllib3 hands it over."""

    def stream(self, **_: Any) -> Any:
        yield self.read()


@pytest.fixture(scope="module")
def client() -> Any:
    """A real client whose requests are answered before they are sent: with what stands in ``reply``."""
    made = open_runtime()
    made.reply = (200, {}, b"")
    made.meta.events.register(
        "before-send.sagemaker-runtime.InvokeEndpoint",
        lambda request, **_: AWSResponse(request.url, *made.reply[:2], _Raw(made.reply[2])),
    )
    return made


@settings(max_examples=600)
@given(st.sampled_from([200, 200, 201, 204, 301, 400, 403, 404, 413, 424, 429, 500, 502, 503, 530]), headers, bodies)
def test_every_reply_is_read_or_refused(client: Any, status: int, head: dict[str, str], body: bytes) -> None:
    """Any status, header and body: one answer per series, the very numbers of a good body or one error of ours."""
    client.reply = (status, head, body)
    (answer,) = SageMakerModel("chronos-2", client, pauses=wait_none()).predict([ASKED], 12)
    if isinstance(answer, Quantiles):
        assert answer == GOOD
    else:
        assert isinstance(answer, TradingError)
        assert 0 < len(str(answer)) < 200
