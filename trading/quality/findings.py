"""What a check found: one fault a rule, and the validation that holds them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that data broke.

    rule   its name, as in the suite: ``high is the highest``.
    rows   how many rows broke it; 0 for a rule about the whole, such as its age.
    words  what is wrong, in one phrase for people: ``2 highs below another price, first 2024-01-03 12:05``.
    broken some of the rows that broke it, JSON-ready, as they were.
    """

    rule: str
    rows: int
    words: str
    broken: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Validation:
    """What one suite said of one piece of data. ``subject``: the pair's key, or what else it is about."""

    suite: str
    subject: str
    at: datetime
    rows: int
    findings: tuple[Finding, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether it may be traded on."""
        return not self.findings
