"""The tables of a desk beside its own: where a backup is restored when the desk's own tables are in use."""

from __future__ import annotations

from typing import NamedTuple

from pydantic import TypeAdapter, ValidationError

from adapters.aws import open_aws
from adapters.dynamodb import DynamoLedger, open_tables
from adapters.dynamodb.dump import DynamoItems
from adapters.provision import provision
from blocks.desk import desk_names
from blocks.settings import Name, Settings, load_settings
from trading.errors import BadInput
from trading.tables import TABLES


class Target(NamedTuple):
    """Where items are put back: the tables, and the books in them."""

    items: DynamoItems
    ledger: DynamoLedger
    prefix: str


def restore_target(name: str, prefix: str | None = None) -> Target:
    """The tables of a desk, or those that it would have under another prefix; made where they are missing.

    Raises BadInput for a prefix that is none, Halt when the endpoint is not there or the credentials are not accepted.
    """
    settings, aws = load_settings(), open_aws()
    names = desk_names(name, settings if prefix is None else _under(settings, prefix))
    provision(names, aws, tables=TABLES, queues=(), buckets=())
    return Target(DynamoItems(names, aws.dynamodb), open_tables(names, aws).ledger, names.prefix)


def _under(settings: Settings, prefix: str) -> Settings:
    """The same settings under another prefix."""
    try:
        return settings.model_copy(update={"prefix": TypeAdapter(Name).validate_python(prefix)})
    except ValidationError as error:
        msg = f"{prefix!r} is no prefix: small letters, digits and dashes, 31 at most"
        raise BadInput(msg) from error
