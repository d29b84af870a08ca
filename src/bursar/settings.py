"""Every setting, typed, with its default. Environment `BURSAR_*`, then `bursar.toml`."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationInfo, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from bursar.smtp_url import parse_sender, parse_smtp_url

SHORTEST_SECRET = 32


def _split(secrets: SecretStr) -> list[str]:
    return [each.strip() for each in secrets.get_secret_value().split(",") if each.strip()]


class Settings(BaseSettings):
    model_config = SettingsConfigDict(
        env_prefix="BURSAR_",
        toml_file="bursar.toml",
        frozen=True,
        extra="ignore",
        hide_input_in_errors=True,
    )

    database_url: str = ""
    """`sqlite:///PATH` or `postgresql://USER@HOST:PORT/DB`; empty: `.bursar/bursar.db` here."""
    public_url: str = ""
    """Root of absolute links; empty: the host of the request."""
    default_format: Literal["xml", "json"] = "xml"
    """What a caller gets who does not say what it wants; a client may have its own."""
    service_paths: bool = True
    """Whether `/api/v1/...`, the paths of the services behind api.edx.org, are served too."""
    lms_public_url: str = "http://localhost:18000"
    """Root of enrolment links."""
    secret_key: SecretStr = SecretStr("")
    """Seals the signing keys; several, separated by commas: the first seals, each opens."""
    token_ttl: int = Field(default=3600, ge=1, le=31_536_000)
    """Seconds an access token lives."""
    token_issuer: str = "bursar"  # noqa: S105 - a name
    token_audience: str = "bursar"  # noqa: S105 - a name
    signing_key_days: int = Field(default=90, ge=1)
    """Days a signing key signs before the next one takes over."""
    token_failures_per_minute: int = Field(default=30, ge=1)
    """Failed token requests allowed a minute for one client id and address."""
    trusted_proxies: Annotated[list[str], NoDecode] = []
    """Whose `X-Forwarded-For` is believed, addresses or networks; empty: nobody's."""
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
    drain_seconds: float = Field(default=0, ge=0, le=300)
    """How long a server that is told to stop says so at `/ready`, and still answers."""
    refresh_inline_limit: int = Field(default=10_000, ge=0)
    """Membership changes above this many documents become a durable job."""
    price_tolerance_percent: int = Field(default=5, ge=0, le=100)
    """How far a given price may be from the canonical one when learner credit is allocated."""
    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_format: Literal["json", "text"] = "json"
    smtp_url: str = ""
    """The server that sends mail; empty: mail is kept, and counts as delivered."""
    smtp_timeout: float = Field(default=30, gt=0, le=600)
    """Seconds to wait for each answer of the mail server."""
    mail_from: str = "Bursar <no-reply@localhost>"
    lms_url: str = ""
    """Root of the Open edX LMS that enrols learners; empty: Bursar itself is the LMS."""
    lms_client_id: str = Field(default="", validate_default=True)
    lms_client_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    lms_timeout: float = Field(default=10, gt=0, le=300)
    """Seconds for one try of a call to the LMS."""
    lms_attempts: int = Field(default=4, ge=1, le=20)
    lms_connections: int = Field(default=4, ge=1, le=64)
    """Calls to the LMS at the same time, in each process."""

    @field_validator("cors_origins", "trusted_proxies", mode="before")
    @classmethod
    def _split_list(cls, value: object) -> object:
        if isinstance(value, str):
            return [each.strip() for each in value.split(",") if each.strip()]
        return value

    @field_validator("secret_key")
    @classmethod
    def _is_long_enough(cls, value: SecretStr) -> SecretStr:
        if any(len(secret) < SHORTEST_SECRET for secret in _split(value)):
            raise ValueError(f"must have at least {SHORTEST_SECRET} characters")
        return value

    @field_validator("trusted_proxies")
    @classmethod
    def _are_networks(cls, value: list[str]) -> list[str]:
        try:
            for each in value:
                ip_network(each)
        except ValueError:
            raise ValueError("must be addresses or networks, such as 10.0.0.0/8") from None
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

    @field_validator("lms_url")
    @classmethod
    def _is_a_root(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
        ):
            raise ValueError("must begin with http:// or https:// and name a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold no credentials, query or fragment")
        return value.rstrip("/")

    @field_validator("lms_client_id", "lms_client_secret")
    @classmethod
    def _comes_with_an_lms(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        if info.data.get("lms_url") and not value:
            raise ValueError("is needed when BURSAR_LMS_URL is set")
        return value

    @field_validator("smtp_url")
    @classmethod
    def _names_a_mail_server(cls, value: str) -> str:
        if value:
            parse_smtp_url(value)
        return value

    @field_validator("mail_from")
    @classmethod
    def _is_a_sender(cls, value: str) -> str:
        parse_sender(value)
        return value

    @field_validator("public_url", "lms_public_url")
    @classmethod
    def _without_trailing_slash(cls, value: str) -> str:
        return value.rstrip("/")

    @property
    def proxy_networks(self) -> list[IPv4Network | IPv6Network]:
        return [ip_network(each) for each in self.trusted_proxies]

    @property
    def secrets(self) -> list[str]:
        return _split(self.secret_key)

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
