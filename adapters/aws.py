"""AWS, opened once: one session, its clients made up front and shared by all threads.

Standard AWS variables (``AWS_ENDPOINT_URL``, region, profile, credentials) are honoured untouched; only a region that
nobody names gets a default. Clients are safe to share between threads, sessions are not: nothing makes one later.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from adapters.aws_errors import Meaning, meaning, translated, watch_attempts, without_password
from trading.errors import BadInput, Halt, Transient
from trading.tables import Names

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_sqs import SQSClient

DEFAULT_REGION = "ap-northeast-1"
CONNECT_TIMEOUT_S = 2
READ_TIMEOUT_S = 10
ATTEMPTS = 3
POOL = 16
"""Connections kept per client: six threads and some to spare."""


@dataclass(frozen=True, slots=True)
class Aws:
    """The clients, and where they point."""

    region: str
    endpoint: str
    dynamodb: DynamoDBClient
    sqs: SQSClient
    s3: S3Client
    sts: Any
    _probe: DynamoDBClient = field(repr=False)
    """Tries once only: it is there to find out, not to insist."""

    def reachable(self) -> None:
        """One request, not repeated. Raises Halt with one line when nobody answers or knows us, Transient when busy."""
        try:
            self._probe.list_tables(Limit=1)
        except (BotoCoreError, ClientError) as error:
            said, where = meaning(error), f"AWS at {self.endpoint} ({self.region})"
            if said is Meaning.IDENTITY:
                msg = f"{where} does not accept our credentials; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
                raise Halt(msg) from None
            if isinstance(error, ClientError) and said in {Meaning.NOT_DONE, Meaning.LOST}:
                msg = f"{where} is busy: {error.response.get('Error', {}).get('Code')}"
                raise Transient(msg) from error
            msg = f"{where} does not answer ({type(error).__name__}); start it or correct AWS_ENDPOINT_URL"
            raise Halt(msg) from None

    def account(self) -> str:
        """The number of the account that our credentials belong to. One request."""
        with translated("ask for the account number", write=False):
            return str(self.sts.get_caller_identity()["Account"])

    def complete(self, names: Names) -> Names:
        """The names with the account's number, asked for when it is not given."""
        return names if names.account else replace(names, account=self.account())


def open_aws() -> Aws:
    """The configured clients; no request is made yet. Raises BadInput when the AWS settings themselves are wrong."""
    with _settings_that_work():
        session = boto3.session.Session()
        made = {name: _client(session, name) for name in ("dynamodb", "sqs", "s3", "sts")}
        probe = _client(session, "dynamodb", attempts=1)
    for client in made.values():
        watch_attempts(client)
    return Aws(region=_region(session), endpoint=_shown(probe.meta.endpoint_url), **made, _probe=probe)


def open_client(name: str, *, attempts: int = ATTEMPTS, read_timeout_s: float = READ_TIMEOUT_S) -> Any:
    """One more client, of a service that few need, with a session of its own. Raises BadInput as ``open_aws`` does."""
    with _settings_that_work():
        return _client(boto3.session.Session(), name, attempts, read_timeout_s)


@contextmanager
def _settings_that_work() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ValueError) as error:
        said = without_password(str(error))
        msg = f"the AWS settings do not work: {said}; see AWS_ENDPOINT_URL, AWS_PROFILE, AWS_REGION"
        raise BadInput(msg) from None


def _region(session: boto3.session.Session) -> str:
    return session.region_name or DEFAULT_REGION


def _client(
    session: boto3.session.Session, name: str, attempts: int = ATTEMPTS, read_timeout_s: float = READ_TIMEOUT_S
) -> Any:
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=read_timeout_s,
        retries={"mode": "standard", "total_max_attempts": attempts},
        max_pool_connections=POOL,
        s3={"addressing_style": "path"},  # a stand-in's host name has no sub-domains for buckets
    )
    return session.client(name, region_name=_region(session), config=config)  # type: ignore[call-overload]


def _shown(url: str) -> str:
    """An endpoint as it may be shown: without user, password or query."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.hostname}" + (f":{parts.port}" if parts.port else "")
