"""Planted secrets must not be readable anywhere (I25): messages, arguments, tracebacks, addresses, quoted forms."""

from __future__ import annotations

import io
import logging
import traceback
from datetime import UTC, datetime
from urllib.parse import quote

import httpx
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.coincheck import CoincheckExchange, Credentials
from adapters.http import http_client
from adapters.redaction import HIDDEN, RedactingFilter, one_line, redacted
from blocks.secrecy import CleanRecords
from tests.contract import weather
from trading.errors import TradingError
from trading.money import yen
from trading.order import MarketBuy
from trading.pairs import parse_pairs

KEY, SECRET = SecretStr("planted/access+key=="), SecretStr("planted&secret?key")
PLAIN = [secret.get_secret_value() for secret in (KEY, SECRET)]
FORMS = [*PLAIN, *(quote(text, safe="") for text in PLAIN)]


@pytest.fixture
def lines():
    """Everything the root logger writes, formatted as a program would, at DEBUG."""
    stream, root = io.StringIO(), logging.getLogger()
    handler, level = logging.StreamHandler(stream), root.level
    handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s"))
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    made = logging.getLogRecordFactory()
    logging.setLogRecordFactory(CleanRecords(made, (KEY, SECRET)))
    yield stream
    logging.setLogRecordFactory(made)
    root.removeHandler(handler)
    root.setLevel(level)


@given(st.text(max_size=40), st.text(min_size=4, max_size=20), st.text(max_size=40))
def test_a_known_secret_is_gone_wherever_it_stands(before, secret, after):
    """In any text and also URL-quoted: what is left does not contain it."""
    assume(secret not in HIDDEN and HIDDEN not in secret)
    for form in (secret, quote(secret, safe="")):
        left = redacted(f"{before} {form} {after}", [SecretStr(secret)])
        assert secret not in left.replace(HIDDEN, "") or secret in f"{before} " + f" {after}"
        assert HIDDEN in left


@pytest.mark.parametrize(
    "text",
    [
        "GET https://cryptopanic.com/api/developer/v2/posts/?auth_token=abc123&public=true",
        "next: 'https://x/?page=2&AUTH_TOKEN=abc123'",
        "https://hooks.slack.com/services/T000/B000/abc123",
        "{'ACCESS-KEY': 'abc123', 'ACCESS-SIGNATURE': 'abc123'}",
        "headers=[(b'ACCESS-KEY', b'abc123')]",
        "Authorization: abc123",
        "https://x/?api_key=abc123 failed",
    ],
)
def test_what_looks_like_a_secret_is_hidden_unknown_as_it_is(text):
    """Tokens in queries, webhook paths and key headers go, and the rest of the line stays readable."""
    assert "abc123" not in redacted(text)
    assert redacted(text)[:6] == text[:6]


def test_ordinary_text_and_empty_secrets_change_nothing():
    """An unset secret must not blank out everything, and a trade's line is left alone."""
    line = "Bought 0.01 BTC at 9,500,000 JPY; token of gratitude, signature pending"
    assert redacted(line, ["", "at"]) == line
    assert one_line("a\n  b\t" + "c" * 300, longest=10) == "a b ccccc…"


def test_a_record_is_redacted_in_message_arguments_and_traceback(lines):
    """The secret may come as an argument, inside an exception or in the message itself."""
    log = logging.getLogger("anything.at.all")
    log.warning("key %s and %r", PLAIN[0], {"secret": PLAIN[1]})
    try:
        int(PLAIN[1])
    except ValueError:
        log.exception("failed with %s", PLAIN[0])
    log.error("a broken %d format", PLAIN[0])
    written = lines.getvalue()
    assert not any(form in written for form in FORMS)
    assert "ValueError: invalid literal for int() with base 10: '[hidden]'" in written
    assert "a broken %d format" in written
    assert written.count(HIDDEN) >= 4


def test_loggers_with_handlers_of_their_own_are_guarded(lines):
    """Prefect's loggers do not pass records on to the root: what they and their children log is covered, too."""
    stream, log = io.StringIO(), logging.getLogger("a.library")
    handler = logging.StreamHandler(stream)
    log.addHandler(handler)
    log.propagate = False
    logging.getLogger("a.library.child").error("sent %s", PLAIN[0])
    log.removeHandler(handler)
    assert stream.getvalue() == f"sent {HIDDEN}\n"


def test_a_record_without_a_secret_keeps_its_arguments():
    """An access log's formatter reads the arguments one by one."""
    record = logging.LogRecord("x", logging.INFO, "f", 1, "%s %s", ("GET", "/"), None)
    RedactingFilter([KEY]).filter(record)
    assert record.args == ("GET", "/")


def test_a_filter_never_drops_a_record():
    """It hides, it does not silence: a swallowed line would be an outage nobody sees."""
    for arguments in ((5,), ("no number",), (), (1, 2), (PLAIN[0],)):
        record = logging.LogRecord("x", logging.INFO, "f", 1, "value %d", arguments, None)
        assert RedactingFilter([KEY]).filter(record) is True


@pytest.mark.parametrize("behaviour", [weather.HTML, weather.CUT_BODY, weather.RESET, weather.NONSENSE])
def test_no_call_of_the_exchange_leaves_a_secret_behind(behaviour, lines):
    """Httpx logs every address at INFO and its internals at DEBUG: with all of it on, no key is written, nor raised."""
    credentials = Credentials(KEY, SECRET)
    with weather.weather(behaviour) as here:
        exchange = CoincheckExchange(here.url, credentials, parse_pairs(None), http=http_client(httpx.Timeout(2)))
        for call in (
            lambda: exchange.place(MarketBuy("btc_jpy", yen(5000)), lambda: True),
            exchange.balances,
            lambda: exchange.fills("1", datetime(2026, 1, 1, tzinfo=UTC)),
        ):
            try:
                call()
            except TradingError as error:
                lines.write("".join(traceback.format_exception(error)))
                lines.write(repr(error))
    lines.write(repr(credentials) + str(credentials) + repr(exchange) + repr(vars(exchange)))
    written = lines.getvalue()
    assert "httpcore" in written
    assert not any(form in written for form in FORMS)
