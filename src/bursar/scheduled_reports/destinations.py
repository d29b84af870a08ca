"""Destinations as they are stored, without what only the server's owner may know."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from bursar.scheduled_reports.commands import Destination, MailTo, SftpTo

_MAIL: Final = "email"
_SFTP: Final = "sftp"
_SECRETS: Final = ("password", "key")


def stored(to: Destination) -> dict[str, Any]:
    """What `destination_of` reads, and what manifests spell, without password and key."""
    if isinstance(to, MailTo):
        return {_MAIL: list(to.addresses)}
    values = {"host": to.host, "port": to.port, "user": to.user, "path": to.path}
    return {_SFTP: {**values, "host_key": to.host_key}}


def secret_of(to: Destination) -> str | None:
    """The password or the key, as one text to seal. None: none was given."""
    if isinstance(to, MailTo):
        return None
    given = {name: getattr(to, name) for name in _SECRETS if getattr(to, name) is not None}
    return msgspec.json.encode(given).decode() if given else None


def destination_of(values: Mapping[str, Any], secret: str | None = None) -> Destination:
    """`secret` is an opened one."""
    if _MAIL in values:
        return MailTo(tuple(values[_MAIL]))
    return SftpTo(**values[_SFTP], **({} if secret is None else msgspec.json.decode(secret)))


def recipients_of(to: Destination) -> tuple[str, ...]:
    """What a person searches for: addresses, or a URL without credentials."""
    return to.addresses if isinstance(to, MailTo) else (url_of(to),)


def url_of(to: SftpTo) -> str:
    """Such as `sftp://files.example.org/incoming`; a path below the home of the user has `~`."""
    host = f"[{to.host}]" if ":" in to.host else to.host
    port = "" if to.port == 22 else f":{to.port}"
    path = to.path if to.path.startswith("/") else f"/~/{to.path}"
    return f"sftp://{host}{port}{path}"
