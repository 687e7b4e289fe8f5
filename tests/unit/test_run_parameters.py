"""What a person is asked for before a run starts, as the page that starts it reads it."""

from __future__ import annotations

import json
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.exceptions import ParameterTypeError

from flows import FLOWS
from trading.pairs import DEFAULT_PAIRS


def flow_of(name: str) -> Any:
    """The flow of that name."""
    module, _, function = FLOWS[name].partition(":")
    return getattr(import_module(module), function)


@pytest.mark.parametrize("name", FLOWS)
def test_every_parameter_is_described_typed_and_may_be_left_out(name: str) -> None:
    """Nobody has to read code to start a run: each field has a sentence, a type and a default."""
    schema = flow_of(name).parameters.model_dump()
    assert schema["required"] == []
    for field, told in schema["properties"].items():
        assert len(told.get("description", "")) > 15, f"{name}.{field} says nothing"
        assert "type" in told or "anyOf" in told or "$ref" in told, f"{name}.{field} takes anything"
    assert schema["properties"]["desk"]["enum"] == ["embedded", "paper", "live"]
    assert schema["properties"]["desk"]["default"] == "embedded"


def test_an_analysis_that_is_asked_for_in_the_ui_sends_no_order_unless_told_to() -> None:
    """The deployment's form opens unticked: whoever presses Run without reading looks, and books nothing."""
    plan = yaml.safe_load((Path(__file__).parents[2] / "prefect.yaml").read_text())
    [analyze] = [one for one in plan["deployments"] if one["entrypoint"].endswith(":analyze")]
    assert analyze["parameters"]["with_orders"] is False


@pytest.mark.parametrize("name", ["analyze", "backfill"])
def test_pairs_are_chosen_and_not_typed(name: str) -> None:
    """The configured pairs are offered to choose from."""
    offered = json.dumps(flow_of(name).parameters.properties["pairs"])
    assert json.dumps(list(DEFAULT_PAIRS)) in offered


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("analyze", {"desk": "bank"}),
        ("analyze", {"pairs": "btc_usdt"}),
        ("analyze", {"with_orders": "perhaps"}),
        ("analyze", {"at": "yesterday"}),
        ("backfill", {"days": 100_000}),
        ("report_daily", {"where": ["here"]}),
    ],
)
def test_a_wrong_value_is_refused_before_a_run(name: str, given: dict[str, Any]) -> None:
    """It is named when the run is asked for: nothing has happened yet."""
    with pytest.raises(ParameterTypeError, match=next(iter(given))):
        flow_of(name).validate_parameters(given)
