"""Choices that a person is offered where runs are started: filled from our settings, as they were at deployment."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import GetJsonSchemaHandler
from pydantic_core import CoreSchema

from blocks.settings import load_settings
from trading.errors import TradingError
from trading.pairs import parse_pairs


class Configured:
    """Offers the configured pairs; which of them are traded now is asked of the desk, when the run begins."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        """The schema with the pairs to choose from; without them when the setting is wrong, which the desk tells."""
        schema = handler(core)
        try:
            return {**schema, "enum": [pair.key for pair in parse_pairs(load_settings().pairs_config)]}
        except TradingError:
            return schema


PairKey = Annotated[str, Configured()]
"""A pair's key, such as btc_usdt."""
