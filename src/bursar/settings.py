"""Every setting, typed, with its default. Environment `BURSAR_*`, then `bursar.toml`."""

from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BURSAR_", toml_file="bursar.toml", frozen=True, extra="ignore"
    )

    database_url: str = ""
    """`sqlite:///PATH` or `postgresql://USER@HOST:PORT/DB`; empty: `.bursar/bursar.db` here."""
    public_url: str = ""
    """Root of absolute links; empty: the host of the request."""
    lms_public_url: str = "http://localhost:18000"
    """Root of enrolment links."""
    token_ttl: int = Field(default=3600, ge=1, le=31_536_000)
    """Seconds an access token lives."""
    token_issuer: str = "bursar"  # noqa: S105 - a name
    token_audience: str = "bursar"  # noqa: S105 - a name
    signing_key_days: int = Field(default=90, ge=1)
    """Days a signing key signs before the next one takes over."""
    token_failures_per_minute: int = Field(default=30, ge=1)
    """Failed token requests allowed a minute for one client id and address."""
    rate_limit: str = ""
    """Requests for one client and process, such as `600/minute`; empty: no limit."""
    max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1)
    idempotency_hours: int = Field(default=24, ge=1)
    """Hours an answer is kept for its Idempotency-Key."""
    cors_origins: Annotated[list[str], NoDecode] = []
    """Origins allowed by CORS, separated by commas; empty: CORS is off."""
    page_cache_bytes: int = Field(default=24 * 1024 * 1024, ge=0)
    """Memory for finished catalog pages in each web process."""
    threads: int = Field(default=8, ge=1, le=256)
    """Threads, and database connections, for reading in each web process."""
    refresh_inline_limit: int = Field(default=10_000, ge=0)
    """Membership changes above this many documents become a durable job."""
    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_format: Literal["json", "text"] = "json"
    # Accepted from the start, used by the domains that send mail and enrol learners.
    smtp_url: str = ""
    lms_url: str = ""

    @field_validator("cors_origins", mode="before")
    @classmethod
    def _split_origins(cls, value: object) -> object:
        if isinstance(value, str):
            return [origin.strip() for origin in value.split(",") if origin.strip()]
        return value

    @field_validator("log_level")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value.upper() not in {"DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"}:
            raise ValueError("must be DEBUG, INFO, WARNING or ERROR")
        return value.upper()

    @field_validator("rate_limit")
    @classmethod
    def _can_be_read(cls, value: str) -> str:
        if value:
            from limits import parse  # noqa: PLC0415 - slow, and most have no limit

            parse(value)
        return value

    @field_validator("public_url", "lms_public_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def effective_database_url(self) -> str:
        return self.database_url or f"sqlite:///{Path.cwd() / '.bursar' / 'bursar.db'}"

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """Read once a process; what is read never changes."""
    return Settings()
