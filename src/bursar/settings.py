"""Every setting with its type and default. `BURSAR_*` in the environment wins over
`bursar.toml`."""

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
    database_wait: float = Field(default=60, ge=0, le=3600)
    """Seconds that `serve` and `worker` wait at their start for a database that is not there."""
    direct_database_url: str = ""
    """The database itself, for workers and commands, when `database_url` is that of a connection
    pooler; empty: there is no pooler."""
    replica_url: str = ""
    """A streaming standby that may serve catalogs, lists, reports and exports; empty: none."""
    replica_lag: float = Field(default=1, gt=0, le=3600)
    """Seconds by which the data of the standby may be older than those of the primary."""
    public_url: str = ""
    """The beginning of absolute links; empty: the host of the request, and none in mails."""
    default_format: Literal["xml", "json"] = "xml"
    """The format of answers to requests that name none. A client may have its own default."""
    service_paths: bool = True
    """Whether the paths of the services behind api.edx.org, `/api/v1/...`, are served too."""
    lms_public_url: str = "http://localhost:18000"
    """The beginning of enrollment links."""
    listed_keys: Literal["all", "reference"] = "all"
    """`reference`: documents in listings are not given `content_type` and `aggregation_key`."""
    partner: str = Field(default="edx", min_length=1)
    """The partner of content documents that name none, for content filters."""
    secret_key: SecretStr = SecretStr("")
    """Encrypts the signing keys. Of several, separated by commas, the first encrypts and each
    decrypts."""
    allow_weak_secrets: bool = False
    """Whether manifests may declare client secrets of fewer than 16 characters."""
    token_ttl: int = Field(default=3600, ge=1, le=31_536_000)
    """Seconds that an access token is valid."""
    token_issuer: str = "bursar"  # noqa: S105 - a name
    token_audience: str = "bursar"  # noqa: S105 - a name
    signing_key_days: int = Field(default=90, ge=1)
    """Days after which a new key signs tokens."""
    token_failures_per_minute: int = Field(default=30, ge=1)
    """Failed token requests allowed a minute for one client id and address."""
    token_failures_per_address: int = Field(default=30, ge=1)
    """Failed token requests allowed a minute for one address, whatever the client ids."""
    token_failures_in_all: int = Field(default=120, ge=1)
    """With more failed token requests a minute, each address may fail only once."""
    token_queue: int = Field(default=64, ge=2)
    """Token requests that may wait in one web process, half of them from one address."""
    refusals_before_delay: int = Field(default=20, ge=1)
    """Refused requests of one address without a good token in ten seconds, before answers to
    further ones are delayed by a second."""
    trusted_proxies: Annotated[list[str], NoDecode] = []
    """Addresses or networks of proxies whose `X-Forwarded-For` is trusted; empty: none."""
    rate_limit: str = ""
    """Requests for one client and process, such as `600/minute`; empty: no limit."""
    max_body_bytes: int = Field(default=10 * 1024 * 1024, ge=1)
    slowest_transfer: int = Field(default=4_000, ge=1)
    """Bytes a second that a client has to send of a body, or to take of an answer that is made
    while it is sent. Slower ones are cut after a while."""
    idempotency_hours: int = Field(default=24, ge=1)
    """Hours that an answer is stored for its Idempotency-Key."""
    cors_origins: Annotated[list[str], NoDecode] = []
    """Origins allowed by CORS, separated by commas; empty: CORS is off."""
    page_cache_bytes: int = Field(default=24 * 1024 * 1024, ge=0)
    """Bytes of memory for cached catalog pages in each web process."""
    threads: int = Field(default=8, ge=1, le=256)
    """Threads, and database connections, for reading in each web process."""
    lock_timeout: float = Field(default=5, gt=0, le=300)
    """Seconds that a request waits for a lock that another transaction holds."""
    statement_timeout: float = Field(default=30, gt=0, le=3600)
    """Seconds that one statement of a request may take, on PostgreSQL."""
    drain_seconds: float = Field(default=0, ge=0, le=300)
    """Seconds for which a server that is told to stop answers 503 at `/ready` before it stops."""
    worker_metrics: str = Field(default="", pattern=r"^$|^.+:\d{1,5}$")
    """The address, as in `127.0.0.1:9101`, at which a worker answers `/metrics`. Empty: nowhere."""
    refresh_inline_limit: int = Field(default=10_000, ge=0)
    """With more documents than this, a durable job evaluates a new filter."""
    mail_days: int = Field(default=90, ge=0)
    """Days that the text of a mail is kept; 0: for ever. The same for all that follow."""
    event_days: int = Field(default=90, ge=0)
    """Days that an event keeps its object as the API showed it."""
    audit_days: int = Field(default=730, ge=0)
    """Days that events, audit entries and mails without their texts are kept."""
    bulk_days: int = Field(default=180, ge=0)
    """Days that bulk enrollments, bulk changes and course enrollments are kept once they ended."""
    price_tolerance_percent: int = Field(default=5, ge=0, le=100)
    """How far the price in an allocation may be from the canonical price, in percent."""
    backups: str = ""
    """A pattern of the files that your backups are, such as `/backup/bursar-*.dump`, whose age
    `bursar doctor` checks; empty: it does not know of any."""
    backup_hours: float = Field(default=26, gt=0)
    """How old the newest backup may be."""
    log_level: str = "INFO"
    """`DEBUG`, `INFO`, `WARNING` or `ERROR`."""
    log_format: Literal["json", "text"] = "json"
    smtp_url: str = ""
    """The server that sends mail; empty: mail is stored only, and counts as delivered."""
    smtp_timeout: float = Field(default=30, gt=0, le=600)
    """Seconds to wait for each answer of the mail server."""
    smtp_allow_unencrypted_login: bool = False
    """Whether the password may be sent to a mail server that offers no encryption."""
    mail_from: str = "Bursar <no-reply@localhost>"
    webhook_allow: Annotated[list[str], NoDecode] = []
    """Networks, addresses and hosts, separated by commas, that webhooks may reach although they are
    not public, also over http; empty: none."""
    console_name: str = Field(default="Bursar", min_length=1, max_length=40)
    """What the console calls this installation."""
    console_accent: str = Field(default="#3b5bdb", pattern=r"^#[0-9a-fA-F]{6}$")
    """The colour of links and actions in the console, as `#rrggbb`. It is made lighter or darker
    where it could not be read."""
    console_require_totp: bool = False
    """Whether everybody has to set up a second factor before anything else in the console."""
    templates: str = ""
    """A folder with templates of your own: `claim/` for the pages of learners. Empty: none."""
    spool_folder: str = ""
    """Where the files of scheduled reports are made; empty: where this machine has its temporary
    files."""
    report_mail_mb: int = Field(default=10, ge=1, le=100)
    """Megabytes that the file of a report may have which is sent by mail."""
    embedded_lms: bool = False
    """Whether `/lms/` shows a small LMS, in which everybody may act for everybody: for
    demonstrations."""
    lms_url: str = ""
    """The URL of the Open edX LMS in which learners are enrolled; empty: only Bursar keeps
    enrollments."""
    lms_register_url: str = ""
    """Where learners without an account in the LMS register; empty: `/register` of
    `lms_public_url`."""
    lms_client_id: str = Field(default="", validate_default=True)
    lms_client_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    lms_timeout: float = Field(default=10, gt=0, le=300)
    """Seconds that one attempt of a call to the LMS may take."""
    lms_attempts: int = Field(default=4, ge=1, le=20)
    lms_connections: int = Field(default=4, ge=1, le=64)
    """Concurrent calls to the LMS in each process."""
    progress_every: int = Field(default=3600, ge=0, le=86_400)
    """Seconds after which the progress in a course run is pulled from the LMS again; 0: only when
    `bursar run pull-progress` is called."""
    progress_per_minute: int = Field(default=180, ge=1, le=100_000)
    """Requests a minute with which progress is pulled."""
    discovery_url: str = ""
    """The URL of the discovery service from which content is pulled; empty: content is imported
    only."""
    discovery_client_id: str = Field(default="", validate_default=True)
    """Of the client at the LMS whose tokens the discovery service takes; empty: `lms_client_id`."""
    discovery_client_secret: SecretStr = Field(default=SecretStr(""), validate_default=True)
    discovery_partner: str = ""
    """The short code of the partner whose search index is read; empty: that of all."""
    discovery_every: float = Field(default=1, ge=0.1, le=8760)
    """Hours between the beginnings of two runs, which ask for what was changed."""
    discovery_full_every: float = Field(default=7, ge=0.05, le=365)
    """Days between two full sweeps, which ask for everything."""
    discovery_max_removed_percent: int = Field(default=20, ge=0, le=100)
    """What a full sweep may remove of the stored documents. With more, it changes nothing."""
    discovery_per_hour: int = Field(default=200, ge=1, le=1_000_000)
    """Requests that the discovery service allows Bursar's account in an hour."""
    discovery_page_size: int = Field(default=100, ge=1, le=1000)
    """Documents that the discovery service is asked for at once."""
    discovery_timeout: float = Field(default=60, gt=0, le=80)
    """Seconds that one attempt at a page may take."""
    hook_queue: int = Field(default=100_000, ge=1)
    """What one LMS may have told that no worker has taken yet. More is refused."""

    @field_validator("cors_origins", "trusted_proxies", "webhook_allow", mode="before")
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

    @field_validator("webhook_allow")
    @classmethod
    def _are_networks_or_hosts(cls, value: list[str]) -> list[str]:
        for each in value:
            if "/" in each:
                try:
                    ip_network(each)
                except ValueError:
                    message = "must be networks such as 10.0.0.0/8, addresses or names of hosts"
                    raise ValueError(message) from None
            elif "*" in each or "@" in each or each.startswith("."):
                raise ValueError("names hosts one by one, such as hooks.internal, without *")
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
            from limits import parse  # noqa: PLC0415 - slow, and mostly not needed

            parse(value)
        return value

    @field_validator("lms_url", "discovery_url")
    @classmethod
    def _is_a_root(cls, value: str) -> str:
        parts = urlsplit(value)
        if value and (
            parts.scheme not in {"http", "https"} or not parts.hostname or parts.port == 0
        ):
            raise ValueError("must begin with http:// or https:// and name a host")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must not contain credentials, a query or a fragment")
        return value.rstrip("/")

    @field_validator("lms_client_id", "lms_client_secret")
    @classmethod
    def _comes_with_an_lms(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        if info.data.get("lms_url") and not value:
            raise ValueError("is required when BURSAR_LMS_URL is set")
        return value

    @field_validator("discovery_client_id", "discovery_client_secret")
    @classmethod
    def _comes_with_discovery(cls, value: str | SecretStr, info: ValidationInfo) -> str | SecretStr:
        known = info.data.get("lms_client_id") and not info.data.get("discovery_client_id")
        if info.data.get("discovery_url") and not value and not known:
            raise ValueError(
                "is required when BURSAR_DISCOVERY_URL is set, unless BURSAR_LMS_CLIENT_ID is"
            )
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
    def register_url(self) -> str:
        return self.lms_register_url or f"{self.lms_public_url}/register"

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
    """The settings of this process, which are read once and never change."""
    return Settings()
