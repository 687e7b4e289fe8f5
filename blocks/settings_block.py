"""Settings that operators keep in Prefect: a block document under the environment and over the defaults."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any, get_args

from pydantic import SecretStr
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from trading.errors import BadInput

VARIABLE = "TRADER_SETTINGS_BLOCK"
SLUG = "trader-settings"
"""The block type, which ``blocks/documents.py`` describes."""


class BlockSource(PydanticBaseSettingsSource):
    """The fields of the document that ``TRADER_SETTINGS_BLOCK`` names; nothing when it names none."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:  # noqa: ARG002
        """What the document has for one field."""
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        """What a person filled in, of what may stand in a block; an empty field says nothing."""
        name = os.environ.get(VARIABLE, "").strip()
        if not name:
            return {}
        filled = {key: value for key, value in document(name).items() if value not in (None, "")}
        return {key: filled[key] for key in open_names(self.settings_cls) if key in filled}


def open_names(settings: type[BaseSettings]) -> list[str]:
    """The settings that may stand in a block: none that is secret, or arms a desk, and not where the block is."""
    kinds: dict[str, Any] = {name: field.annotation for name, field in settings.model_fields.items()}
    return [n for n, kind in kinds.items() if n != "settings_block" and SecretStr not in (kind, *get_args(kind))]


@lru_cache(maxsize=4)
def document(name: str) -> dict[str, Any]:
    """The document's data, read once a process: what a person changes holds from the next run on.

    Raises BadInput with one line when there is no such document, or no API that could be asked.
    """
    from prefect.client.orchestration import get_client  # noqa: PLC0415 (only where a block is named)
    from prefect.exceptions import ObjectNotFound  # noqa: PLC0415

    own = name.removeprefix(f"{SLUG}/")
    try:
        with get_client(sync_client=True) as client:
            return dict(client.read_block_document_by_name(own, SLUG, include_secrets=False).data)
    except ObjectNotFound as error:
        msg = f"{VARIABLE}: Prefect has no block {SLUG}/{own}; `trader init` makes one for its desk, or unset it"
        raise BadInput(msg) from error
    except Exception as error:
        msg = f"{VARIABLE}: the block {SLUG}/{own} cannot be read ({type(error).__name__}); check PREFECT_API_URL"
        raise BadInput(msg) from error
