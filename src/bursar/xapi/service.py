"""The front door: where an enterprise has statements sent, and what they say. What changes
connections expects the caller's transaction. The sending stands in `loop`, because it needs the
HTTP client."""

from bursar.xapi.commands import DeclaredConnection, PutConnection
from bursar.xapi.declared import (
    declared_connection,
    put_connection,
    remove_connection,
    seal_connections_again,
)
from bursar.xapi.models import Identity, Mode
from bursar.xapi.preview import StatementPreview, StatementsPage
from bursar.xapi.queries import find_connection
from bursar.xapi.statements import Statement
from bursar.xapi.verbs import Verb
from bursar.xapi.views import ConnectionView

__all__ = [
    "ConnectionView",
    "DeclaredConnection",
    "Identity",
    "Mode",
    "PutConnection",
    "Statement",
    "StatementPreview",
    "StatementsPage",
    "Verb",
    "declared_connection",
    "find_connection",
    "put_connection",
    "remove_connection",
    "seal_connections_again",
]
