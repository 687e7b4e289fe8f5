"""Secrets of AWS Secrets Manager, at the stand-in."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest

from adapters.aws import open_client
from adapters.aws_stand_in import serve
from blocks.secrets import NEWS, SLACK, VENUE, with_secrets
from blocks.settings import load_settings
from trading.errors import Halt

PREFIX = "safe"
WEBHOOK, KEY = "https://hooks.slack.example/T0/B0/hidden-hook", "hidden-key"


@pytest.fixture(scope="module")
def stand_in() -> Iterator[str]:
    running = serve()
    yield running.url
    running.stop()


@pytest.fixture
def kept(stand_in, monkeypatch):
    """All three secrets there; ``kept(name, value)`` changes one, without a value it is gone."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", stand_in)
    monkeypatch.setenv("TRADER_PREFIX", PREFIX)
    monkeypatch.setenv("TRADER_SECRETS", "aws")
    for name in ("SLACK_WEBHOOK_URL", "CRYPTOPANIC_API_KEY", "COINCHECK_ACCESS_KEY", "COINCHECK_SECRET_KEY"):
        monkeypatch.delenv(f"TRADER_{name}", raising=False)
    client = open_client("secretsmanager")

    def put(name: str, value: str | None) -> None:
        with_secrets.cache_clear()
        there = {one["Name"] for one in client.list_secrets()["SecretList"]}
        if f"{PREFIX}/{name}" in there:
            client.delete_secret(SecretId=f"{PREFIX}/{name}", ForceDeleteWithoutRecovery=True)
        if value is not None:
            client.create_secret(Name=f"{PREFIX}/{name}", SecretString=value)

    put(VENUE, json.dumps({"access_key": "a-key", "secret_key": "b-key"}))
    put(SLACK, WEBHOOK)
    put(NEWS, KEY)
    return put


def test_secrets_are_read_where_the_environment_has_none(kept, monkeypatch) -> None:
    """Each setting that is a secret has the value of Secrets Manager; one that the environment says, wins."""
    found = with_secrets(load_settings(), venue=True)
    secrets = (found.slack_webhook_url, found.cryptopanic_api_key, found.coincheck_access_key)
    assert [one and one.get_secret_value() for one in secrets] == [WEBHOOK, KEY, "a-key"]
    monkeypatch.setenv("TRADER_CRYPTOPANIC_API_KEY", "own")
    assert with_secrets(load_settings(), venue=True).cryptopanic_api_key.get_secret_value() == "own"


@pytest.mark.parametrize(
    ("secret", "value"),
    [(VENUE, None), (SLACK, None), (NEWS, None), (VENUE, "{}"), (VENUE, '["a"]'), (VENUE, KEY), (NEWS, " ")],
)
def test_a_missing_or_unusable_secret_is_named_and_never_quoted(kept, secret, value, caplog) -> None:
    """The desk does not open: one line says which secret; its value stands in neither message, cause nor log."""
    kept(secret, value)
    caplog.set_level(logging.DEBUG)
    with pytest.raises(Halt, match=f"secret {PREFIX}/{secret} ") as raised:
        with_secrets(load_settings(), venue=True)
    said = f"{raised.value!r} {raised.value.__cause__!r} {caplog.text}"
    assert KEY not in said
    assert "hidden-hook" not in said
    assert "b-key" not in said
    assert "\n" not in str(raised.value)


def test_paper_needs_no_credentials_and_none_means_none(kept) -> None:
    """A desk whose orders go to no venue reads no credentials; a secret that says ``none`` is an absent setting."""
    kept(VENUE, None)
    kept(NEWS, "none")
    found = with_secrets(load_settings(), venue=False)
    assert (found.coincheck_access_key, found.cryptopanic_api_key) == (None, None)


def test_the_environment_alone_is_the_default(kept, monkeypatch) -> None:
    """Without the setting nobody is asked."""
    monkeypatch.delenv("TRADER_SECRETS")
    settings = load_settings()
    assert with_secrets(settings, venue=True) is settings
