"""The secrets that everybody knows: those of the demonstration, and of examples in the docs."""

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Connection

from bursar import clock
from bursar.demo.manifest import demo_manifest
from bursar.identity.service import authenticate, find_credentials

_OF_EXAMPLES: Final = (
    ("acme-integration", "a-long-random-secret"),
    ("acme-integration", "only here, stored hashed"),
)


def clients_with_published_secrets(connection: Connection) -> list[str]:
    """The ids of live clients that somebody who has read our documentation can act as."""
    return sorted(
        {
            client_id
            for client_id, secret in (*_of_demonstration(), *_OF_EXAMPLES)
            # Nobody's secret is verified for a client that is not there: that would take time.
            if (credentials := find_credentials(connection, client_id)) is not None
            and authenticate(credentials, secret)
        }
    )


def _of_demonstration() -> Iterator[tuple[str, str]]:
    for enterprise in demo_manifest(clock.now())["enterprises"]:
        for client in enterprise["clients"]:
            yield client["client_id"], client["client_secret"]
