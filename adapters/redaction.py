"""Keeps secrets out of text: of log records, error messages and replies that are quoted in them.

Two nets: the secrets we know, and the shapes of secrets we may not know (a token in a query, a Slack webhook's path).
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable
from urllib.parse import quote

from pydantic import SecretStr

HIDDEN = "[hidden]"
SHORTEST = 4
"""A shorter secret would blank out half of every text."""

QUERY_TOKEN = re.compile(r"(?i)\b((?:auth_token|access_token|api_?key|token|signature|secret)=)[^&\s\"'<>]+")
HEADER = re.compile(
    r"(?i)(\b(?:access-key|access-signature|authorization|x-cg-demo-api-key)\b[\"']?\s*[:=,]\s*b?[\"']?)"
    r"[^\s\"',;)}]+"
)
WEBHOOK = re.compile(r"(hooks\.slack\.com/(?:services|workflows|triggers)/)[^\s\"'<>)]+")


def redacted(text: str, secrets: Iterable[SecretStr | str] = ()) -> str:
    """``text`` with every given secret, also in its URL-quoted form, and everything that looks like one replaced."""
    for secret in secrets:
        plain = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
        if len(plain) >= SHORTEST:
            for form in (plain, quote(plain, safe="")):
                text = text.replace(form, HIDDEN)
    for shape in (QUERY_TOKEN, HEADER, WEBHOOK):
        text = shape.sub(lambda found: found.group(1) + HIDDEN, text)
    return text


def one_line(text: str, secrets: Iterable[SecretStr | str] = (), longest: int = 200) -> str:
    """Foreign text made fit for an error message: one line, redacted, at most ``longest`` characters."""
    line = " ".join(redacted(text, secrets).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"


class RedactingFilter(logging.Filter):
    """Rewrites a record that shows a secret: message, arguments and the formatted traceback. It never drops one."""

    def __init__(self, secrets: Iterable[SecretStr | str] = ()) -> None:
        super().__init__()
        self._secrets = tuple(secrets)

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact the record in place; one without a secret stays as it is, for some formatters want its arguments."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):  # logging would print the arguments of a broken format as they are
            message = f"{record.msg!r} with arguments {record.args!r}"
        hidden = redacted(message, self._secrets)
        if hidden != message:
            record.msg, record.args = hidden, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = redacted(record.exc_text, self._secrets)
        return True
