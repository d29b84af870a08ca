"""What commands do about the secret that seals the signing keys: see
docs/how-to/rotate-secrets-and-keys.md."""

from collections.abc import Sequence
from typing import Final, NoReturn

import structlog

from bursar import clock
from bursar.cli.exits import EXIT_INVALID, fail
from bursar.database.engine import Database
from bursar.identity.keys import count_unsealed, load_keys, seal_unsealed
from bursar.identity.sealing import Seal, SealedKey
from bursar.processes.service import Process, running_processes

SAFE_ORDER: Final = (
    "The safe order: 1. put the new secret in front of the old one, separated by a comma, on every "
    "machine (BURSAR_SECRET_KEY=NEW,OLD); 2. start every process again; 3. bursar keys rotate; "
    "4. take the old secret away, and start every process again."
)
_UNSEALED_HINT: Final = (
    "set BURSAR_SECRET_KEY on every machine, start every process again, then: bursar keys rotate"
)

_log = structlog.get_logger(__name__)


def prepare_keys(database: Database, seal: Seal) -> None:
    """Seals what lies unsealed, before web processes start.

    Ends the command if they could not verify any token, or could not issue one. Keys stay unsealed,
    with a warning, while a running process does not hold the secret and could not sign with them.
    """
    with database.transaction() as session:
        keys = load_keys(session.connection(), seal)
        if keys.closed and (not keys.usable or not seal.secrets):
            fail(f"BURSAR_SECRET_KEY: {SealedKey(keys.closed[0])}", EXIT_INVALID)
        if seal.secrets and not count_unsealed(session.connection()):
            return
        others = processes_without(seal, running_processes(session.connection(), at=clock.now()))
        if not seal.secrets or others:
            _log.warning("keys.unsealed", hint=_UNSEALED_HINT, processes=list(map(str, others)))
            return
        seal_unsealed(session, seal)
    _log.info("keys.sealed")


def processes_without(seal: Seal, processes: Sequence[Process]) -> list[Process]:
    """The processes that could not open what the first secret seals; without a secret, none."""
    first = seal.fingerprints[:1]
    return [process for process in processes if not set(first) <= set(process.secrets)]


def refuse_unsafe_rotation(seal: Seal, processes: Sequence[Process]) -> None:
    """Ends the command if running processes could not open the keys that it would store."""
    if not seal.secrets and any(process.secrets for process in processes):
        _refuse("BURSAR_SECRET_KEY is not set here, but running processes have a secret.")
    if others := processes_without(seal, processes):
        names = ", ".join(map(str, others))
        _refuse(
            f"These processes do not hold the first secret of BURSAR_SECRET_KEY: {names}. "
            "A process that was killed is forgotten after a minute."
        )


def _refuse(reason: str) -> NoReturn:
    fail(f"{reason} Nothing was changed. {SAFE_ORDER}", EXIT_INVALID)
