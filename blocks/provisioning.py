"""What a desk needs in its AWS account, created where it is missing."""

from __future__ import annotations

from adapters.aws import open_aws
from adapters.provision import provision
from blocks.settings import load_settings
from trading.tables import Names


def provision_desk(name: str) -> list[str]:
    """Create the missing tables, queues and buckets of a desk; their names. Safe to repeat.

    Raises Halt with one line when the endpoint is not there or the credentials are not accepted.
    """
    del name  # every desk has the same tables; what differs is the prefix and the endpoint
    return provision(Names(load_settings().prefix), open_aws())
