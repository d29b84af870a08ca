"""Whether somebody knows the password of an account, told alike for accounts that are not there."""

from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy.orm import Session

from bursar.accounts.queries import find_account
from bursar.accounts.refusals import TooManyAttempts, WrongCredentials
from bursar.accounts.rules import digest_of
from bursar.database.engine import Database
from bursar.identity.service import (
    FailureLimits,
    burn_time,
    note_failure,
    seconds_to_wait,
    verify_secret,
)

LIMITS: Final = FailureLimits(for_client=10, for_address=30, in_all=120)
"""Failed attempts within a minute: for one account from one address, for one address, and in all.
They are counted together with those for tokens."""


def check_attempts(database: Database, email: str, address: str, at: datetime) -> None:
    """Raises TooManyAttempts."""
    with database.read() as connection:
        seconds = seconds_to_wait(connection, _tried(email), address, now=at, limits=LIMITS)
    if seconds:
        raise TooManyAttempts(seconds)


def note_attempt(session: Session, email: str, address: str, at: datetime) -> None:
    """One that failed."""
    note_failure(session, _tried(email), address, now=at)


def prove_password(
    database: Database, email: str, password: str, address: str, at: datetime
) -> UUID:
    """Whose it is. Raises WrongCredentials and TooManyAttempts."""
    check_attempts(database, email, address, at)
    with database.read() as connection:
        account = find_account(connection, email)
    hashed = None if account is None else account.password_hash
    if hashed is None or account is None:
        burn_time()
    elif verify_secret(hashed, password):
        return UUID(str(account.uuid))
    with database.transaction() as session:
        note_attempt(session, email, address, at)
    raise WrongCredentials


def _tried(email: str) -> str:
    # Who has tried is noted without an address of a person.
    return f"console:{digest_of(email)[:40]}"
