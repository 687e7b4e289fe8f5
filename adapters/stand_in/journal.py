"""A file of writes, a line each, flushed before they are answered; read again, and shortened, at the next start.

A line is one answer's whole effect: of a transaction either all of it is there or nothing. The last line may be torn
(the process was killed while it wrote): its answer was never sent, so it is dropped. Bodies of files lie beside the
journal, named by their hash.
It outlives the process, also SIGKILL. A power cut may cost the last second: the disk is not waited for.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from trading.errors import BadInput, Halt

BYTES = "~bytes"
"""How a binary attribute is written: JSON has no bytes."""

type Record = dict[str, Any]
"""One of ``{"call": {...}}``, ``{"items": [[region, table, key, item or None], ...]}``, and
``{"files": [[bucket, key, file or None], ...]}``."""


@dataclass(slots=True)
class Kept:
    """What all lines together come to: the newest state of everything, and the calls that made what holds it."""

    calls: dict[str, dict[str, str]] = field(default_factory=dict)
    items: dict[tuple[str, str, str], Mapping[str, Any]] = field(default_factory=dict)
    files: dict[tuple[str, str], Mapping[str, Any]] = field(default_factory=dict)

    def add(self, record: Record) -> None:
        """Take in one line; a later one wins."""
        if call := record.get("call"):
            name = json.dumps(call, sort_keys=True)
            self.calls.pop(name, None)
            self.calls[name] = call
            if call.get("forgets"):
                self.items = {key: item for key, item in self.items.items() if key[:2] != tuple(call["forgets"])}
        for region, table, key, item in record.get("items", ()):
            _put(self.items, (region, table, json.dumps(key, sort_keys=True, default=_as_text)), item)
        for bucket, name, file in record.get("files", ()):
            _put(self.files, (bucket, name), file)

    def records(self) -> Iterator[Record]:
        """The fewest lines that say the same."""
        yield from ({"call": call} for call in self.calls.values())
        for (region, table, key), item in self.items.items():
            yield {"items": [[region, table, json.loads(key, object_hook=_bytes_again), item]]}
        yield from ({"files": [[bucket, name, file]]} for (bucket, name), file in self.files.items())


def _put(into: dict[Any, Any], key: Any, value: Any) -> None:
    if value is None:
        into.pop(key, None)
    else:
        into[key] = value


class Journal:
    """One journal, open to one process. Raises BadInput when another one holds it or the place cannot be used."""

    def __init__(self, path: Path) -> None:
        self.path, self._bodies = path, path.with_name(f"{path.name}.files")
        try:
            self._bodies.mkdir(parents=True, exist_ok=True)
            self._lock = path.with_name(f"{path.name}.lock").open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            msg = f"the journal {path} is in use by another process; stop that one, or name another file"
            raise BadInput(msg) from error
        except OSError as error:
            msg = f"the journal {path} cannot be used ({error.strerror}); name another file"
            raise BadInput(msg) from error
        self._out: int | None = None

    def read(self) -> Kept:
        """All that was answered. Raises Halt for a line that is damaged in the middle: that one was answered."""
        kept = Kept()
        lines = self.path.read_bytes().split(b"\n") if self.path.is_file() else [b""]
        for number, line in enumerate(lines[:-1], 1):  # what follows the last line end was never answered
            try:
                kept.add(json.loads(line, object_hook=_bytes_again))
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                msg = f"line {number} of {self.path} is damaged; restore the file, or remove it to begin anew"
                raise Halt(msg) from error
        return kept

    def begin(self, kept: Kept) -> None:
        """Go on from this state: the file is replaced whole by its shortest form, and bodies that nobody names go."""
        fresh = self.path.with_name(f"{self.path.name}.new")
        with fresh.open("wb") as out:
            for record in kept.records():
                out.write(_line(record))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self.path)
        named = {file["sha256"] for file in kept.files.values()}
        for body in self._bodies.iterdir():
            if body.name not in named:
                body.unlink()
        self._out = os.open(self.path, os.O_WRONLY | os.O_APPEND)

    def append(self, record: Record) -> None:
        """Write a line, in one piece. Raises OSError when the disk does not take it: then nothing may be answered."""
        if self._out is None:
            raise AssertionError
        line = _line(record)
        if os.write(self._out, line) != len(line):
            raise OSError(f"only a part of a line went into {self.path}")

    def keep_body(self, data: bytes) -> str:
        """Store the body of a file; the name it has here."""
        name = hashlib.sha256(data).hexdigest()
        path = self._bodies / name
        if not path.exists():
            fresh = path.with_suffix(".new")
            fresh.write_bytes(data)
            fresh.replace(path)
        return name

    def body(self, name: str) -> bytes:
        """A body by its name. Raises Halt when it is gone or is not what was stored."""
        path = self._bodies / name
        data = path.read_bytes() if path.is_file() else None
        if data is None or hashlib.sha256(data).hexdigest() != name:
            msg = f"{path} is gone or damaged; restore it, or remove {self.path} to begin anew"
            raise Halt(msg)
        return data


def _line(record: Record) -> bytes:
    return json.dumps(record, separators=(",", ":"), default=_as_text).encode() + b"\n"


def _as_text(value: Any) -> dict[str, str]:
    return {BYTES: bytes(value).hex()}


def _bytes_again(found: dict[str, Any]) -> Any:
    return bytes.fromhex(found[BYTES]) if found.keys() == {BYTES} else found
