"""Every error of AWS has a meaning, and none tells a secret."""

from __future__ import annotations

import pkgutil
import traceback
from importlib import import_module
from pathlib import Path

import botocore
import botocore.session
import pytest
from botocore import exceptions
from botocore.exceptions import BotoCoreError, ClientError, ReadTimeoutError

from adapters import aws_errors
from adapters.aws_errors import CODES, EXCEPTIONS, Meaning, meaning, translated
from trading.errors import Conflict, Halt, Rejected, TradingError, Transient, Unknown

PLANTED = "AKIAPLANTEDKEY"


def subclasses(kind):
    return {kind}.union(*(subclasses(below) for below in kind.__subclasses__()))


def coded(code, status=400, message="words"):
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, "Op"
    )


def raised(error, *, write):
    with pytest.raises(TradingError) as found, translated("do it", write=write):
        raise error
    return found.value


def test_every_exception_of_botocore_has_a_meaning():
    """A new release cannot bring an error that nobody has thought of."""
    for module in pkgutil.iter_modules(botocore.__path__, "botocore."):
        if not module.name.startswith("botocore.crt"):
            import_module(module.name)
    ours = {kind for kind in subclasses(BotoCoreError) if kind.__module__.startswith(("botocore", "boto3"))}
    assert {kind.__name__ for kind in ours} - EXCEPTIONS.keys() == set()
    known = {name for name in EXCEPTIONS if hasattr(exceptions, name)}
    assert len(known) > 80


@pytest.mark.parametrize("service", ["dynamodb", "sqs", "s3"])
def test_every_error_code_of_a_service_has_a_meaning(service):
    """All codes of the service's own model, by name and by wire code, are in the table."""
    shapes = botocore.session.get_session().get_service_model(service).error_shapes
    codes = {name for shape in shapes for name in (shape.name, shape.error_code)}
    assert codes - CODES.keys() == set()
    assert len(codes) > 15


def test_no_code_has_two_meanings():
    """A name stands once in its table."""
    text = Path(aws_errors.__file__).read_text(encoding="utf-8")
    table = text[text.index("CODES = ") : text.index('"""Error codes of the services')]
    names = [word for block in table.split('"""')[1::2] for word in block.split()]
    assert len(names) == len(set(names)) == len(CODES)


@pytest.mark.parametrize(
    ("error", "read", "write"),
    [
        (coded("ThrottlingException"), Transient, Transient),
        (coded("ProvisionedThroughputExceededException"), Transient, Transient),
        (coded("SlowDown", 503), Transient, Transient),
        (coded("InternalServerError", 500), Transient, Unknown),
        (coded("ServiceUnavailable", 503), Transient, Unknown),
        (coded("NeverHeardOf", 502), Transient, Unknown),
        (coded("NeverHeardOf", 400), Halt, Halt),
        (coded("ConditionalCheckFailedException"), Conflict, Conflict),
        (coded("NoSuchKey", 404), Rejected, Rejected),
        (coded("ResourceNotFoundException"), Halt, Halt),
        (coded("ValidationException"), Halt, Halt),
        (coded("AccessDeniedException", 403), Halt, Halt),
        (ReadTimeoutError(endpoint_url="x"), Transient, Unknown),
        (exceptions.ConnectionClosedError(endpoint_url="x"), Transient, Unknown),
        (exceptions.EndpointConnectionError(endpoint_url="x"), Transient, Transient),
        (exceptions.ConnectTimeoutError(endpoint_url="x"), Transient, Transient),
        (exceptions.NoCredentialsError(), Halt, Halt),
        (exceptions.ParamValidationError(report="x"), Halt, Halt),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)[:50]),
)
def test_an_error_says_who_acts(error, read, write):
    """Only a write whose answer was lost is Unknown; the rest is retried, dropped or given to a person."""
    assert type(raised(error, write=False)) is read
    assert type(raised(error, write=True)) is write


def test_an_error_of_a_class_of_tomorrow_needs_a_person():
    """What is not in the table is never taken for nothing."""

    class NewError(BotoCoreError):
        fmt = "new"

    assert meaning(NewError()) is Meaning.WRONG
    assert type(raised(NewError(), write=True)) is Halt


def test_our_own_errors_pass():
    """Halt and its kin are not translated again."""
    with pytest.raises(Conflict, match="mine"), translated("do it", write=True):
        raise Conflict("mine")


@pytest.mark.parametrize("code", [code for code, said in CODES.items() if said is Meaning.IDENTITY])
def test_i25_a_refused_identity_quotes_no_key(code):
    """AWS's own text holds the key or the signed request; neither message nor traceback of ours does."""
    error = raised(coded(code, 403, f"The key {PLANTED} ... X-Amz-Security-Token:{PLANTED}"), write=True)
    assert PLANTED not in "".join(traceback.format_exception(error))
    assert error.__cause__ is None
    assert error.__suppress_context__
    assert code in str(error)


@pytest.mark.parametrize("kind", [exceptions.EndpointConnectionError, ReadTimeoutError, exceptions.ConnectTimeoutError])
def test_i25_an_endpoint_is_told_without_its_password(kind):
    """A user and password in the address reach neither message nor traceback."""
    error = raised(kind(endpoint_url=f"http://user:{PLANTED}@127.0.0.1:9/", error="refused"), write=False)
    assert PLANTED not in "".join(traceback.format_exception(error))
    assert "127.0.0.1:9" in str(error)


def test_a_message_is_one_short_line():
    """Whatever AWS says, an operator reads one line."""
    text = str(raised(coded("ValidationException", 400, "long\n" + "x" * 9_000), write=True))
    assert "\n" not in text
    assert len(text) < 400
