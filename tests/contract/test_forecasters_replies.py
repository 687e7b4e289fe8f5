"""Whatever comes back over the wire, botocore's own reading of it included, is one typed error or a forecast."""

from __future__ import annotations

import io
import itertools
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.response import StreamingBody
from hypothesis import given, settings
from hypothesis import strategies as st
from tenacity import wait_none

from adapters.forecast.sagemaker import ANSWER_BYTES_MAX, SageMakerModel, open_runtime
from tests.unit.forecast_models import own, series
from trading.errors import TradingError, Transient
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


class _Drops(BaseHTTPRequestHandler):
    """Begins an answer, and goes on with it only when the test is over."""

    protocol_version = "HTTP/1.1"
    over = threading.Event()

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "3000")
        self.end_headers()
        self.wfile.write(b'{"p')
        self.wfile.flush()
        self.over.wait(60)

    def log_message(self, *_: Any) -> None:
        """Nothing."""


def test_an_answer_that_trickles_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the request to the last byte there is one limit: a drop before each packet's time-out does not extend it."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Drops)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    monkeypatch.setenv("AWS_ENDPOINT_URL_SAGEMAKER_RUNTIME", f"http://127.0.0.1:{server.server_port}")
    seconds = itertools.count(0, 30)
    try:
        slow = SageMakerModel("chronos-2", open_runtime(), pauses=wait_none(), monotonic=lambda: next(seconds))
        (answer,) = slow.predict([ASKED], 12)
    finally:
        _Drops.over.set()
        server.shutdown()
        server.server_close()
    assert (type(answer), str(answer)) == (Transient, "the answer did not end within 75 s")


def test_an_answer_larger_than_any_is_refused() -> None:
    """Reading stops at the size that an endpoint may answer at most."""
    body = b" " * (ANSWER_BYTES_MAX + 1)
    endless: Any = SimpleNamespace(invoke_endpoint=lambda **_: {"Body": StreamingBody(io.BytesIO(body), len(body))})
    (answer,) = SageMakerModel("chronos-2", endless, pauses=wait_none()).predict([ASKED], 12)
    assert str(answer) == "the answer is larger than any endpoint's may be"
