"""Comparing a body of ours with one that a provider really sent: the same keys, the same kinds of values."""

from __future__ import annotations

from typing import Any


def shape(value: Any, where: str = "body") -> dict[str, str]:
    """Every path in a JSON value and the kind of what is there; a list is known by its first element."""
    if isinstance(value, dict):
        return {path: kind for key, item in value.items() for path, kind in shape(item, f"{where}.{key}").items()}
    if isinstance(value, list):
        return shape(value[0], f"{where}[]") if value else {f"{where}[]": "empty"}
    kinds = {bool: "bool", str: "text", int: "number", float: "number", type(None): "null"}
    return {where: kinds[type(value)]}


def differences(ours: Any, theirs: Any) -> list[str]:
    """What is missing, extra or of another kind; null matches anything."""
    mine, real = shape(ours), shape(theirs)
    missing = [f"missing {path}" for path in real if path not in mine]
    extra = [f"extra {path}" for path in mine if path not in real]
    kinds = [
        f"{path}: {mine[path]} instead of {real[path]}"
        for path in real
        if path in mine and mine[path] != real[path] and "null" not in (mine[path], real[path])
    ]
    return missing + extra + kinds
