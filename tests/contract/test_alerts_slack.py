"""Slack: one message per batch, inside Slack's limits, and a failure that stops nothing (I24)."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from adapters.notices import LoggedAlerts
from adapters.slack import SlackAlerts, blocks, fallback
from tests.contract import weather
from tests.contract.replies import served
from tests.contract.worlds import open_world
from trading.errors import BadInput
from trading.ports import Alerts, Notice

AT = datetime(2026, 1, 5, 3, 4, 5, tzinfo=UTC)
PATH = "/services/T000/B000/planted-webhook"
FILLED = Notice("order.filled", "Bought 0.01 BTC for 95,000 JPY", AT, {"order": "12345"})
ALARM = Notice("order.unknown", "BTC: an order was sent and no answer came", AT, alarm=True)


def notices():
    """Any batch, with texts of any length and letters."""
    words = st.text(max_size=5000)
    return st.lists(
        st.builds(Notice, words, words, st.just(AT), st.dictionaries(words, words, max_size=3), st.booleans()),
        max_size=60,
    )


def alerts_to(url) -> SlackAlerts:
    """Alerts that do not wait between tries."""
    return SlackAlerts(SecretStr(url + PATH), timeout_s=1, sleep=lambda _seconds: None)


@given(notices())
def test_a_message_always_fits_slack_s_limits(batch):
    """At most 50 blocks of at most 3000 characters and never an empty one, so Slack has no reason to refuse it."""
    made = blocks(batch)
    assert len(made) <= 50
    assert all(1 <= len(block["text"]["text"]) <= 3000 for block in made)
    assert len(fallback(batch)) <= 4000
    assert json.dumps({"text": fallback(batch), "blocks": made})


def test_a_batch_is_one_message_with_text_for_the_lock_screen():
    """Two notices are one request; the text stands alone, the sections carry time (JST), kind and fields."""
    with served(b"ok") as here:
        alerts: Alerts = alerts_to(here.url)
        assert alerts.tell([FILLED, ALARM]) == 0
        assert alerts.tell([]) == 0
    (request,) = here.requests
    assert request.startswith(b"POST " + PATH.encode())
    sent = json.loads(request.partition(b"\r\n\r\n")[2])
    assert sent["text"] == "Bought 0.01 BTC for 95,000 JPY\nALARM BTC: an order was sent and no answer came"
    told = [block["text"]["text"] for block in sent["blocks"]]
    assert told[0] == "Bought 0.01 BTC for 95,000 JPY\n_01-05 12:04:05 JST · order.filled · order 12345_"
    assert told[1].startswith(":rotating_light: BTC")


def test_of_a_long_batch_the_alarms_are_shown_and_the_rest_is_counted():
    """Sixty notices do not fit; the one alarm among them is never the one left out."""
    made = blocks([FILLED] * 59 + [ALARM])
    assert "no answer came" in made[0]["text"]["text"]
    assert made[-1]["text"]["text"] == "… and 15 more"


def test_a_text_cannot_mention_everybody_or_fake_a_link():
    """News headlines and venue errors are foreign text: Slack's control characters are escaped."""
    made = blocks([Notice("news", "<!channel> & <https://evil|click>", AT)])
    assert "&lt;!channel&gt; &amp; &lt;https://evil|click&gt;" in made[0]["text"]["text"]


@pytest.mark.parametrize(("status", "tries"), [(400, 1), (403, 1), (404, 1), (410, 1), (429, 2), (500, 2), (503, 2)])
def test_i24_a_refusal_is_counted_and_never_raised(status, tries, caplog):
    """What passes is tried once more, what does not is not; the outcome is a number and a log line."""
    with served(b"invalid_blocks", status, headers={"Retry-After": "1"}) as here:
        alerts = alerts_to(here.url)
        assert alerts.tell([FILLED, ALARM]) == 2
        assert alerts.tell([ALARM]) == 1
    assert alerts.undelivered == 3
    assert len(here.requests) == 2 * tries
    assert f"HTTP {status}" in caplog.text


@pytest.mark.parametrize(
    "behaviour",
    [weather.HTML, weather.CUT_HEAD, weather.NONSENSE, weather.EMPTY, weather.RESET, weather.SILENCE],
    ids=["html", "cut head", "nonsense", "closed", "reset", "silence"],
)
def test_i24_a_broken_line_is_counted_and_never_raised(behaviour):
    """Slack may have shown the message, so a broken answer is not sent again: one request, one count."""
    with weather.weather(behaviour) as here:
        alerts = alerts_to(here.url)
        assert alerts.tell([ALARM]) == 1
        assert len(here.requests) == 1
    assert alerts.undelivered == 1


def test_i24_no_network_is_counted_and_tried_twice():
    """A refused connection surely showed nothing, so it is tried again after a pause, and then given up."""
    pauses = []
    alerts = SlackAlerts(SecretStr(weather.closed_port() + PATH), sleep=pauses.append)
    assert alerts.tell([FILLED]) == 1
    assert len(pauses) == 1


def test_slack_cannot_make_us_wait():
    """Slack asks for ten minutes; an exit does not wait that long for a notice."""
    pauses = []
    with served(b"rate_limited", 429, headers={"Retry-After": "600"}) as here:
        SlackAlerts(SecretStr(here.url + PATH), sleep=pauses.append).tell([FILLED])
    assert pauses == [3.0]


def test_i25_the_webhook_is_never_written_anywhere(caplog):
    """The address is the secret: not in a log at DEBUG, not in a repr, not in the error for a wrong one."""
    caplog.set_level(logging.DEBUG)
    with served(b"no_team", 404) as here:
        alerts = alerts_to(here.url)
        alerts.tell([FILLED])
    alerts_to(weather.closed_port()).tell([FILLED])
    alerts_to("http://no-such-host.invalid").tell([FILLED])
    with pytest.raises(BadInput, match="TRADER_SLACK_WEBHOOK_URL") as caught:
        SlackAlerts(SecretStr("hooks.slack.com/services/planted-webhook"))
    for text in (caplog.text, repr(alerts), repr(vars(alerts)), str(caught.value)):
        assert "planted" not in text


def test_without_a_webhook_notices_are_logged(caplog):
    """A desk without Slack still tells: alarms as warnings, the rest as information; nothing counts as lost."""
    caplog.set_level(logging.INFO)
    alerts: Alerts = LoggedAlerts()
    assert alerts.tell([FILLED, ALARM]) == 0
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("INFO", f"order.filled: {FILLED.text}"),
        ("WARNING", f"order.unknown: {ALARM.text}"),
    ]


def test_the_simulated_slack_takes_our_largest_message():
    """A stand-in that refuses what Slack would refuse takes sixty overlong notices as one message."""
    with open_world() as world:
        alerts = alerts_to(f"{world.url}/slack")
        assert alerts.tell([Notice("big", "<&>" * 3000, AT, {"field": "x" * 4000})] * 60) == 0
        assert len(world.told()) == 1
