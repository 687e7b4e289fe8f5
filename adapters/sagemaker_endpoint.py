"""The forecast endpoint's control plane: models, endpoint configurations, the endpoint, its artefact, the quota.

One call each; the order of them is the caller's (deployments/model/endpoint.py). Making what is there already and
removing what is not are successes: every name stands for its content.
Source: SageMaker API reference; an absent thing is a ValidationException "Could not find ...", not a code of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError

from adapters.aws import Aws, open_client
from adapters.aws_errors import translated, watch_attempts
from trading.errors import Halt, Rejected, Transient

READ_TIMEOUT_S = 30
VARIANT = "AllTraffic"
ABSENT = re.compile(r"could not find|does not exist|not found", re.IGNORECASE)
PRESENT = re.compile(r"already exist", re.IGNORECASE)
SHA256 = "sha256"
"""Key of an artefact's metadata: what was uploaded, whatever its parts."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint as SageMaker describes it. ``reason`` says why it failed, empty when it did not."""

    name: str
    status: str
    config: str
    reason: str


@dataclass(frozen=True, slots=True)
class EndpointConfig:
    """A serverless configuration: which model, how much memory, how many requests at once (0 = not serverless)."""

    name: str
    model: str
    memory_mb: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class ServiceQuota:
    """A quota of the account: its value, and the code to ask for more under."""

    name: str
    code: str
    value: int


class SageMakerControl:
    """Every call raises Transient, Unknown (asking again is harmless), Halt, or Rejected where it says so."""

    def __init__(self, aws: Aws, sagemaker: Any, quotas: Any) -> None:
        self._s3, self._sagemaker, self._quotas = aws.s3, sagemaker, quotas

    # ------------------------------------------------------------------------------------------------------- looking

    def endpoint(self, name: str) -> Endpoint | None:
        """The endpoint, None when there is none."""
        with _asking(f"look at endpoint {name}") as found:
            found.append(self._sagemaker.describe_endpoint(EndpointName=name))
        if not found:
            return None
        (told,) = found
        config = told.get("EndpointConfigName", "")  # an endpoint that never started may have none
        return Endpoint(name, told["EndpointStatus"], config, told.get("FailureReason", ""))

    def config(self, name: str) -> EndpointConfig | None:
        """The configuration, None when there is none."""
        with _asking(f"look at endpoint configuration {name}") as found:
            found.append(self._sagemaker.describe_endpoint_config(EndpointConfigName=name))
        if not found:
            return None
        variant = found[0]["ProductionVariants"][0]
        serverless = variant.get("ServerlessConfig") or {}
        return EndpointConfig(
            name, variant["ModelName"], serverless.get("MemorySizeInMB", 0), serverless.get("MaxConcurrency", 0)
        )

    def configs(self, part: str) -> list[str]:
        """Names of the configurations that contain this part."""
        return self._names("list_endpoint_configs", "EndpointConfigs", "EndpointConfigName", part)

    def models(self, part: str) -> list[str]:
        """Names of the models that contain this part."""
        return self._names("list_models", "Models", "ModelName", part)

    def _names(self, call: str, rows: str, key: str, part: str) -> list[str]:
        with translated(call.replace("_", " "), write=False):
            pages = self._sagemaker.get_paginator(call).paginate(NameContains=part)
            return sorted(row[key] for page in pages for row in page[rows] if part in row[key])

    # -------------------------------------------------------------------------------------------------------- making

    def make_model(self, name: str, *, image: str, role: str, data_url: str, environment: Mapping[str, str]) -> None:
        """A container image, the artefact it loads and the role it runs under."""
        with _making(f"make model {name}"):
            self._sagemaker.create_model(
                ModelName=name,
                PrimaryContainer={"Image": image, "ModelDataUrl": data_url, "Environment": dict(environment)},
                ExecutionRoleArn=role,
            )

    def make_config(self, config: EndpointConfig) -> None:
        """A serverless configuration with one variant."""
        with _making(f"make endpoint configuration {config.name}"):
            self._sagemaker.create_endpoint_config(
                EndpointConfigName=config.name,
                ProductionVariants=[
                    {
                        "VariantName": VARIANT,
                        "ModelName": config.model,
                        "ServerlessConfig": {"MemorySizeInMB": config.memory_mb, "MaxConcurrency": config.concurrency},
                    }
                ],
            )

    def make_endpoint(self, name: str, config: str) -> None:
        """Start to make the endpoint; it is there when its status is InService."""
        with _making(f"make endpoint {name}"):
            self._sagemaker.create_endpoint(EndpointName=name, EndpointConfigName=config)

    def move_endpoint(self, name: str, config: str) -> None:
        """Start to move the endpoint to another configuration; the old one answers until the new one does."""
        with _making(f"update endpoint {name}"):
            self._sagemaker.update_endpoint(EndpointName=name, EndpointConfigName=config)

    def upload(self, file: Path, uri: str, sha256: str) -> bool:
        """Store an artefact in parts; False when the same one is there. Raises Halt when there is no bucket."""
        bucket, _, key = uri.removeprefix("s3://").partition("/")
        with _asking(f"look at {uri}") as found:
            found.append(self._s3.head_object(Bucket=bucket, Key=key)["Metadata"].get(SHA256))
        if found == [sha256]:
            return False
        with _making(f"store {uri}"):
            try:
                self._s3.upload_file(str(file), bucket, key, ExtraArgs={"Metadata": {SHA256: sha256}})
            except S3UploadFailedError as error:
                if isinstance(error.__context__, BotoCoreError | ClientError):
                    raise error.__context__ from None
                raise Transient(f"could not store {uri}: the upload failed; run it again") from error
        return True

    # ------------------------------------------------------------------------------------------------------ removing

    def remove_endpoint(self, name: str) -> bool:
        """Start to remove it; whether there was one."""
        with _asking(f"remove endpoint {name}", write=True) as done:
            done.append(self._sagemaker.delete_endpoint(EndpointName=name))
        return bool(done)

    def remove_config(self, name: str) -> bool:
        """Remove it; whether there was one."""
        with _asking(f"remove endpoint configuration {name}", write=True) as done:
            done.append(self._sagemaker.delete_endpoint_config(EndpointConfigName=name))
        return bool(done)

    def remove_model(self, name: str) -> bool:
        """Remove it; whether there was one. Its artefact stays in the bucket."""
        with _asking(f"remove model {name}", write=True) as done:
            done.append(self._sagemaker.delete_model(ModelName=name))
        return bool(done)

    # --------------------------------------------------------------------------------------------------------- quota

    def serverless_quota(self) -> ServiceQuota:
        """Most requests at once over all serverless endpoints of the account. Raises Rejected when it is not listed."""
        for call in ("list_service_quotas", "list_aws_default_service_quotas"):
            with translated("read the SageMaker quotas", write=False):
                for page in self._quotas.get_paginator(call).paginate(ServiceCode="sagemaker"):
                    for quota in page["Quotas"]:
                        words = quota["QuotaName"].lower()
                        if "serverless" in words and "total concurrency" in words:
                            return ServiceQuota(quota["QuotaName"], quota["QuotaCode"], int(quota["Value"]))
        raise Rejected("Service Quotas lists no total concurrency of serverless endpoints")


def open_sagemaker(aws: Aws) -> SageMakerControl:
    """The clients of the same settings; no request is made yet. Raises BadInput when the settings are wrong."""
    made = [open_client(name) for name in ("sagemaker", "service-quotas")]
    for client in made:
        watch_attempts(client)
    return SageMakerControl(aws, *made)


@contextmanager
def _asking(doing: str, *, write: bool = False) -> Iterator[list[Any]]:
    """One call whose answer is put in the list; what is absent leaves it empty."""
    found: list[Any] = []
    with _making(doing, write=write):
        try:
            yield found
        except ClientError as error:
            code, words = _said(error)
            if code not in {"404", "NoSuchKey", "ResourceNotFound"} and not (
                code.startswith("Validation") and ABSENT.search(words)
            ):
                raise


@contextmanager
def _making(doing: str, *, write: bool = True) -> Iterator[None]:
    """One call; that a thing is there already is fine, and what only SageMaker says is put in our words."""
    with translated(doing, write=write):
        try:
            yield
        except ClientError as error:
            code, words = _said(error)
            if code == "ResourceLimitExceeded":
                msg = f"could not {doing}: {words}; `trader model quota` says which number to change"
                raise Halt(msg) from error
            if code == "ResourceInUse":
                raise Transient(f"could not {doing}: {words}; run it again when that is done") from error
            if not (code.startswith("Validation") and PRESENT.search(words)):
                raise


def _said(error: ClientError) -> tuple[str, str]:
    said = error.response.get("Error", {})
    return str(said.get("Code", "")), " ".join(str(said.get("Message", "")).split())[:300]
