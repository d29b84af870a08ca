"""Settings that work, but that an operator has to know of: told at start and by `bursar doctor`."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from bursar.settings import Settings

_PREFIX: Final = "BURSAR_"
_WIDEST: Final = {4: 8, 6: 16}
"""The shortest prefix of a network that may be one operator's own."""
_FEWEST_CHARACTERS: Final = 8


@dataclass(frozen=True, slots=True)
class UnsafeSetting:
    name: str
    """Of the variable, such as `BURSAR_PUBLIC_URL`."""
    problem: str
    """A sentence that says what to do, and quotes no value."""

    def __str__(self) -> str:
        return f"{self.name}: {self.problem}"


def unsafe_settings(settings: Settings, given: Iterable[str]) -> list[UnsafeSetting]:
    """`given` are the names of all variables and settings that somebody has set: see
    `given_names`."""
    found = (
        *_unknown(given),
        *_urls(settings),
        *_openness(settings),
        *_demonstrations(settings),
        *_secrets(settings),
        *_mail(settings),
    )
    told = [UnsafeSetting(f"{_PREFIX}{name}", problem) for name, problem in found]
    return [*told, *_proxies(settings)]


def given_names(environment: Mapping[str, str], toml: Path | None = None) -> list[str]:
    """As variables, also those of the file, which is that of the working folder by default."""
    variables = [name.upper() for name in environment if name.upper().startswith(_PREFIX)]
    file = toml or Path(str(Settings.model_config.get("toml_file")))
    in_file = tomllib.loads(file.read_text()) if file.exists() else {}
    return [*variables, *(f"{_PREFIX}{name}".upper() for name in in_file)]


def is_loopback(host: str) -> bool:
    """Whether only programs on this machine reach the host. A name other than localhost is not
    looked up, and counts as reachable."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _unknown(given: Iterable[str]) -> Iterator[tuple[str, str]]:
    known = [name.upper() for name in Settings.model_fields]
    # Without what all begin with: it would make every name a near one.
    for name in sorted({each.removeprefix(_PREFIX) for each in given} - set(known)):
        near = get_close_matches(name, known, 1)
        advice = f" Did you mean {_PREFIX}{near[0]}?" if near else ""
        yield (
            name.removeprefix(_PREFIX),
            f"There is no such setting.{advice}",
        )


def _urls(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, url in (
        ("PUBLIC_URL", settings.public_url),
        ("LMS_PUBLIC_URL", settings.lms_public_url),
        ("LMS_REGISTER_URL", settings.lms_register_url),
    ):
        parts = urlsplit(url)
        host = parts.hostname or ""
        if url and (parts.scheme not in {"http", "https"} or not host):
            yield name, "It is no http:// or https:// URL: links that begin with it lead nowhere."
        elif parts.scheme == "http" and not is_loopback(host):
            yield name, "It is without encryption: use https:// and a certificate."
    parts = urlsplit(settings.lms_url)
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        yield "LMS_URL", "The secret of the LMS is sent without encryption: use https://."


NO_PROXIES: Final = UnsafeSetting(
    f"{_PREFIX}TRUSTED_PROXIES",
    "None is named, although others reach this server. Behind a proxy all of them share the limits "
    "of its address, and one who guesses secrets keeps the others from their tokens. Name the "
    "addresses of your proxies; without any, name 127.0.0.1.",
)


def _proxies(settings: Settings) -> Iterator[UnsafeSetting]:
    host = urlsplit(settings.public_url).hostname
    if host and not is_loopback(host) and not settings.trusted_proxies:
        yield NO_PROXIES


def _openness(settings: Settings) -> Iterator[tuple[str, str]]:
    if any(map(_is_anybody, settings.proxy_networks)):
        problem = (
            "It trusts nearly every address: whoever asks can claim to be somebody else. Name the "
            "addresses of your own proxies."
        )
        yield "TRUSTED_PROXIES", problem
    if "*" in settings.cors_origins:
        yield "CORS_ORIGINS", "Every web page may call the API: name the origins that need it."


def _is_anybody(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen < _WIDEST[network.version]


def _demonstrations(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.embedded_lms and not is_loopback(urlsplit(settings.public_url).hostname or ""):
        yield (
            "EMBEDDED_LMS",
            "Everybody who reaches this server may act for every learner at /lms/. It is for "
            "demonstrations on one machine: turn it off.",
        )


def _secrets(settings: Settings) -> Iterator[tuple[str, str]]:
    if any(len(set(secret)) < _FEWEST_CHARACTERS for secret in settings.secrets):
        problem = "It is easy to guess: take a random one, such as openssl rand -base64 32 prints."
        yield "SECRET_KEY", problem
    if settings.allow_weak_secrets:
        problem = "Secrets of clients may be short: take it away outside of demos and tests."
        yield "ALLOW_WEAK_SECRETS", problem


def _mail(settings: Settings) -> Iterator[tuple[str, str]]:
    if settings.smtp_allow_unencrypted_login:
        problem = (
            "The password of the mail server may be sent without encryption: use smtps:// or "
            "?starttls=required, and take it away."
        )
        yield "SMTP_ALLOW_UNENCRYPTED_LOGIN", problem
    if settings.smtp_url and settings.mail_from.rstrip(">").endswith("@localhost"):
        yield (
            "MAIL_FROM",
            "Mails have a sender at localhost, which most servers refuse.",
        )
