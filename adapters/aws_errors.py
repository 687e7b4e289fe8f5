"""Every error of botocore in our words: who acts.

Transient when nothing happened (throttled, no connection), or when something was only read. Unknown when a write may
have happened: the reply was lost, in the last attempt or in one before it that botocore tried again by itself.
Conflict when a condition of the write did not hold. Rejected when the thing asked for is not there. Halt for all that
only a person can put right: credentials, permissions, settings, a request that is wrong in itself.

The texts are ours where AWS's own would quote a signed request (and with it a token).
Source: botocore.exceptions; the error lists of the service models of DynamoDB, SQS and S3 (tests hold them complete).
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from enum import Enum
from typing import Any

from botocore.client import BaseClient
from botocore.exceptions import BotoCoreError, ClientError

from trading.errors import Conflict, Halt, Rejected, TradingError, Transient, Unknown


class Meaning(Enum):
    """What an error says about the request."""

    NOT_DONE = "nothing happened; try again"
    LOST = "no clear answer"
    CONFLICT = "somebody else wrote first"
    REFUSED = "refused"
    IDENTITY = "credentials or permissions"
    WRONG = "needs a person"


def _table(rows: Mapping[Meaning, str]) -> dict[str, Meaning]:
    return {name: meaning for meaning, names in rows.items() for name in names.split()}


EXCEPTIONS = _table({
    Meaning.NOT_DONE: """ConnectTimeoutError EndpointConnectionError ProxyConnectionError CapacityNotAvailableError""",
    Meaning.LOST: """
        ConnectionClosedError ConnectionError HTTPClientError IncompleteReadError ReadTimeoutError
        ResponseStreamingError ChecksumError FlexibleChecksumError PaginationError SSLError WaiterError""",
    Meaning.IDENTITY: """
        CredentialRetrievalError LoginAuthorizationCodeError LoginError LoginInsufficientPermissions
        LoginRefreshRequired LoginTokenLoadError MetadataRetrievalError NoAuthTokenError NoCredentialsError
        PartialCredentialsError ProfileNotFound RefreshWithMFAUnsupportedError SSOError SSOTokenLoadError
        TokenRetrievalError UnauthorizedSSOTokenError UnknownCredentialError UnknownTokenProviderError""",
    Meaning.WRONG: """
        BotoCoreError AliasConflictParameterError ApiVersionNotFoundError AwsChunkedWrapperError
        BaseEndpointResolverError ConfigNotFound ConfigParseError DataNotFoundError EndpointDiscoveryException
        EndpointDiscoveryRefreshFailed EndpointDiscoveryRequired EndpointProviderError EndpointResolutionError
        EndpointVariantError InfiniteLoopConfigError InvalidChecksumConfigError InvalidConfigError
        InvalidDNSNameError InvalidDefaultsMode InvalidEndpointConfigurationError
        InvalidEndpointDiscoveryConfigurationError InvalidExpressionError InvalidHostLabelError
        InvalidIMDSEndpointError InvalidIMDSEndpointModeError InvalidMaxRetryAttemptsError
        InvalidProxiesConfigError InvalidRegionError InvalidRetryConfigurationError InvalidRetryModeError
        InvalidS3AddressingStyleError InvalidS3UsEast1RegionalEndpointConfigError
        InvalidSTSRegionalEndpointsConfigError MD5UnavailableError MissingDependencyException
        MissingParametersError NoRegionError OperationNotPageableError ParamValidationError RangeError
        ResourceNotExistsError ServiceNotInRegionError StubAssertionError StubResponseError
        UnStubbedResponseError UnknownAPIVersionError UnknownClientMethodError UnknownEndpointError
        UnknownEndpointResolutionBuiltInName UnknownFIPSEndpointError UnknownKeyError UnknownParameterError
        UnknownRegionError UnknownServiceError UnknownServiceStyle UnknownSignatureVersionError
        UnseekableStreamError UnsupportedOutpostResourceError UnsupportedS3AccesspointConfigurationError
        UnsupportedS3ArnError UnsupportedS3ConfigurationError UnsupportedS3ControlArnError
        UnsupportedS3ControlConfigurationError UnsupportedServiceProtocolsError
        UnsupportedSignatureVersionError ValidationError WaiterConfigError""",
})  # fmt: skip
"""Every class of botocore's own errors, by name."""

CODES = _table({
    Meaning.NOT_DONE: """
        LimitExceededException ProvisionedThroughputExceededException RequestLimitExceeded ThrottlingException
        Throttling ThrottledException TooManyRequestsException RequestThrottled RequestThrottledException SlowDown
        TransactionConflictException ReplicatedWriteConflictException OverLimit KmsThrottled
        QueueDeletedRecently AWS.SimpleQueueService.QueueDeletedRecently OperationAborted ConflictException
        PurgeQueueInProgress AWS.SimpleQueueService.PurgeQueueInProgress
        BackupInUseException ResourceInUseException TableInUseException""",
    Meaning.LOST: """
        InternalServerError InternalError InternalFailure InternalServiceError ServiceUnavailable
        ServiceUnavailableException RequestTimeout RequestTimeoutException TransactionInProgressException""",
    Meaning.CONFLICT: """
        ConditionalCheckFailedException TransactionCanceledException DuplicateItemException PreconditionFailed
        ConditionalRequestConflict InvalidWriteOffset 412""",
    Meaning.REFUSED: """
        NoSuchKey NotFound 404 NoSuchUpload NoSuchVersion NoSuchAnnotation
        MessageNotInflight AWS.SimpleQueueService.MessageNotInflight
        ReceiptHandleIsInvalid InvalidObjectState ObjectNotInActiveTierError ObjectAlreadyInActiveTierError
        BackupNotFoundException ExportNotFoundException ImportNotFoundException
        BucketAlreadyOwnedByYou QueueNameExists QueueAlreadyExists TableAlreadyExistsException
        GlobalTableAlreadyExistsException ReplicaAlreadyExistsException
        ExportConflictException ImportConflictException""",
    Meaning.IDENTITY: """
        AccessDenied AccessDeniedException AuthFailure ExpiredToken ExpiredTokenException IncompleteSignature
        IncompleteSignatureException InvalidAccessKeyId InvalidClientTokenId InvalidSecurity InvalidSignatureException
        InvalidToken KmsAccessDenied MissingAuthenticationToken MissingAuthenticationTokenException NotAuthorized
        OptInRequired RequestExpired RequestTimeTooSkewed SignatureDoesNotMatch UnauthorizedOperation
        UnrecognizedClientException 401 403 Forbidden""",
    Meaning.WRONG: """
        ResourceNotFoundException TableNotFoundException IndexNotFoundException NoSuchBucket QueueDoesNotExist
        AWS.SimpleQueueService.NonExistentQueue GlobalTableNotFoundException ReplicaNotFoundException
        PolicyNotFoundException BucketAlreadyExists ValidationException ValidationError SerializationException
        IdempotentParameterMismatchException IdempotencyParameterMismatch ItemCollectionSizeLimitExceededException
        ContinuousBackupsUnavailableException PointInTimeRecoveryUnavailableException InvalidExportTimeException
        InvalidRestoreTimeException BatchEntryIdsNotDistinct BatchRequestTooLong EmptyBatchRequest InvalidAddress
        InvalidAttributeName InvalidAttributeValue InvalidBatchEntryId InvalidIdFormat InvalidMessageContents
        KmsDisabled KmsInvalidKeyUsage KmsInvalidState KmsNotFound KmsOptInRequired TooManyEntriesInBatchRequest
        UnsupportedOperation UnknownOperationException InvalidAction MissingParameter InvalidParameterValue
        AnnotationLimitExceeded AnnotationNameTooLong EncryptionTypeMismatch InvalidAnnotationName InvalidPrefix
        InvalidRequest InvalidArgument InvalidBucketName TooManyParts UnsupportedMediaType EntityTooLarge
        PermanentRedirect AuthorizationHeaderMalformed IllegalLocationConstraintException MethodNotAllowed""",
})  # fmt: skip
"""Error codes of the services, and those every AWS endpoint may answer with."""


NOT_MADE = frozenset({
    "ResourceNotFoundException", "TableNotFoundException", "NoSuchBucket",
    "QueueDoesNotExist", "AWS.SimpleQueueService.NonExistentQueue",
})  # fmt: skip
"""Codes that say a table, queue or bucket of ours was never made."""


class _Attempts(threading.local):
    """Whether an attempt of the call under way in this thread was lost before botocore tried again."""

    lost = False


_attempts = _Attempts()


def watch_attempts(client: BaseClient) -> None:
    """Notice lost attempts of a client: after one, a later clear "no" says nothing about the first."""

    def note(response: Any = None, caught_exception: Exception | None = None, **_: Any) -> None:
        failed = caught_exception is not None and meaning(caught_exception) is Meaning.LOST
        status = 0 if response is None else response[0].status_code
        _attempts.lost = _attempts.lost or failed or status >= 500

    client.meta.events.register("needs-retry", note)


def reply_was_lost() -> bool:
    """Whether, in this thread's call under way, an attempt before the last one got no answer."""
    return _attempts.lost


def meaning(error: Exception) -> Meaning:
    """What an error of botocore says. A class or code that nobody has thought of needs a person."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "")
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        return CODES.get(code, Meaning.LOST if status >= 500 else Meaning.WRONG)
    names = [kind.__name__ for kind in type(error).__mro__]
    return next((EXCEPTIONS[name] for name in names if name in EXCEPTIONS), Meaning.WRONG)


@contextmanager
def translated(doing: str, *, write: bool) -> Iterator[None]:
    """Run one call of a client; what it raises comes out as Transient, Unknown, Rejected, Conflict or Halt.

    doing:  the call in words, for the message: ``read trade TRD-1``.
    write:  whether it changes anything: only then can a lost reply be Unknown.
    """
    _attempts.lost = False
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        said = meaning(error)
        # The chain is cut where the original text may quote a signed request, or an endpoint with a password.
        quotes = said is Meaning.IDENTITY or "@" in str(error)
        raise _ours(said, doing, error, write=write) from (None if quotes else error)


def _ours(said: Meaning, doing: str, error: BotoCoreError | ClientError, *, write: bool) -> TradingError:
    text = f"could not {doing}: {_words(error)}"
    if said in {Meaning.NOT_DONE, Meaning.LOST}:
        if write and (said is Meaning.LOST or _attempts.lost):
            return Unknown(f"{text}; it may have been written")
        return Transient(text)
    if said is Meaning.CONFLICT:
        return Conflict(text)
    if said is Meaning.REFUSED:
        return Rejected(text)
    if said is Meaning.IDENTITY:
        kind = type(error).__name__ if isinstance(error, BotoCoreError) else _code(error)
        return Halt(f"could not {doing}: AWS does not accept our credentials or permissions ({kind}); check them")
    return Halt(text)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", "no code"))


def _words(error: BotoCoreError | ClientError) -> str:
    """One short line of what was said."""
    if isinstance(error, ClientError):
        said = str(error.response.get("Error", {}).get("Message", ""))
        hint = "; `trader init` makes what a desk needs" if _code(error) in NOT_MADE else ""
        return f"{_code(error)}: {said}".splitlines()[0][:300] + hint
    return f"{type(error).__name__}: {without_password(str(error))}".splitlines()[0][:300]


def without_password(text: str) -> str:
    """A text whose addresses show no user and password."""
    return re.sub(r"//[^/@\s]+@", "//", text)
