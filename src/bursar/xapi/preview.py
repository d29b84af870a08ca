"""What a store is told of the log, without sending it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Connection
from sqlalchemy.orm import Session

from bursar.events.log import LogPage, read_log
from bursar.xapi.commands import DeclaredConnection
from bursar.xapi.declared import declared_connection
from bursar.xapi.models import Identity, Mode
from bursar.xapi.statements import Statement, statement_of
from bursar.xapi.told import consented, told_of
from bursar.xapi.verbs import VERBS_OF, wanted_verbs

_DEFAULTS: Final = DeclaredConnection("", "", Identity.MBOX, Mode.LIVE, None)


@dataclass(frozen=True, slots=True)
class StatementsPage:
    statements: Sequence[Statement]
    after: int
    """The position of the log from which to go on."""
    has_more: bool


@dataclass(frozen=True, slots=True)
class StatementPreview:
    """What an installation shows of statements."""

    lms_url: str
    info: Mapping[str, Any]
    """What sessions of the database know of the composition."""

    def page(
        self,
        connection: Connection,
        enterprise_uuid: UUID,
        *,
        after: int | None,
        limit: int,
        at: datetime,
    ) -> StatementsPage:
        """The statements of at most `limit` events, as the enterprise's connection asks for them,
        or as one would that declares nothing but where they go. `after` is None for the oldest
        event that is kept. Raises CursorTooOld and CursorAhead."""
        page = read_log(
            connection,
            after=after,
            enterprise_uuid=enterprise_uuid,
            types=VERBS_OF,
            limit=limit,
        )
        with Session(connection, info=dict(self.info)) as session:
            statements = self._statements(session, enterprise_uuid, page, at)
        return StatementsPage(statements, page.after, page.has_more)

    def _statements(
        self, session: Session, enterprise_uuid: UUID, page: LogPage, at: datetime
    ) -> list[Statement]:
        declared = declared_connection(session, enterprise_uuid) or _DEFAULTS
        told = [(row.type, told_of(row, row.data)) for row in page.events if row.data]
        may_be_told = consented(session, [each for _, each in told], at)
        statements = (
            statement_of(each, verb, declared.identity, self.lms_url)
            for event_type, each in told
            if each.uuid in may_be_told
            for verb in wanted_verbs(event_type, declared.verbs)
        )
        return [each for each in statements if each is not None]
