"""A Chronos-2 whose series do not see each other: the group attention of one series over itself, written out.

Chronos-2 lets the series of a batch attend to each other by group. Ours are forecast one by one, so every group holds
one series; a softmax over one value is 1, and the attention is its value and output projections. That is the same
number, costs a fraction in training, makes a forecast independent of its batch, and drops the mask that neither ONNX
exporter can translate.
"""

from __future__ import annotations

from types import MethodType
from typing import Any

from chronos.chronos2 import Chronos2Model  # type: ignore[import-not-found]
from chronos.chronos2.layers import AttentionOutput  # type: ignore[import-not-found]


def make_independent(model: Chronos2Model) -> Chronos2Model:
    """Change the model in place; what it answers for a batch of single series stays the same."""
    model.encoder._construct_and_invert_group_time_mask = _no_mask  # noqa: SLF001 - the one step to leave out
    for block in model.encoder.block:
        block.layer[1].forward = MethodType(_attend_to_itself, block.layer[1])
    return model


def _no_mask(*_: Any, **__: Any) -> None:
    return None


def _attend_to_itself(layer: Any, hidden_states: Any, **_: Any) -> AttentionOutput:
    attention = layer.self_attention
    values = attention.o(attention.v(layer.layer_norm(hidden_states)))
    return AttentionOutput(hidden_states=hidden_states + layer.dropout(values), attn_weights=None)
