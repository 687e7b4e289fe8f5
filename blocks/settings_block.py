"""Settings that operators keep in Prefect: a block document under the environment and over the defaults."""

from __future__ import annotations

import logging
import os
from functools import lru_cache
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from trading.errors import BadInput

VARIABLE = "TRADER_SETTINGS_BLOCK"
SLUG = "trader-settings"
"""The block type, which ``blocks/documents.py`` describes."""
OPEN = ("cryptopanic_plan", "forecast_concurrency", "logs", "paper_fee_pct", "paper_jpy", "paper_slippage_pct")
"""What may stand in a block: nothing that says where money goes, what is bought, what protects it, where anything is
or runs. Everybody who reaches a server without a login can write there, and the block may be missing at any time.
"""
WAIT_S = 5.0

log = logging.getLogger("trader.settings")


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
        return {key: filled[key] for key in open_names(self.settings_cls) if key in filled and self._fits(key, filled)}

    def _fits(self, key: str, filled: dict[str, Any]) -> bool:
        field = self.settings_cls.model_fields[key]
        kind: Any = Annotated[field.annotation, field]
        try:
            TypeAdapter[Any](kind).validate_python(filled[key])
        except ValidationError as error:
            log.error("%s: %s in the block is left out: %s", VARIABLE, key, error.errors()[0]["msg"])  # noqa: TRY400
            return False
        return True


def open_names(settings: type[BaseSettings]) -> list[str]:
    """The settings that may stand in a block."""
    return [name for name in settings.model_fields if name in OPEN]


@lru_cache(maxsize=4)
def document(name: str) -> dict[str, Any]:
    """The document's data, read once a process: what a person changes holds from the next run on.

    Nothing when it cannot be read, and one line in the log: exits do not wait for Prefect.
    """
    own = name.removeprefix(f"{SLUG}/")
    try:
        return _read(own)
    except Exception as error:  # noqa: BLE001 (whatever keeps us from reading it, we go on)
        said = " ".join(str(error).split())[:200]
        log.error(  # noqa: TRY400 (one line for a person)
            "%s: the block %s/%s cannot be read (%s: %s); going on with the environment and defaults. Check "
            "PREFECT_API_URL; `trader init` makes a block for its desk",
            *(VARIABLE, SLUG, own, type(error).__name__, said),
        )
        return {}


def _read(own: str) -> dict[str, Any]:
    """Asked once and shortly; and no server is started for it, as Prefect's client would do without an address."""
    from prefect.client.orchestration import get_client  # noqa: PLC0415 (only where a block is named)
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings  # noqa: PLC0415

    if not PREFECT_API_URL.value():
        msg = "no PREFECT_API_URL"
        raise BadInput(msg)
    with temporary_settings({PREFECT_CLIENT_MAX_RETRIES: 0}):  # noqa: SIM117 (the client reads the setting)
        with get_client(httpx_settings={"timeout": WAIT_S}, sync_client=True) as client:
            return dict(client.read_block_document_by_name(own, SLUG, include_secrets=False).data)
