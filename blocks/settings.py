"""Every setting of ours, from ``TRADER_*`` variables. AWS and Prefect variables are honoured untouched."""

from __future__ import annotations

import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from blocks.settings_block import BlockSource
from trading.errors import BadInput

Url = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]+$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,30}$")]


Yen = Annotated[int, Field(ge=0, le=10**9)]
Pct = Annotated[Decimal, Field(ge=0, le=10)]


class Settings(BaseSettings):
    """One field per variable, which its description explains."""

    model_config = SettingsConfigDict(env_prefix="TRADER_", env_ignore_empty=True, frozen=True, extra="ignore")

    reads_block: ClassVar[bool] = True

    prefix: Name = Field("trader", description="Prefix of every table, queue and bucket.")
    desk: str = Field("embedded", description="Desk used when a command names none: embedded, paper or live.")
    strategy: Path | None = Field(None, description="JSON or TOML file whose keys override the default strategy.")
    state: Path = Field(Path(".trader"), description="Directory for what this machine keeps: runs, logs, reports.")
    binance_url: Url = Field("https://api.binance.com", description="Base of the Binance spot API.")
    binance_futures_url: Url = Field("https://fapi.binance.com", description="Base of the Binance futures API.")
    coincheck_url: Url = Field("https://coincheck.com", description="Base of the Coincheck API.")
    cryptopanic_url: Url = Field("https://cryptopanic.com", description="Base of the CryptoPanic API.")
    fear_greed_url: Url = Field("https://api.alternative.me", description="Base of the fear and greed API.")
    coingecko_url: Url = Field("https://api.coingecko.com", description="Base of the CoinGecko API.")
    slack_webhook_url: SecretStr | None = Field(None, description="Slack webhook; without it notices are only logged.")
    sagemaker_endpoint: str | None = Field(None, description="Name of the SageMaker forecast endpoint.")
    forecast_model: str | None = Field(
        None, description="Forecast model of this machine: path or s3:// URI of an ONNX file; unset: the one shipped."
    )
    forecast_concurrency: int = Field(
        6, ge=1, le=200, description="Most requests at the forecast endpoint at once, over all desks and machines."
    )
    cryptopanic_api_key: SecretStr | None = Field(None, description="CryptoPanic key; without it there are no news.")
    cryptopanic_plan: Literal["developer", "growth", "enterprise"] = Field(
        "developer", description="CryptoPanic plan that the key belongs to."
    )
    coingecko_api_key: SecretStr | None = Field(None, description="CoinGecko demo key; optional.")
    quality: Literal["expectations", "light"] = Field(
        "expectations",
        description="Engine of the data checks: great-expectations, or the light one for processes that live shortly.",
    )
    logs: Literal["text", "json"] = Field(
        "text", description="Form of the log on the console: text for people, one JSON object a line for machines."
    )
    secrets: Literal["environment", "aws"] = Field(
        "environment", description="aws: a secret that is not in the environment is read from AWS Secrets Manager."
    )
    task_runner: Literal["threads", "dask", "ray"] = Field(
        "threads", description="Where the steps of a large universe run: in this process, or on a Dask or Ray cluster."
    )
    task_runner_address: str | None = Field(
        None, description="Address of the Dask or Ray cluster; without it, worker processes of this machine."
    )
    redis_url: SecretStr | None = Field(None, description="Redis or Valkey URL of the hot tier; optional.")
    coincheck_access_key: SecretStr | None = Field(None, description="Coincheck access key (local use).")
    coincheck_secret_key: SecretStr | None = Field(None, description="Coincheck secret key (local use).")
    live: SecretStr | None = Field(None, description="Arms the live desk when it says I-accept-real-orders.")
    protective_stops: bool | None = Field(
        None, description="A stop order at the venue for every position; without a value: on the live desk only."
    )
    watchdog_stops_entries: bool | None = Field(
        None,
        description="The watchdog stops entries while positions are unwatched; without a value: on the live desk only.",
    )
    paper_jpy: Yen = Field(100_000, description="Yen a new paper account starts with.")
    paper_slippage_pct: Pct = Field(Decimal("0.05"), description="What a paper order pays beyond the best price.")
    paper_fee_pct: Pct = Field(Decimal(0), description="Fee of a paper order, percent of the yen that change hands.")
    work_pool: Literal["process", "ecs", "ecs:push"] = Field(
        "process",
        description="Where deployed flows run: on this machine, as ECS tasks, or as ECS tasks of Prefect Cloud.",
    )
    analysis: Literal["inside", "event"] = Field(
        "inside",
        description="Who starts an analysis that is due: the run that collected the candles, or Prefect by its event.",
    )
    settings_block: str | None = Field(
        None, description="Prefect block of the type trader-settings: what may stand there goes under the environment."
    )
    pairs_config: str | None = Field(None, description="TRADING_PAIRS_CONFIG: the pairs, as a JSON object.")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 (pydantic hands them in by name)
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment, then the block document that it names, then the defaults."""
        block = (BlockSource(settings_cls),) if cls.reads_block else ()
        return init_settings, env_settings, *block


class _OwnSettings(Settings):
    """The settings without the block."""

    reads_block: ClassVar[bool] = False


def load_settings(*, block: bool = True) -> Settings:
    """The settings of this process. Raises BadInput with one line that names the variable and the fault.

    block:  False for what has to work while Prefect does not, and so asks it nothing.
    """
    try:
        # Named without our prefix, and an empty value is a mistake to report, not "unset".
        given = os.environ.get("TRADING_PAIRS_CONFIG")
        kind = Settings if block else _OwnSettings
        return kind() if given is None else kind(pairs_config=given)
    except ValidationError as error:
        first = error.errors()[0]
        name = "_".join(str(part) for part in first["loc"]).upper()
        msg = f"TRADER_{name.removeprefix('TRADER_')}: {first['msg']}"
        raise BadInput(msg) from error
