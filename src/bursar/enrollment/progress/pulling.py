"""Pulls progress from the LMS: run by run, page by page, each page in a transaction of its own."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from bursar import clock
from bursar.actors import Actor, ActorKind
from bursar.database.engine import Database
from bursar.database.retries import with_retries
from bursar.enrollment.commands import ReportSource
from bursar.enrollment.gateway import LmsUnavailable
from bursar.enrollment.progress import pulled_runs
from bursar.enrollment.progress.lms_reading import (
    ADDRESSES_AT_ONCE,
    FactPage,
    ProgressReader,
    RunRefused,
)
from bursar.enrollment.progress.lms_taking import Taken, take_facts
from bursar.enrollment.progress.pulled_runs import ENROLLMENTS, Pulling
from bursar.learners.appearing import LmsAccount, note_accounts

ACTOR: Final = Actor("task:pull-progress", kind=ActorKind.TASK)
ATTEMPTS: Final = 3

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Pulled:
    """What a pull has brought."""

    runs: int = 0
    refused: int = 0
    accounts: int = 0
    """Learners whose account was not known, or had another name."""
    taken: Taken = field(default_factory=Taken)
    is_busy: bool = False
    """Whether another process pulls."""
    is_away: bool = False
    """Whether the LMS has not answered."""


class Pull:
    """One pull, as long as it may take."""

    def __init__(
        self,
        database: Database,
        reader: ProgressReader,
        every: timedelta,
        *,
        seconds: float | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`every`: how often a run is pulled that brings news. After `seconds`, no further page is
        asked for: the next pull goes on there."""
        self._database = database
        self._reader = reader
        self._every = every
        self._monotonic = monotonic
        self._until = None if seconds is None else monotonic() + seconds
        self.pulled = Pulled()

    def run(self, *, all_runs: bool = False) -> Pulled:
        """Pulls what is due, or all runs. Several processes do not pull at the same time, so that
        the LMS is not asked more often than the settings say."""
        with self._database.transaction() as session:
            now = clock.now()
            if pulled_runs.is_any_leased(session, now):
                self.pulled.is_busy = True
                return self.pulled
            pulled_runs.find_runs(session, now)
            if all_runs:
                pulled_runs.make_all_due(session, now)
        while not self._is_over and (run := self._claim()) is not None:
            self._pull(run)
            if self.pulled.is_away:
                break
        return self.pulled

    @property
    def _is_over(self) -> bool:
        return self._until is not None and self._monotonic() >= self._until

    def _claim(self) -> Pulling | None:
        with self._database.transaction() as session:
            return pulled_runs.claim_run(session, clock.now())

    def _pull(self, run: Pulling) -> None:
        try:
            self._pull_pages(run)
        except RunRefused as refused:
            _log.warning(
                "the LMS gives no progress", courserun_key=run.courserun_key, reason=str(refused)
            )
            self.pulled.refused += 1
            with self._database.transaction() as session:
                pulled_runs.refuse_run(session, run, clock.now(), self._every, str(refused))
        except LmsUnavailable as trouble:
            _log.warning("the pull waits for the LMS", reason=str(trouble))
            self.pulled.is_away = True
            self._release(run)

    def _pull_pages(self, run: Pulling) -> None:
        if run.is_at_beginning:
            self._look_up_accounts(run)
        going_on: Pulling | None = run
        while going_on is not None:
            if self._is_over:
                self._release(run)
                return
            going_on = self._take(going_on, self._read(going_on))
        self.pulled.runs += 1

    def _read(self, run: Pulling) -> FactPage:
        read = self._reader.enrollments if run.stage == ENROLLMENTS else self._reader.grades
        page = read(run.courserun_key, run.cursor)
        if page.cursor is not None and page.cursor == run.cursor:
            raise RunRefused("the LMS names the same page as the next one again and again")
        return page

    def _take(self, run: Pulling, page: FactPage) -> Pulling | None:
        """What is left to pull. The place is kept with what the page brought, so that a worker that
        is killed takes no page in vain."""

        def take() -> tuple[Taken, Pulling | None]:
            now = clock.now()
            with self._database.transaction() as session:
                taken = take_facts(session, ACTOR, page.facts, source=ReportSource.PULL, at=now)
                has_changed = bool(taken.created or taken.changed)
                left = run.after(page.cursor, has_changed=has_changed)
                if left is None:
                    pulled_runs.complete_run(
                        session, run, now, self._every, has_changed=has_changed
                    )
                else:
                    pulled_runs.keep_place(session, left, now)
            return taken, left

        taken, left = with_retries(take, ATTEMPTS)
        self.pulled.taken += taken
        return left

    def _release(self, run: Pulling) -> None:
        with self._database.transaction() as session:
            pulled_runs.release_run(session, run)

    def _look_up_accounts(self, run: Pulling) -> None:
        after = 0
        while not self._is_over:
            with self._database.transaction() as session:
                people = pulled_runs.learners_to_look_up(session, run, after, ADDRESSES_AT_ONCE)
            if not people:
                return
            after = people[-1][0]
            accounts = self._reader.accounts([email for _, _, email in people])
            enterprises = {uuid for _, uuid, _ in people}
            for enterprise_uuid in sorted(enterprises):
                self._note_accounts(enterprise_uuid, accounts)

    def _note_accounts(self, enterprise_uuid: UUID, accounts: list[LmsAccount]) -> None:
        """In a transaction for each enterprise: what waits for the accounts takes locks."""

        def note() -> int:
            with self._database.transaction() as session:
                return note_accounts(session, ACTOR, enterprise_uuid, accounts, at=clock.now())

        self.pulled.accounts += with_retries(note, ATTEMPTS)


def counts_of(pulled: Pulled) -> dict[str, int]:
    """As `bursar run` tells them."""
    return {
        "runs pulled": pulled.runs,
        "accounts found": pulled.accounts,
        "enrollments new": pulled.taken.created,
        "enrollments changed": pulled.taken.changed,
        "people unknown": pulled.taken.unknown_people,
        "enrollments in unknown runs": pulled.taken.unknown_runs,
        "runs refused by the LMS": pulled.refused,
    }
