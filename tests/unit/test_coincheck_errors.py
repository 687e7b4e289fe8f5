"""What every answer of the venue means (I22): the table is complete, and unclear is Unknown for an order."""

from __future__ import annotations

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.coincheck.errors import STATUSES, TRANSPORT, Call, Failure, of_transport, read, rows
from trading.errors import Halt, Rejected, TradingError, Transient, Unknown

REASONS = [
    ("JPYの所持金額が足りません", Rejected, Rejected),
    ("Amount BTC の所持金額が足りません", Rejected, Rejected),
    ("量が最低量(0.001 BTC)を下回っています", Rejected, Rejected),
    ("取引が停止されています", Rejected, Rejected),
    ("Order not found", Rejected, Rejected),
    ("something never seen before", Rejected, Rejected),
    ("Nonce must be incremented", Transient, Transient),
    ("too_many_requests", Transient, Transient),
    ("ただいまメンテナンス中です", Transient, Transient),
    ("invalid authentication", Halt, Halt),
    ("disabled API Key", Halt, Halt),
    ("このAPIキーには権限がありません", Halt, Halt),
    ("しばらくしてから再度お試しください", Unknown, Transient),
    ("Request timed out", Unknown, Transient),
]


def everything_below(kind: type) -> set[type]:
    """All subclasses, at any depth."""
    return {kind}.union(*(everything_below(child) for child in kind.__subclasses__()))


def meant(response: httpx.Response, call: Call) -> type[TradingError] | None:
    """Who acts; None for a good answer."""
    answer = read(response)
    return type(answer.error(call, "test")) if isinstance(answer, Failure) else None


def test_every_way_httpx_can_fail_has_a_meaning():
    """A new httpx release cannot introduce a failure that we have not thought about."""
    assert everything_below(httpx.TransportError) | everything_below(httpx.RequestError) <= set(TRANSPORT)


def test_only_a_request_that_never_left_is_safe_to_send_again():
    """Of all transport failures, exactly the ones before the first byte are Transient for an order."""
    safe = {kind for kind, meaning in TRANSPORT.items() if meaning.placing is Transient}
    assert safe == {httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError}
    assert {meaning.asking for meaning in TRANSPORT.values()} == {Transient, Halt}


def test_an_unlisted_child_means_what_its_nearest_parent_means():
    """A subclass of a read error is as unknown as the read error."""

    class Newer(httpx.ReadError):
        """What a later httpx might add."""

    assert type(of_transport(Newer("cut")).error(Call.PLACING, "x")) is Unknown


@pytest.mark.parametrize(("reason", "placing", "asking"), REASONS)
@pytest.mark.parametrize("status", [200, 400, 422])
def test_the_venue_s_own_words_decide(reason, placing, asking, status):
    """``success: false`` with a reason means the same under HTTP 200 and under the 400 that the live venue sends."""
    response = httpx.Response(status, json={"success": False, "error": reason})
    assert (meant(response, Call.PLACING), meant(response, Call.ASKING)) == (placing, asking)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 520])
def test_a_fault_inside_the_venue_is_unknown_whatever_its_body_says(status):
    """A server error may come after the order was taken, so not even a refusal in its body is believed."""
    for body in (b"<html>Bad Gateway</html>", b'{"success":false,"error":"invalid authentication"}', b""):
        assert meant(httpx.Response(status, content=body), Call.PLACING) is Unknown
        assert meant(httpx.Response(status, content=body), Call.ASKING) is Transient


@pytest.mark.parametrize(
    "body",
    [b"", b"<!DOCTYPE html><html></html>", b'{"success":true,"id":12', b"[]", b"null", b'"ok"', b"\xff\xfe", b"NaN",
     b'{"success":"true"}', b'{"success":1}', b'{"success":null}', b'{"x":' + b"[" * 100_000],
)  # fmt: skip
def test_http_200_without_an_answer_is_unknown(body):
    """HTML, half a JSON, or a success that is not ``true``: nobody knows whether the order exists."""
    assert meant(httpx.Response(200, content=body), Call.PLACING) is Unknown
    assert meant(httpx.Response(200, content=body), Call.ASKING) is Transient


@pytest.mark.parametrize(
    ("status", "placing", "asking"),
    [(429, Transient, Transient), (401, Halt, Halt), (403, Halt, Halt), (408, Unknown, Transient),
     (404, Unknown, Transient), (405, Unknown, Transient), (302, Unknown, Transient), (400, Unknown, Transient)],
)  # fmt: skip
def test_a_status_without_words_of_the_venue(status, placing, asking):
    """Without a JSON refusal only 429, 401 and 403 say for sure that no order was made."""
    response = httpx.Response(status, content=b"<html></html>")
    assert (meant(response, Call.PLACING), meant(response, Call.ASKING)) == (placing, asking)


def test_a_nonce_refused_with_401_is_a_nonce_and_not_a_bad_key():
    """The venue's words are more exact than its status: a race of nonces must not stop the desk."""
    answer = read(httpx.Response(401, json={"success": False, "error": "Nonce must be incremented"}))
    assert isinstance(answer, Failure)
    assert answer.meaning.nonce
    assert type(answer.error(Call.PLACING, "x")) is Transient


def test_a_refusal_without_a_reason_is_not_a_clear_no():
    """An order is only dropped on words; a question is."""
    response = httpx.Response(200, json={"success": False})
    assert (meant(response, Call.PLACING), meant(response, Call.ASKING)) == (Unknown, Rejected)


@given(st.integers(100, 599), st.one_of(st.binary(max_size=60), st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["success", "error", "id"]), inner),
    max_leaves=6).map(lambda value: json.dumps(value).encode())))  # fmt: skip
def test_whatever_arrives_is_a_good_answer_or_one_of_four_errors(status, body):
    """No body and status crash the reader, and an order is never dropped without the venue's words or a sure status."""
    answer = read(httpx.Response(status, content=body))
    if isinstance(answer, dict):
        assert 200 <= status < 300
        assert answer.get("success", True) is True
        return
    kind = type(answer.error(Call.PLACING, "x"))
    assert kind in {Transient, Unknown, Rejected, Halt}
    if status not in STATUSES and not (status < 500 and b'"error"' in body and b"false" in body):
        assert kind is Unknown


def test_numbers_stay_exact():
    """A JSON number is read as the decimal that was written, not as the nearest float."""
    answer = read(httpx.Response(200, content=b'{"rate": 0.1234567890123456789}'))
    assert str(answer["rate"]) == "0.1234567890123456789"


def test_the_table_is_readable_by_people():
    """Every row has words for what was seen and what to do; docs/errors.md is made of these rows."""
    assert len(rows()) == len(set(rows())) > 10
    assert all(seen and advice for seen, _, _, advice in rows())
