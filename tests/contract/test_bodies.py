"""Answers that are kept: as the provider sent them, and never with a secret of ours in them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.bodies import payload, without_secrets
from adapters.context import context_sources
from tests.contract.providers import FEAR_GREED, GLOBAL, PREMIUM
from tests.contract.test_news_cryptopanic import AT, NEXT, PAIRS, TOKEN, answering, news_at, post
from tests.services.files import Files
from trading.services.payloads import BUCKET, filed, load

NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
tokens = st.text(min_size=8, max_size=30).filter(lambda text: len(set(text)) > 6)
FORMS = (
    str,
    lambda token: quote(token, safe=""),
    lambda token: quote(token, safe="").lower(),
    lambda token: quote(quote(token, safe=""), safe=""),
)


@settings(max_examples=100)
@given(tokens, st.sampled_from(FORMS), st.booleans())
@example("a+b c/d&e\"f'g", FORMS[1], True)
def test_a_token_is_never_kept(token, form, ascii_only):
    """However it is quoted, escaped or spelled: it is taken out, or the body is not kept at all."""
    page = {"next": f"https://x/?auth_token={form(token)}&page=2", "echo": form(token), "results": [{"title": "T"}]}
    left = without_secrets(json.dumps(page, ensure_ascii=ascii_only).encode("utf-8", "replace"), [SecretStr(token)])
    if left is not None:
        assert token not in left.decode()
        assert form(token) not in json.loads(left)["next"]
        assert json.loads(left)["results"] == page["results"]


def test_only_the_token_is_taken_out():
    """The rest of the page is byte for byte what came: also other people's links with tokens of their own."""
    body = json.dumps({"next": NEXT, "previous": None, "results": [post(1, url="https://blog/?token=theirs")]}).encode()
    assert without_secrets(body, [SecretStr(TOKEN)]) == body.replace(TOKEN.encode(), b"[hidden]")
    assert without_secrets(body.replace(b"&", b"\\u0026"), [SecretStr("another-token")]) == body.replace(
        b"&", b"\\u0026"
    ).replace(TOKEN.encode(), b"[hidden]")
    assert without_secrets(b"\xff not JSON", []) == b"\xff not JSON"


def test_the_news_in_the_archive_hold_no_key():
    """Two calls, two payloads in one file; the planted key is neither in them nor anywhere in the file."""
    body = json.dumps({"next": NEXT, "previous": NEXT, "results": [post(1)]}).encode()
    transport, _ = answering(body)
    files = Files()
    latest, trouble = filed(news_at("http://me:pw@x", transport=transport).latest(PAIRS, AT), AT, files)
    first, second = load(latest.kept, files)
    assert (trouble, latest.raw, list(files.files)) == ("", (), [(BUCKET, latest.kept)])
    assert first.body == second.body == body.replace(TOKEN.encode(), b"[hidden]")
    assert ("currencies=" in first.url, "currencies=" in second.url) == (True, False)
    assert all(word not in repr((first, second)) for word in (TOKEN, "pw@"))


@pytest.mark.parametrize("echoed", [False, True])
def test_the_context_comes_with_its_answers(echoed):
    """Each source's value carries the bodies it was read from, the funding's intervals too; a key in one is hidden."""
    share = json.dumps({**GLOBAL, **({"key": "planted-key"} if echoed else {})}, indent=1).encode()
    bodies = {
        "/fng/": json.dumps(FEAR_GREED).encode(), "/fapi/v1/premiumIndex": json.dumps(PREMIUM).encode(),
        "/fapi/v1/fundingInfo": b"[ ]", "/api/v3/global": share,
    }  # fmt: skip
    wire = httpx.MockTransport(lambda request: httpx.Response(200, content=bodies[request.url.path]))
    http, key = httpx.Client(transport=wire), SecretStr("planted-key")
    sources = context_sources("https://a", "https://b", "https://c", PAIRS, coingecko_key=key, http=http)
    found = {source.name: source.read() for source in sources if source.name != "usd_jpy"}
    assert found["fear_greed"].raw[0].body == bodies["/fng/"]
    assert found["fear_greed"].raw[0].url == "https://a/fng/?limit=1"
    assert [one.body for one in found["funding"].raw] == [bodies["/fapi/v1/premiumIndex"], b"[ ]"]
    assert found["btc_dominance"].raw[0].body == share.replace(b"planted-key", b"[hidden]")
    assert "planted-key" not in repr([one.raw for one in found.values()])
    kept, _ = filed(found["funding"], NOW, Files())
    assert kept.kept.startswith("binance-futures/funding/market/date=2026-01-05/120000-")


def test_an_address_is_kept_without_what_is_secret_in_it():
    """User, password and a query of the base's own are not kept; what was asked for is."""
    (one,) = payload("P", "n", "https://me:pw@host/v1?key=k", {"limit": "1"}, b"{}", [])
    assert one.url == "https://host/v1?limit=1"
