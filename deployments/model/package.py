"""Pack a model for its SageMaker container: the same input makes the same bytes, and what is packed has answered once.

``model.tar.gz`` holds the model, ``code/inference.py`` with its requirements, and ``manifest.json`` with the sha256 of
each. The package's digest is the manifest's own: it names one content, whatever compressed it.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from deployments.model.container import inference
from trading.errors import BadInput

CONTAINER = Path(inference.__file__).parent
MANIFEST = "manifest.json"
ONNX, CHECKPOINT = "onnx", "checkpoint"
LARGEST_MB = 2048
"""Unpacked: a third of the endpoint's 6144 MB of memory, in which the weights are read, held and computed with."""
MB = 10**6
TRIAL = json.dumps({"inputs": [{"target": [100, None, 101, 102, 103, 104, 105, 104]}], "parameters": {}})


@dataclass(frozen=True, slots=True)
class Package:
    """A packed model: where it is, what it is, and the digest that stands for its content (64 hex digits)."""

    file: Path
    digest: str
    manifest: Mapping[str, Any]

    def facts(self) -> dict[str, Any]:
        """What a person or a program wants to know of it."""
        told = {name: value for name, value in self.manifest.items() if name != "files"}
        return {"package": str(self.file), "digest": self.digest, "size_bytes": self.file.stat().st_size} | told


def pack(model: Path, file: Path) -> Package:
    """Pack an ONNX file or a Chronos-2 checkpoint folder. Raises BadInput when it is neither, too large or no use.

    An ONNX model must answer a trial request first; a checkpoint needs torch for that, so only its facts are read.
    """
    parts, facts = _onnx(model) if model.is_file() else _checkpoint(model)
    parts["code/inference.py"] = CONTAINER / "inference.py"
    parts["code/requirements.txt"] = CONTAINER / f"requirements-{facts['kind']}.txt"
    size_mb = sum(part.stat().st_size for part in parts.values()) / MB
    if size_mb > LARGEST_MB:
        msg = (
            f"{model} is {size_mb:.0f} MB; the endpoint's memory has room for {LARGEST_MB}: quantize or choose another"
        )
        raise BadInput(msg)
    files = {name: _sha256(part.open("rb")) for name, part in sorted(parts.items())}
    manifest = _bytes(facts | {"files": files})
    file.parent.mkdir(parents=True, exist_ok=True)
    unfinished = file.with_name(f".{file.name}.unfinished")
    _write(unfinished, parts, manifest)
    unfinished.replace(file)
    return Package(file, hashlib.sha256(manifest).hexdigest(), json.loads(manifest))


def read_package(file: Path) -> Package:
    """A package made before, every part checked against its manifest. Raises BadInput when one does not fit."""
    try:
        with tarfile.open(file, "r:gz") as tar:
            found = {member.name: tar.extractfile(member) for member in tar.getmembers()}
            written = found.pop(MANIFEST)
            text = written.read() if written else b""
            sums = {name: _sha256(part) for name, part in found.items() if part}
        manifest = json.loads(text)
        whole = sums == manifest["files"] and set(manifest) >= {"kind", "name", "context_length", "steps"}
    except FileNotFoundError as error:
        raise BadInput(f"there is no package {file}; make one with `trader model package --out {file}`") from error
    except (OSError, EOFError, tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{file} is no package of ours ({type(error).__name__}); make it again") from error
    if not whole:
        raise BadInput(f"{file} does not hold what its manifest says; make it again with `trader model package`")
    return Package(file, hashlib.sha256(text).hexdigest(), manifest)


def loaded(file: Path) -> inference.OnnxModel:
    """An ONNX model that has answered a trial request. Raises BadInput when it cannot."""
    try:
        model = inference.OnnxModel(file)
        inference.predict_fn(inference.input_fn(TRIAL, inference.JSON), model)
    except Exception as error:  # onnxruntime's own errors have no common kind
        said = " ".join(str(error).split())[:200]
        raise BadInput(f"{file} cannot be served: {said}; export it again") from error
    return model


def _onnx(file: Path) -> tuple[dict[str, Path], dict[str, Any]]:
    model = loaded(file)
    # Weights that an export put beside the graph are found by their name.
    beside = {part.name: part for part in file.parent.glob(f"{file.name}.data*")}
    return {"model.onnx": file} | beside, _facts(ONNX, model.name, model.context_length, model.steps, model.levels)


def _checkpoint(folder: Path) -> tuple[dict[str, Path], dict[str, Any]]:
    parts = {part.name: part for part in folder.glob("*") if part.suffix in {".json", ".safetensors"}}
    if "config.json" not in parts or not any(name.endswith(".safetensors") for name in parts):
        msg = f"{folder} is neither an ONNX file nor a Chronos-2 checkpoint folder (config.json and *.safetensors)"
        raise BadInput(msg)
    try:
        return parts, _facts(CHECKPOINT, *inference.checkpoint_facts(folder))
    except (KeyError, TypeError, ValueError) as error:
        raise BadInput(f"{folder / 'config.json'} is not that of a Chronos-2 model: {error!r}") from error


def _facts(kind: str, name: str, context_length: int, steps: int, levels: tuple[float, ...]) -> dict[str, Any]:
    return {
        "kind": kind, "name": name, "context_length": context_length, "steps": steps, "quantile_levels": list(levels),
    }  # fmt: skip


def _write(file: Path, parts: Mapping[str, Path], manifest: bytes) -> None:
    with (
        file.open("wb") as out,
        gzip.GzipFile(filename="", mode="wb", fileobj=out, compresslevel=6, mtime=0) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.USTAR_FORMAT) as tar,
    ):
        for name in sorted({*parts, MANIFEST}):
            part = parts.get(name)
            entry = tarfile.TarInfo(name)  # no owner, no time: only what the content says
            entry.mode = 0o644
            entry.size = part.stat().st_size if part else len(manifest)
            with part.open("rb") if part else io.BytesIO(manifest) as content:
                tar.addfile(entry, content)


def _bytes(manifest: Mapping[str, Any]) -> bytes:
    return json.dumps(manifest, sort_keys=True, indent=1).encode()


def _sha256(content: IO[bytes]) -> str:
    with content:
        return hashlib.file_digest(content, "sha256").hexdigest()  # type: ignore[arg-type]
