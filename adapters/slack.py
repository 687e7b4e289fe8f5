"""``Alerts`` through a Slack incoming webhook: one message per batch; failing never decides anything (I24).

Source: docs.slack.dev, "Sending messages using incoming webhooks" and "Rate limits": one message a second, a section's
text at most 3000 characters, 50 blocks a message. Beyond a limit Slack answers 400 invalid_blocks and shows nothing.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from urllib.error import URLError
from zoneinfo import ZoneInfo

from pydantic import SecretStr
from slack_sdk.webhook import WebhookClient, WebhookResponse

from adapters.redaction import RedactingFilter, one_line
from trading.errors import BadInput
from trading.ports import Notice

LOG = logging.getLogger("trader.slack")
JST = ZoneInfo("Asia/Tokyo")
SECTION_MAX = 3000
SECTIONS_MAX = 45
TEXT_MAX = 3500
PAUSE_S = 1.0
PAUSE_MAX_S = 3.0
"""The pause before the second try, and its longest, whatever Slack asks for: telling must not hold up an exit."""

type Block = dict[str, object]


class SlackAlerts:
    """Posts to one webhook, whose address is the secret. ``undelivered`` counts what was lost since the start."""

    def __init__(
        self, webhook_url: SecretStr, timeout_s: float = 5.0, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        if not webhook_url.get_secret_value().startswith(("https://", "http://")):
            msg = "TRADER_SLACK_WEBHOOK_URL is not an http(s) address; copy the incoming webhook again"
            raise BadInput(msg)
        self._secrets = (webhook_url,)
        self._sleep = sleep
        self._count = threading.Lock()
        self.undelivered = 0
        sdk_log = logging.getLogger("trader.slack.sdk")
        sdk_log.setLevel(logging.WARNING)  # below that the SDK logs the whole address
        sdk_log.addFilter(RedactingFilter(self._secrets))
        self._client = WebhookClient(
            webhook_url.get_secret_value(), timeout=max(1, round(timeout_s)), logger=sdk_log, retry_handlers=[]
        )

    def __repr__(self) -> str:
        return f"SlackAlerts(undelivered={self.undelivered})"

    def tell(self, notices: Iterable[Notice]) -> int:
        """Post them as one message; how many could NOT be told: all or none. Never raises."""
        batch = list(notices)
        if not batch:
            return 0
        trouble = self._post(batch)
        if trouble is None:
            return 0
        with self._count:
            self.undelivered += len(batch)
        LOG.warning("%d notices not told: %s", len(batch), trouble)
        return len(batch)

    def _post(self, batch: Sequence[Notice]) -> str | None:
        """Post once, and once more after a fault that passes; what went wrong, or None."""
        trouble, wait_s = self._try(batch)
        if wait_s is not None:
            self._sleep(wait_s)
            trouble, _ = self._try(batch)
        return trouble

    def _try(self, batch: Sequence[Notice]) -> tuple[str | None, float | None]:
        """One request: what went wrong (None = told), and after how many seconds to try again (None = never).

        A time-out is not repeated: Slack may have shown the message, and a webhook cannot be asked.
        """
        try:
            reply = self._client.send(text=fallback(batch), blocks=blocks(batch))
        except Exception as error:  # noqa: BLE001 - I24: whatever it is, a notice does not stop the desk
            refused = isinstance(error, URLError) and isinstance(error.reason, ConnectionRefusedError)
            return one_line(f"{type(error).__name__}: {error}", self._secrets), PAUSE_S if refused else None
        if reply.status_code == 200 and str(reply.body).strip() == "ok":  # HTML with status 200 is not Slack
            return None, None
        passing = reply.status_code == 429 or reply.status_code >= 500
        trouble = one_line(f"HTTP {reply.status_code} {reply.body}", self._secrets)
        return trouble, min(PAUSE_MAX_S, _retry_after(reply)) if passing else None


def fallback(batch: Sequence[Notice]) -> str:
    """The message as plain text: what a phone's lock screen shows. At most TEXT_MAX characters."""
    return _cut("\n".join(f"{'ALARM ' if notice.alarm else ''}{_escaped(notice.text)}" for notice in batch), TEXT_MAX)


def blocks(batch: Sequence[Notice]) -> list[Block]:
    """One section per notice; of a long batch the alarms come first and the rest is counted."""
    ranked = sorted(batch, key=lambda notice: not notice.alarm) if len(batch) > SECTIONS_MAX else list(batch)
    sections = [_section(_told(notice)) for notice in ranked[:SECTIONS_MAX]]
    left = len(ranked) - SECTIONS_MAX
    return [*sections, _section(f"… and {left} more")] if left > 0 else sections


def _told(notice: Notice) -> str:
    mark = ":rotating_light: " if notice.alarm else ""
    fields = " · ".join(f"{_escaped(name)} {_escaped(value)}" for name, value in notice.fields.items())
    at = f"{notice.at.astimezone(JST):%m-%d %H:%M:%S} JST"
    return f"{mark}{_escaped(notice.text)}\n_{at} · {_escaped(notice.kind)}{' · ' if fields else ''}{fields}_"


def _section(text: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": _cut(text, SECTION_MAX)}}


def _escaped(text: str) -> str:
    """Slack's three control characters, so that a text cannot mention everybody or fake a link."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _retry_after(reply: WebhookResponse) -> float:
    value = str(reply.headers.get("Retry-After", ""))
    return float(value) if value.isdecimal() else PAUSE_S
