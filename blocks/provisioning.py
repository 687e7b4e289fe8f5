"""What a desk needs in its AWS account, created where it is missing."""

from __future__ import annotations

from adapters.aws import open_aws
from adapters.provision import provision
from blocks.desk import desk_names, shared_names
from blocks.settings import load_settings
from trading.tables import ORDER_STATE


def provision_desk(name: str) -> list[str]:
    """Create the missing tables, queues and buckets of a desk; their names. Safe to repeat.

    Also the one table in which all desks of the prefix count what they share, where that is not the desk's own.
    Raises Halt with one line when the endpoint is not there or the credentials are not accepted.
    """
    settings, aws = load_settings(), open_aws()
    own, shared = desk_names(name, settings), shared_names(settings)
    made = provision(own, aws)
    return made if own == shared else made + provision(shared, aws, tables=(ORDER_STATE,), queues=(), buckets=())
