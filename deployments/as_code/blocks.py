"""Our kind of block, one document of it for each desk, and the way out for notifications."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import SyncPrefectClient
from prefect.exceptions import ObjectNotFound
from pydantic import SecretStr

from blocks.documents import TraderSettings
from blocks.settings_block import SLUG
from deployments.as_code.things import Site, Thing

WAY_OUT, WEBHOOK = "trader-alerts", "custom-webhook"
"""A plain webhook block: Slack's own takes no other address than Slack's, so that nothing could be tried with it."""


def things(_client: SyncPrefectClient, site: Site) -> list[Thing]:
    """The kind, the desk's document, and the webhook where one is set.

    Its address is the one secret that Prefect must hold to speak when no worker is left. Whoever reaches the API of a
    server without a login can read it and write to that channel, nothing more.
    """
    checksum = TraderSettings._calculate_schema_checksum()  # noqa: SLF001 (what Prefect itself tells schemas apart by)
    kind = Thing(
        f"block type {SLUG}",
        checksum,
        lambda client: _schema(client, checksum),
        lambda _: _now(TraderSettings.register_type_and_schema),
        None,
    )
    document = Thing(
        f"block {SLUG}/{site.desk}",
        "",
        lambda client: _document(client, site.desk, SLUG),
        lambda _: _now(TraderSettings().save, site.desk),
        None,
    )
    webhook = site.settings.slack_webhook_url
    return [kind, document, *([] if webhook is None else [_way_out(webhook)])]


def _now(call: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
    """Prefect's blocks hand out a coroutine where an event loop runs, as in a deploy step; this one is done at once."""
    call(*args, _sync=True, **kwargs)


def _schema(client: SyncPrefectClient, checksum: str) -> str | None:
    """The checksum when the server knows this very schema; an older one of ours counts as none."""
    try:
        return client.read_block_schema_by_checksum(checksum).checksum
    except ObjectNotFound:
        return None


def _document(client: SyncPrefectClient, name: str, slug: str) -> dict[str, Any] | None:
    try:
        return dict(client.read_block_document_by_name(name, slug).data)
    except ObjectNotFound:
        return None


def _way_out(webhook: SecretStr) -> Thing:
    block = CustomWebhookNotificationBlock(
        name="trader",
        url="{{address}}",
        json_data={"text": "{{subject}}\n{{body}}"},
        secrets={"address": webhook.get_secret_value()},
    )
    return Thing(
        f"block {WEBHOOK}/{WAY_OUT}",
        {"json": block.json_data, "address": webhook.get_secret_value()},
        lambda client: _document(client, WAY_OUT, WEBHOOK),
        lambda _: _now(block.save, WAY_OUT),
        lambda _: _now(block.save, WAY_OUT, overwrite=True),
    )
