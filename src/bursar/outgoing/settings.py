"""What services need to know of the installation; the composition says it once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy.orm import Session

from bursar.identity.sealing import Seal
from bursar.outgoing.addresses import Permitted


@dataclass(frozen=True, slots=True)
class OutgoingSettings:
    permitted: Permitted
    seal: Callable[[], Seal]
    """Asked for when a secret is written or read, because on SQLite it can make a file."""


KEY: Final = "outgoing.settings"
"""The key in `Session.info` under which the sessions of a database have their OutgoingSettings."""


def settings_of(session: Session) -> OutgoingSettings:
    """Raises RuntimeError in a session that no composition has made."""
    settings = session.info.get(KEY)
    if not isinstance(settings, OutgoingSettings):
        raise RuntimeError("the database was not opened by the composition")
    return settings
