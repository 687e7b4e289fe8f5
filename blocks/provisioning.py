"""What a desk needs in its AWS account, created where it is missing."""

from __future__ import annotations

from adapters.aws import open_aws
from adapters.provision import provision
from blocks.desk import desk_names
from blocks.settings import load_settings


def provision_desk(name: str) -> list[str]:
    """Create the missing tables, queues and buckets of a desk; their names. Safe to repeat.

    Raises Halt with one line when the endpoint is not there or the credentials are not accepted.
    """
    return provision(desk_names(name, load_settings()), open_aws())
