"""Packing a model: the same bytes each time, alone in its container, and refused when it is no use."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from adapters.forecast.files import SHIPPED
from deployments.model import package as packing
from deployments.model.package import CONTAINER, pack, read_package
from tests.conftest import ROOT
from trading.errors import BadInput

CONFIG = {"chronos_config": {"context_length": 8192, "output_patch_size": 16, "max_output_patches": 64}}
QUANTILES = [0.01, 0.5, 0.99]


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    return pack(SHIPPED, tmp_path_factory.mktemp("packed") / "model.tar.gz")


def checkpoint(folder: Path) -> Path:
    folder.mkdir()
    told = {"chronos_config": CONFIG["chronos_config"] | {"quantiles": QUANTILES}}
    (folder / "config.json").write_text(json.dumps(told))
    (folder / "model.safetensors").write_bytes(b"weights")
    (folder / "README.md").write_text("not needed there")
    return folder


def test_the_same_model_gives_the_same_bytes(packed, tmp_path, monkeypatch):
    """Packed again in another year, from a copy with another name, time and mode: not one byte differs."""
    monkeypatch.setattr("time.time", lambda: 2e9)
    copy = tmp_path / "other.onnx"
    copy.write_bytes(SHIPPED.read_bytes())
    os.utime(copy, (1, 1))
    copy.chmod(0o600)
    again = pack(copy, tmp_path / "deep" / "again.tar.gz")
    assert again.file.read_bytes() == packed.file.read_bytes()
    assert again.digest == packed.digest


def test_the_package_says_what_it_holds(packed):
    """Name, levels, steps and the sha256 of every part, read back from the file."""
    found = read_package(packed.file)
    assert found == packed
    facts = found.facts()
    assert (facts["name"], facts["kind"]) == ("chronos-2-small", "onnx")
    assert facts["steps"] >= 12
    assert facts["context_length"] == 336
    assert {0.1, 0.5, 0.9} <= set(facts["quantile_levels"])
    assert set(found.manifest["files"]) == {"model.onnx", "code/inference.py", "code/requirements.txt"}


def test_another_model_is_another_digest(packed, tmp_path):
    """The digest stands for the content: a checkpoint has another."""
    other = pack(checkpoint(tmp_path / "c"), tmp_path / "c.tar.gz")
    assert other.digest != packed.digest
    assert other.facts()["kind"] == "checkpoint"
    assert (other.facts()["steps"], other.facts()["quantile_levels"]) == (1024, QUANTILES)
    assert set(other.manifest["files"]) == {
        "config.json", "model.safetensors", "code/inference.py", "code/requirements.txt",
    }  # fmt: skip


def test_unpacked_it_answers_without_our_packages(packed, tmp_path):
    """In a folder of its own, in a Python that cannot see ours, with the file name the container's toolkit imports."""
    with tarfile.open(packed.file) as tar:
        tar.extractall(tmp_path, filter="data")
    code = f"""
import json, sys
sys.path.insert(0, {str(tmp_path / "code")!r})
import inference
model = inference.model_fn({str(tmp_path)!r})
body = json.dumps({{"inputs": [{{"target": [100, 101, 102, 103, 104]}}], "parameters": {{"prediction_length": 12}}}})
print(inference.output_fn(inference.predict_fn(inference.input_fn(body, "application/json"), model), "*/*"))
ours = {{"adapters", "blocks", "deployments", "trading"}} & {{name.split(".")[0] for name in sys.modules}}
assert not ours, ours
"""
    said = subprocess.run([sys.executable, "-P", "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stderr
    assert len(json.loads(said.stdout)["predictions"][0]["mean"]) == 12


def test_the_containers_versions_are_those_tested_here():
    """What the container installs for an ONNX model is pinned to what requirements/dev.txt locks."""
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", (ROOT / "requirements" / "dev.txt").read_text(), re.MULTILINE))
    lines = (CONTAINER / "requirements-onnx.txt").read_text().split()
    assert [line.partition("==")[0] for line in lines] == ["onnxruntime", "numpy"]
    assert all(line == f"{line.partition('==')[0]}=={locked[line.partition('==')[0]]}" for line in lines)


def test_weights_beside_the_graph_are_packed_too(monkeypatch, tmp_path):
    """A large export keeps its weights in ``NAME.onnx.data``, which the graph finds by that name."""
    model = tmp_path / "big.onnx"
    model.write_bytes(SHIPPED.read_bytes())
    (tmp_path / "big.onnx.data").write_bytes(b"weights")
    assert "big.onnx.data" in pack(model, tmp_path / "p.tar.gz").manifest["files"]


def test_a_model_that_is_too_large_is_refused(monkeypatch, tmp_path):
    """With the size, the limit and a way out; nothing is left behind."""
    monkeypatch.setattr(packing, "LARGEST_MB", 0.1)
    with pytest.raises(BadInput, match=r"is 1 MB; .* room for 0.1: quantize"):
        pack(SHIPPED, tmp_path / "p.tar.gz")
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_model_is_refused(tmp_path):
    """Not ONNX, nothing at all, a folder without weights, another model's config."""
    text = tmp_path / "text.onnx"
    text.write_text("hello")
    empty = tmp_path / "empty"
    empty.mkdir()
    other = checkpoint(tmp_path / "other")
    (other / "config.json").write_text('{"model_type": "t5"}')
    for model, words in (
        (text, "cannot be served"),
        (empty, "neither"),
        (tmp_path / "no", "neither"),
        (other, "not that"),
    ):
        with pytest.raises(BadInput, match=words):
            pack(model, tmp_path / "p.tar.gz")
    assert not (tmp_path / "p.tar.gz").exists()


def changed(source: Path, target: Path, name: str, content: bytes) -> Path:
    """A copy of a package with one part replaced."""
    with tarfile.open(source) as old, tarfile.open(target, "w:gz") as new:
        for member in old.getmembers():
            data = old.extractfile(member).read()
            data = content if member.name == name else data
            member.size = len(data)
            new.addfile(member, io.BytesIO(data))
    return target


@pytest.mark.parametrize(
    ("name", "content"),
    [("code/inference.py", b"evil"), ("manifest.json", b"{}"), ("manifest.json", b"[]"), ("manifest.json", b"no")],
)
def test_a_package_that_is_not_what_it_says_is_refused(packed, tmp_path, name, content):
    """A part that its manifest does not know, or no manifest of ours: the line says to make it again."""
    with pytest.raises(BadInput, match="make it again"):
        read_package(changed(packed.file, tmp_path / "p.tar.gz", name, content))


def test_a_file_that_is_no_package_is_refused(packed, tmp_path):
    """Missing, cut off, or something else."""
    cut = tmp_path / "cut.tar.gz"
    cut.write_bytes(packed.file.read_bytes()[:5000])
    other = tmp_path / "text"
    other.write_text("hello")
    for file, words in (
        (tmp_path / "none", "there is no package"),
        (cut, "no package of ours"),
        (other, "no package of"),
    ):
        with pytest.raises(BadInput, match=words):
            read_package(file)
