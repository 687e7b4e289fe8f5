"""Our kind of Prefect block: a few settings that operators fill in where they work, in Prefect's UI.

``trader init`` registers them and makes one document for each desk; so does, for the kinds alone,
``prefect block register --file blocks/documents.py``.

There is no block for a secret: whoever reaches the API of a server without a login reads every block in clear. Secrets
stay in the environment, or in AWS Secrets Manager under the names of ``trading.tables.queues.SECRETS``.
"""

from __future__ import annotations

from typing import Any, cast

from prefect.blocks.core import Block
from pydantic import Field, create_model

from blocks.settings import Settings
from blocks.settings_block import SLUG, open_names


def plain_fields() -> dict[str, Any]:
    """Every setting that may stand in a block, with its own description, none of them filled in."""
    kinds: dict[str, Any] = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {
        name: (kinds[name] | None, Field(None, title=f"TRADER_{name.upper()}", description=_text(name)))
        for name in open_names(Settings)
    }


def _text(name: str) -> str | None:
    return Settings.model_fields[name].description


class _Described:
    _block_type_name = "Trader Settings"
    _block_type_slug = SLUG
    _description = (
        "The few settings of a desk's processes that move no money. Order: environment, this block, default. A process "
        "reads the document that TRADER_SETTINGS_BLOCK names, once, and goes on without it. Secrets never belong here: "
        "on a server without a login everybody reads blocks. Keep them in the environment or in AWS Secrets Manager, "
        "under the names coincheck/credentials, slack/webhook_url and cryptopanic/api_key."
    )


def _with_fields() -> type[Block]:
    bases: Any = (_Described, Block)
    return cast("type[Block]", create_model("TraderSettings", __base__=bases, __module__=__name__, **plain_fields()))


TraderSettings = _with_fields()
"""The settings of one desk as a block; its fields are those of ``blocks.settings_block.OPEN``."""
