"""Where secrets come from: the environment, and on AWS, for those that it does not have, Secrets Manager."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from adapters.secrets import SecretsManager
from blocks.names import shared_names
from blocks.settings import Settings

VENUE, SLACK, NEWS = "coincheck/credentials", "slack/webhook_url", "cryptopanic/api_key"
KEYS = ("access_key", "secret_key")


@lru_cache(maxsize=4)
def with_secrets(settings: Settings, *, venue: bool) -> Settings:
    """The settings with every secret that a desk needs; what the environment says, wins.

    venue:  whether orders go to the venue itself, so that its credentials are needed.
    Read once in a process: a changed secret is for the next one. Raises Halt naming the secret that is missing.
    """
    if settings.secrets != "aws":
        return settings
    kept, found = SecretsManager(shared_names(settings)), dict[str, Any]()
    if venue and (settings.coincheck_access_key is None or settings.coincheck_secret_key is None):
        found = {f"coincheck_{name}": value for name, value in kept.fields(VENUE, KEYS).items()}
    if settings.cryptopanic_api_key is None:
        found["cryptopanic_api_key"] = kept.text(NEWS)
    return with_slack(settings.model_copy(update=found))


def with_slack(settings: Settings) -> Settings:
    """The settings with the address people are told at, which is all that a watchdog needs. Raises as above."""
    if settings.secrets != "aws" or settings.slack_webhook_url is not None:
        return settings
    return settings.model_copy(update={"slack_webhook_url": SecretsManager(shared_names(settings)).text(SLACK)})
