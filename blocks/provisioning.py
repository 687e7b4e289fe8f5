"""What a desk needs in its AWS account, created where it is missing."""

from __future__ import annotations

from adapters.aws import open_aws
from adapters.provision import provision
from blocks.desk import must_be_open
from blocks.settings import load_settings
from trading.tables import Names


def provision_desk(name: str) -> list[str]:
    """Create the missing tables, queues and buckets of a desk; their names. Safe to repeat.

    Raises Halt with one line when the endpoint is not there or the credentials are not accepted.
    """
    must_be_open(name)
    return provision(Names(load_settings().prefix), open_aws())
