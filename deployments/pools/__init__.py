"""The base job template of the work pool, for each kind of place that flows can run in.

The deployments' job variables fit all of them: what a kind does not use, it declares as not used.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from deployments.pools.settings import EcsSettings, load_ecs_settings
from trading.errors import BadInput

__all__ = ["KINDS", "POOL", "QUEUES", "EcsSettings", "raw_template", "template_of"]

POOL = "trader"
KINDS = ("process", "ecs", "ecs:push")
"""On this machine; as ECS tasks that a worker starts; as ECS tasks that Prefect Cloud starts, without a worker."""

QUEUES = {"money": 1, "market": 2, "keeping": 3}
"""The pool's work queues and their priority: 1 is served first."""

INTO = {
    "coincheck/credentials": {"TRADER_COINCHECK_ACCESS_KEY": "access_key", "TRADER_COINCHECK_SECRET_KEY": "secret_key"},
    "cryptopanic/api_key": {"TRADER_CRYPTOPANIC_API_KEY": ""},
    "slack/webhook_url": {"TRADER_SLACK_WEBHOOK_URL": ""},
}
"""Secret -> variables of the container, each with the key in the secret's JSON ("" takes the whole secret)."""


def template_of(kind: str, settings: EcsSettings | None = None) -> dict[str, Any]:
    """The base job template of a pool of this kind, with the account's values as the variables' defaults.

    settings: the account's values; read from the environment when left out, and only where the kind needs them.
    Raises BadInput for an unknown kind, or with one line that names the variables that are missing.
    """
    if kind not in KINDS:
        msg = f"there is no work pool type {kind!r}; TRADER_WORK_POOL is one of {', '.join(KINDS)}"
        raise BadInput(msg)
    template = raw_template(kind)
    if kind == "process":
        return template
    settings = settings or load_ecs_settings()
    variables = template["variables"]
    for name, value in _defaults(settings).items():
        variables["properties"][name]["default"] = value
    variables["required"] = [one for one in variables["required"] if "default" not in variables["properties"][one]]
    if kind == "ecs:push":
        _pushed(variables["properties"], settings)
    return template


def raw_template(kind: str) -> dict[str, Any]:
    """The template without the account's values: what can be known anywhere. A push pool takes that of a worker's."""
    name = {"process": "process.json"}.get(kind, "ecs.json")
    template: dict[str, Any] = json.loads((Path(__file__).parent / name).read_text())
    return template


def _defaults(settings: EcsSettings) -> dict[str, Any]:
    secrets = [
        {"name": name, "valueFrom": f"{settings.secrets[secret]}:{key}::" if key else settings.secrets[secret]}
        for secret, variables in INTO.items()
        if secret in settings.secrets
        for name, key in variables.items()
    ]
    return {
        "cluster": settings.cluster,
        "execution_role_arn": settings.execution_role_arn,
        "task_role_arn": settings.task_role_arn,
        "subnets": list(settings.subnets),
        "security_groups": list(settings.security_groups),
        "assign_public_ip": settings.assign_public_ip,
        "cpu_architecture": settings.cpu_architecture,
        "log_group": settings.log_group,
        "region": settings.region,
        "container_secrets": secrets,
        "prefect_api_key_secret_arn": settings.api_key_secret_arn,
    }


def _pushed(variables: dict[str, Any], settings: EcsSettings) -> None:
    """Nobody of ours starts the tasks of a push pool: Prefect Cloud does, with credentials that a block of it keeps."""
    if not settings.credentials_block_id:
        msg = "an ecs:push pool needs TRADER_ECS_CREDENTIALS_BLOCK_ID: its aws-credentials block on Prefect Cloud"
        raise BadInput(msg)
    variables["aws_credentials"]["default"] = {"$ref": {"block_document_id": settings.credentials_block_id}}
