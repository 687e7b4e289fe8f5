"""Secrets from AWS Secrets Manager: read when a desk opens, kept in memory only, never in a message or a log."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping

from botocore.exceptions import ClientError
from pydantic import SecretStr

from adapters.aws import open_client
from adapters.aws_errors import translated
from trading.errors import Halt
from trading.tables import Names

ABSENT = frozenset({"ResourceNotFoundException", "InvalidRequestException"})
"""Not there, or marked for deletion."""
NONE = "none"
"""What a secret says that is meant not to be there: a desk without news, say. A missing one is a mistake."""


class SecretsManager:
    """The secrets of one prefix. Everything here raises Halt naming the secret that has to be put right."""

    def __init__(self, names: Names) -> None:
        self._names, self._client = names, open_client("secretsmanager")
        logging.getLogger("botocore.parsers").setLevel(logging.INFO)  # at DEBUG it logs whole answers

    def text(self, secret: str) -> SecretStr | None:
        """A secret that is one text; None when it says ``none``. Raises Halt or Transient."""
        value = self._value(secret).strip()
        return None if value.lower() == NONE else SecretStr(value)

    def fields(self, secret: str, names: tuple[str, ...]) -> Mapping[str, SecretStr]:
        """A secret that is a JSON object of texts: the named ones. Raises Halt or Transient."""
        try:
            found = json.loads(self._value(secret))
            return {name: SecretStr(_filled(found[name])) for name in names}
        except (ValueError, TypeError, KeyError):
            msg = f"secret {self._names.secret(secret)} must be a JSON object with texts {' and '.join(names)}"
            raise Halt(msg) from None  # the cause would quote the secret

    def _value(self, secret: str) -> str:
        name = self._names.secret(secret)
        with translated(f"read secret {name}", write=False):
            value = self._reply(name)
        if not isinstance(value, str) or not value.strip():
            msg = f"secret {name} does not exist or has no text in {self._client.meta.region_name}; put its value there"
            raise Halt(msg)
        return value

    def _reply(self, name: str) -> object:
        try:
            return self._client.get_secret_value(SecretId=name).get("SecretString")
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") in ABSENT:
                return None
            raise


def _filled(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise TypeError
    return value
