"""A Chronos-2 checkpoint folder -> one ONNX file: ``python -m deployments.model.export CHECKPOINT --out FILE``.

Input ``context`` (series, context length) float32 in price units, NaN where nothing is known, shorter histories padded
with NaN on the left. Output ``quantiles`` (series, levels, steps) in price units: scaling happens inside. What a
caller needs to know of the model is in the file's metadata. The quantiles come as the model gives them: they may cross.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import onnx  # type: ignore[import-not-found]
import torch  # type: ignore[import-not-found]
from chronos import BaseChronosPipeline  # type: ignore[import-not-found]
from chronos.chronos2 import Chronos2Model  # type: ignore[import-not-found]

from deployments.model.independent import make_independent

CONTEXT = 336
OPSET = 20


class Quantiles(torch.nn.Module):  # type: ignore[misc]
    """The model from context to the quantiles of its next output patch."""

    def __init__(self, model: Chronos2Model) -> None:
        super().__init__()
        self.model = make_independent(model)

    def forward(self, context: torch.Tensor) -> torch.Tensor:
        """Context (series, length) -> quantiles (series, levels, steps)."""
        return self.model(context, num_output_patches=1).quantile_preds


def load(checkpoint: Path) -> Chronos2Model:
    """The model of a checkpoint folder, as Chronos itself loads it, ready to answer."""
    return BaseChronosPipeline.from_pretrained(str(checkpoint), device_map="cpu", dtype=torch.float32).model.eval()


def about(checkpoint: Path, model: Chronos2Model, context: int) -> dict[str, str]:
    """What the file says about itself; a checkpoint that is not ours has no training cut-off of ours."""
    noted = checkpoint / "about.json"
    ours = json.loads(noted.read_text()) if noted.exists() else {}
    return {
        "name": ours.get("name", checkpoint.name),
        "context_length": str(context),
        "steps": str(model.chronos_config.output_patch_size),
        "quantile_levels": json.dumps(list(model.chronos_config.quantiles)),
        "trained_until": ours.get("trained_until", ""),
    }


def export(checkpoint: Path, target: Path, context: int = CONTEXT) -> None:
    """Write the ONNX file; the number of series is free, the context length fixed."""
    model = load(checkpoint)
    example = torch.randn(2, context).cumsum(dim=1) + 100
    example[0, : context // 2] = torch.nan
    program = torch.onnx.export(
        Quantiles(model).eval(), (example,), dynamo=True, opset_version=OPSET, input_names=["context"],
        output_names=["quantiles"], dynamic_shapes={"context": {0: torch.export.Dim.DYNAMIC}},
    )  # fmt: skip
    written = _bare(program.model_proto)
    onnx.helper.set_model_props(written, about(checkpoint, model, context))
    target.parent.mkdir(parents=True, exist_ok=True)
    onnx.save(written, target)


def _bare(model: onnx.ModelProto) -> onnx.ModelProto:
    """Without the exporter's notes on every node: paths of the machine that exported, and a third of a small file."""
    for part in (model.graph, *model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        part.ClearField("metadata_props")
        part.ClearField("doc_string")
    model.graph.ClearField("value_info")
    for tensor in (*model.graph.input, *model.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_param = "series"
    return model


def main() -> None:
    """Export as the command line asks."""
    parser = argparse.ArgumentParser(prog="python -m deployments.model.export", description=__doc__)
    parser.add_argument("checkpoint", type=Path, help="folder with config.json and model.safetensors")
    parser.add_argument("--out", type=Path, required=True, help="the ONNX file to write")
    parser.add_argument("--context", type=int, default=CONTEXT, help="context length in steps")
    asked = parser.parse_args()
    export(asked.checkpoint, asked.out, asked.context)
    print(f"export: {asked.out.stat().st_size:,} bytes in {asked.out}")


if __name__ == "__main__":
    main()
