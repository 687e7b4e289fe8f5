"""The room of the services' tests, and what turns it into a desk that flows can run on."""

from __future__ import annotations

from tests.services.conftest import aws, names, room

__all__ = ["aws", "names", "room"]
