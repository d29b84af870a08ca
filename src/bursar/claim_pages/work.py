"""What claim pages do with the database, each in a transaction of its own."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy.orm import Session

from bursar.actors import Actor
from bursar.claim_pages.forms import Action, Form
from bursar.claims import service
from bursar.claims.tokens import Claim, ClaimKind
from bursar.claims.views import ClaimState, ClaimView
from bursar.claims.waiting import needs_account, wait
from bursar.database.engine import Database
from bursar.database.retries import with_retries
from bursar.enrollment.gateway import LmsAccounts

ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class Taken:
    """What a learner's press on a button came to."""

    view: ClaimView
    run_key: str | None = None
    """The run that was chosen with a license."""
    stays: bool = False
    """Whether the learner stays on the page, having done something else than to enroll."""
    is_waiting: bool = False
    """Whether the learner has to register in the LMS first."""

    @property
    def goes_on_to(self) -> str | None:
        """The run whose course the learner goes on to; None for as long as there is no seat."""
        if self.stays or self.is_waiting:
            return None
        if self.run_key is not None:
            is_enrolled = any(course.key == self.run_key for course in self.view.enrolled)
            return self.run_key if is_enrolled else None
        return self.view.run_key if self.view.state is ClaimState.DONE else None

    @property
    def is_settled(self) -> bool:
        """Whether nothing is left to wait for."""
        is_plain_license = self.view.kind is ClaimKind.LICENSE and self.run_key is None
        return self.stays or self.is_waiting or is_plain_license or self.goes_on_to is not None


@dataclass(frozen=True, slots=True)
class ClaimWork:
    database: Database
    accounts: Callable[[], LmsAccounts] | None = None
    """Who has an account in the LMS; None where Bursar is the LMS itself, which has everybody's."""

    @property
    def has_lms(self) -> bool:
        return self.accounts is not None

    def search(self, claim: Claim, text: str) -> ClaimView:
        with self.database.read() as connection:
            return service.search(connection, claim, text)

    def look_again(self, claim: Claim, taken: Taken) -> Taken:
        with self.database.read() as connection:
            return replace(taken, view=service.look(connection, claim))

    def take(self, actor: Actor, claim: Claim, form: Form) -> Taken:
        """Raises UnknownClaim, ClaimRefused and LmsUnavailable."""
        if self._lacks_account(claim, form):
            return with_retries(lambda: self._wait(actor, claim, form), ATTEMPTS)
        return with_retries(lambda: self._take(actor, claim, form), ATTEMPTS)

    def _lacks_account(self, claim: Claim, form: Form) -> bool:
        """Whether the learner would be enrolled, and the LMS knows nobody with the address. It is
        asked between transactions, and only about those whose account is not known yet."""
        enrolls = claim.kind is not ClaimKind.LICENSE or form.course_key is not None
        if self.accounts is None or form.action is not Action.TAKE or not enrolls:
            return False
        with self.database.read() as connection:
            email = needs_account(connection, claim)
        return email is not None and email not in self.accounts().accounts_among([email])

    def _wait(self, actor: Actor, claim: Claim, form: Form) -> Taken:
        with self.database.transaction() as session:
            view = wait(session, actor, claim, form.course_key or "")
            self._share(session, actor, claim, form, view)
            return Taken(view, form.course_key, is_waiting=True)

    @staticmethod
    def _share(session: Session, actor: Actor, claim: Claim, form: Form, view: ClaimView) -> None:
        if form.shares_progress and view.consents is False:
            service.share_progress(session, actor, claim, is_shared=True)

    def _take(self, actor: Actor, claim: Claim, form: Form) -> Taken:
        with self.database.transaction() as session:
            if form.action is not Action.TAKE:
                is_shared = form.action is Action.SHARE
                service.share_progress(session, actor, claim, is_shared=is_shared)
                return Taken(service.look(session.connection(), claim), stays=True)
            run_key = None
            if form.course_key is not None:
                has_lms, key = self.has_lms, form.course_key
                run_key = service.choose(session, actor, claim, key, has_lms=has_lms)
            view = service.accept(session, actor, claim)
            self._share(session, actor, claim, form, view)
            return Taken(view, run_key)
