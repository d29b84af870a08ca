"""Where statements about learning go, in manifests, both ways."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.declarations import DeclarationRefused
from bursar.identity.sealing import Seal
from bursar.provisioning.forms import EnterpriseForm
from bursar.provisioning.plan import Plan
from bursar.provisioning.problems import ManifestError, problem
from bursar.xapi.service import (
    DeclaredConnection,
    PutConnection,
    put_connection,
    remove_connection,
)


@dataclass(frozen=True, slots=True)
class XapiRun:
    session: Session
    actor: Actor
    now: datetime
    plan: Plan
    seal: Seal

    def put(self, place: str, enterprise: EnterpriseForm) -> None:
        """Null removes the connection. Raises ManifestError."""
        if "xapi" not in enterprise.model_fields_set:
            return
        name = f"xapi of {enterprise.slug}"
        if enterprise.xapi is None:
            if remove_connection(self.session, self.actor, enterprise.uuid, at=self.now):
                self.plan.note_removed(name)
            return
        command = PutConnection(enterprise_uuid=enterprise.uuid, **enterprise.xapi.given())
        try:
            outcome = put_connection(self.session, self.actor, command, seal=self.seal, at=self.now)
        except DeclarationRefused as refused:
            raise ManifestError(
                [problem(f"{place}.xapi.{path}", why) for path, why in refused.problems]
            ) from refused
        self.plan.note(outcome, name)


def exported_xapi(connection: DeclaredConnection) -> dict[str, Any]:
    """Without the secret: applied again, what is stored stays."""
    return {
        "endpoint": connection.endpoint,
        "key": connection.key,
        "identity": connection.identity.value,
        "mode": connection.mode.value,
        "verbs": None if connection.verbs is None else [each.value for each in connection.verbs],
    }
