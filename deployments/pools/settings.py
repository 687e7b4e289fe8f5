"""What only the AWS account knows, from ``TRADER_ECS_*`` variables; asked for when the pool runs on ECS, not before."""

from __future__ import annotations

import os
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from trading.errors import BadInput
from trading.tables import SECRETS

Role = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::\d{12}:role/\S+$")]
SecretArn = Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]+:\d{12}:secret:\S+$")]
Ids = Annotated[tuple[str, ...], NoDecode, Field(min_length=1)]
"""One id or several, with commas between them."""


class EcsSettings(BaseSettings):
    """One field per variable, which its description explains."""

    model_config = SettingsConfigDict(env_prefix="TRADER_ECS_", env_ignore_empty=True, frozen=True, extra="ignore")

    image: str = Field(description="Repository of the image, without a tag; the tag is the version deployed.")
    execution_role_arn: Role = Field(description="Role that pulls the image, reads the secrets and writes the log.")
    task_role_arn: Role = Field(description="Role of the flow itself: tables, queues, buckets.")
    subnets: Ids = Field(description="Subnets of the tasks, with commas between them.")
    security_groups: Ids = Field(description="Security groups of the tasks, with commas between them.")
    region: str = Field(description="Region of cluster and log; AWS_REGION or AWS_DEFAULT_REGION when left out.")
    cluster: str = Field("trader", description="Name or ARN of the ECS cluster.")
    assign_public_ip: Literal["ENABLED", "DISABLED"] = Field(
        "DISABLED", description="ENABLED in public subnets without a NAT gateway."
    )
    cpu_architecture: Literal["ARM64", "X86_64"] = Field("ARM64", description="What the image is built for.")
    log_group: str = Field("/ecs/trader", description="CloudWatch log group the containers write to.")
    secrets: dict[str, SecretArn] = Field(
        default_factory=dict,
        description='JSON object, secret to its full ARN: {"coincheck/credentials": "arn:..."}.',
    )
    api_key_secret_arn: SecretArn | None = Field(None, description="Secret with the API key of Prefect Cloud.")
    credentials_block_id: str | None = Field(
        None, description="Id of the aws-credentials block that a push pool starts tasks with; for ecs:push."
    )

    @field_validator("subnets", "security_groups", mode="before")
    @classmethod
    def _ids(cls, value: Any) -> Any:
        return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value

    @field_validator("secrets")
    @classmethod
    def _known(cls, value: dict[str, str]) -> dict[str, str]:
        if unknown := sorted(set(value) - set(SECRETS)):
            msg = f"there is no secret {', '.join(unknown)}; there are {', '.join(SECRETS)}"
            raise ValueError(msg)
        return value


def load_ecs_settings() -> EcsSettings:
    """The account's values of this process. Raises BadInput with one line that names every variable that is missing."""
    region = os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    given = {} if os.environ.get("TRADER_ECS_REGION") or not region else {"region": region}
    try:
        return EcsSettings(**given)  # type: ignore[arg-type]  # the rest comes from the environment
    except ValidationError as error:
        faults = error.errors()
        missing = [f"TRADER_ECS_{str(one['loc'][0]).upper()}" for one in faults if one["type"] == "missing"]
        if missing:
            msg = f"a pool on ECS needs {', '.join(missing)}; set them, or TRADER_WORK_POOL=process for this machine"
            raise BadInput(msg) from None
        msg = f"TRADER_ECS_{'_'.join(str(part) for part in faults[0]['loc']).upper()}: {faults[0]['msg']}"
        raise BadInput(msg) from None
